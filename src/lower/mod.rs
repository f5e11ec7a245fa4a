//! From checked programs to graphs.

pub mod batch;
