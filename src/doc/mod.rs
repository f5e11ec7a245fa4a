//! Reference pages: of a file from its `///` comments, of the standard library, and of what is built in.
//!
//! `page` collects what a text defines, `builtins` what the compiler's tables define, `conventions` what operations give at
//! their hard points, `rules` what the optimiser does, `training` what `train` knows
//! beside functions; `markdown` and `html` write pages.

mod builtins;
pub mod conventions;
mod html;
mod markdown;
mod page;
mod rules;
mod training;

pub use builtins::{BUILTINS_PAGE, builtin_page};
pub use conventions::{CONVENTIONS_PAGE, conventions_page};
pub use html::{html, index};
pub use markdown::markdown;
pub use page::page;
pub use rules::{RULES_PAGE, rules_page};

use crate::library::LIBRARY;

/// The reference of one file or module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file.
    pub name: String,
    /// What stands at its head.
    pub title: String,
    /// What the file says of itself at its start, in Markdown.
    pub introduction: String,
    /// Its definitions by kind.
    pub sections: Vec<Section>,
}

/// The names of the library's pages.
pub fn library_page_names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().map(|module| module.name).chain([BUILTINS_PAGE, CONVENTIONS_PAGE, RULES_PAGE])
}

/// Definitions of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The kind.
    pub title: &'static str,
    /// The definitions in the order of the file.
    pub entries: Vec<Entry>,
}

/// One definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// How it is written, without its body.
    pub signature: String,
    /// Its documentation, in Markdown.
    pub documentation: String,
}

/// The pages of the standard library, module by module, of what is built in, of its conventions, and of what the optimiser does.
pub fn library_pages() -> Vec<Page> {
    let modules = LIBRARY.iter().filter_map(|module| {
        let mut page = page(module.name, module.text).ok()?;
        page.sections.extend(training::beside(module.name));
        Some(page)
    });
    modules.chain([builtin_page(), conventions_page(), rules_page()]).collect()
}
