//! Values and derivatives of whole programs against stored ones of high precision: test functions of optimisation,
//! Bayesian models, the programs of GradBench, and regressions. `tests/data/cases/README.md` tells where they come from.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "derivative_cases/bayesian_models.rs"]
mod bayesian_models;
#[path = "derivative_cases/gradbench.rs"]
mod gradbench;
#[path = "derivative_cases/optimization.rs"]
mod optimization;
#[path = "derivative_cases/program.rs"]
mod program;
#[path = "derivative_cases/regressions.rs"]
mod regressions;
