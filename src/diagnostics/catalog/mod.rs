//! One constructor for every message, grouped by code.

pub mod actions;
pub mod checkpoints;
pub mod columns;
pub mod data;
pub mod derivative;
pub mod draws;
pub mod files;
pub mod functions;
pub mod gradcheck;
pub mod indices;
pub mod loops;
pub mod models;
pub mod names;
pub mod numeric;
pub mod optimizers;
pub mod overrides;
pub mod plots;
pub mod projects;
pub mod records;
pub mod shapes;
pub mod sources;
pub mod subjects;
pub mod syntax;
pub mod tensors;
pub mod trained;
pub mod training;
