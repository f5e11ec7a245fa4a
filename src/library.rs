//! The standard library: its modules in nd, in the order in which every source map holds them.

use crate::source::SourceMap;

/// A module of the standard library.
pub struct LibraryModule {
    /// The name that it is imported by.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Built-in functions that can be reached through it: the name in the module, and the built-in name. Operations
    /// whose definition names the module are reached besides.
    pub builtins: &'static [(&'static str, &'static str)],
}

/// Longer names of special functions that are operations of the compiler; these name the module themselves.
const SPECIAL: &[(&str, &str)] = &[
    ("log_beta", "lbeta"),
    ("normal_pdf", "normpdf"),
    ("normal_cdf", "normcdf"),
    ("log_normal_cdf", "lognormcdf"),
    ("normal_quantile", "normquantile"),
];

/// Functions of matrices that are operations of the compiler.
const LINEAR_ALGEBRA: &[(&str, &str)] = &[
    ("det", "det"),
    ("logdet", "logdet"),
    ("inv", "inv"),
    ("solve", "solve"),
    ("solve_triangular", "solve_triangular"),
    ("cholesky", "cholesky"),
    ("eigh", "eigh"),
    ("eigvalsh", "eigvalsh"),
    ("trace", "trace"),
    ("dot", "dot"),
];

/// The modules. The first is the prelude, whose functions need no import; a module may use those above it.
pub static LIBRARY: &[LibraryModule] = &[
    LibraryModule { name: "prelude", text: include_str!("std/prelude.nd"), builtins: &[] },
    LibraryModule { name: "special", text: include_str!("std/special.nd"), builtins: SPECIAL },
    LibraryModule {
        name: "random",
        text: include_str!("std/random.nd"),
        builtins: &[
            ("uniform", "random.uniform"),
            ("normal", "random.normal"),
            ("key", "random.key"),
            ("mix", "random.mix"),
        ],
    },
    LibraryModule { name: "linalg", text: include_str!("std/linalg.nd"), builtins: LINEAR_ALGEBRA },
    LibraryModule { name: "losses", text: include_str!("std/losses.nd"), builtins: &[] },
    LibraryModule { name: "nn", text: include_str!("std/nn.nd"), builtins: &[] },
    LibraryModule { name: "dist", text: include_str!("std/dist.nd"), builtins: &[] },
    LibraryModule { name: "ode", text: include_str!("std/ode.nd"), builtins: &[] },
    LibraryModule { name: "optim", text: include_str!("std/optim.nd"), builtins: &[] },
];

/// The place of a module in [`LIBRARY`]; the prelude cannot be named.
pub fn place(name: &str) -> Option<usize> {
    LIBRARY.iter().position(|module| module.name == name).filter(|place| *place > 0)
}

/// The names of the modules that can be imported.
pub fn names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().skip(1).map(|module| module.name)
}

/// A source map that holds the library, so that its texts have the same ids everywhere.
pub fn sources() -> SourceMap {
    let mut sources = SourceMap::default();
    for module in LIBRARY {
        sources.add_library(format!("std/{}.nd", module.name), module.text);
    }
    sources
}
