//! The standard library: its modules in nd.

/// A module of the standard library.
pub struct LibraryModule {
    /// The name that it is imported by.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The modules. The first is the prelude, whose functions need no import; a module may use those above it.
pub static LIBRARY: &[LibraryModule] = &[LibraryModule { name: "prelude", text: include_str!("std/prelude.nd") }];
