//! Text to syntax tree: tokens (logos), the LALRPOP grammar's glue and recovery, the tree and its printer.
//! This room knows spelling only: no built-in function, type rule or shape is named here.
//!
//! A text passes `token` (raw tokens), `reader` (comments aside, contextual words, slips mended), `brackets`
//! (balanced whatever was written), the generated grammar, whose actions call `builder`, and `failure`, which words
//! the errors.

pub mod ast;
mod brackets;
mod builder;
mod failure;
pub mod format;
pub mod parser;
pub mod print;
mod reader;
pub mod token;

pub use parser::parse;
pub use token::tokens;
