//! Graphs as nd text: functions whose bodies say what the nodes do, as a person would write them.
//!
//! A node is written in one of two ways. As a *whole*, by names, operators and built-in functions that take whole
//! tensors. Or *element by element*: at given positions, which are affine in the indices of a comprehension or reducer,
//! so that broadcasts, transposes, slices and their like are subscripts only. The plan (`plan`) says which nodes get
//! a name of their own by a `let`; all others are written where they are used.
//!
//! Sizes are numbers. What nd cannot say is refused ([`Refusal`]), never left out.

mod constants;
mod elements;
mod function;
mod loops;
mod matrices;
mod names;
mod plan;
mod pointwise;
mod position;
mod replaced;
mod scatter;
mod text;
mod whole;
mod writer;

pub use constants::literal;
pub use function::{Definition, Layout, Note, Parameter, type_text};
pub use writer::{Refusal, Writer};
