//! The standard library: its modules in nd, in the order in which every source map holds them.

use crate::source::SourceMap;

/// The name and text of each module. The first is the prelude, whose functions need no import.
pub static LIBRARY: &[(&str, &str)] =
    &[("prelude", include_str!("std/prelude.nd")), ("random", include_str!("std/random.nd"))];

/// The place of a module in [`LIBRARY`]; the prelude cannot be named.
pub fn place(name: &str) -> Option<usize> {
    LIBRARY.iter().position(|(each, _)| *each == name).filter(|place| *place > 0)
}

/// The names of the modules that can be imported.
pub fn names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().skip(1).map(|(name, _)| *name)
}

/// A source map that holds the library, so that its texts have the same ids everywhere.
pub fn sources() -> SourceMap {
    let mut sources = SourceMap::default();
    for (name, text) in LIBRARY {
        sources.add_library(format!("std/{name}.nd"), *text);
    }
    sources
}
