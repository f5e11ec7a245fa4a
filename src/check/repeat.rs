//! Loops in the checked program.

use super::program::{LocalId, Typed};
use super::size::Size;

/// `fold`, `scan` and `while`.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The state before the first step.
    pub initial: Typed,
    /// The state that a step begins with.
    pub state: LocalId,
    /// Which steps there are.
    pub steps: Steps,
    /// What a step gives: the next state; with `stacks`, the next state and an output.
    pub body: Typed,
}

/// The steps of a loop.
#[derive(Clone, Debug)]
pub enum Steps {
    /// One for each row of sequences, which have one leading size.
    Rows { sequences: Typed, row: LocalId, count: Size, stacks: bool },
    /// As long as a condition on the state holds, but no more than this many.
    While { condition: Typed, most: Size },
}
