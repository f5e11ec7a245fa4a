//! Text to syntax tree: tokens (logos), the LALRPOP grammar's glue and recovery, the tree and its printer.
//! This room knows spelling only: no built-in function, type rule or shape is named here.

pub mod ast;
