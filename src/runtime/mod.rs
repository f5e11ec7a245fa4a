//! Stub.
#![allow(unsafe_code, reason = "runs on raw pointers")]
pub mod kernel;
pub mod support_fold;
pub mod support_move;
pub mod support_rows;
