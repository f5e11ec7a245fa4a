//! The HTML page about a run.

pub mod curves;
