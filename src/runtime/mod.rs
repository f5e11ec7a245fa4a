//! Stub.
pub mod kernel;
