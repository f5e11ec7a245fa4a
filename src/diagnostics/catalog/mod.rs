//! One constructor for every message, grouped by code.

pub mod actions;
pub mod data;
pub mod derivative;
pub mod files;
pub mod models;
pub mod names;
pub mod numeric;
pub mod shapes;
pub mod syntax;
