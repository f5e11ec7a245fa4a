//! What a function body is checked with.

use super::LocalFunction;
use super::annotations::SizeBindings;
use super::size::Size;
use super::types::{ModelId, Type};

/// A function body and what its names are bound to.
pub(super) struct Body<'a, 'b> {
    pub function: LocalFunction<'a>,
    pub captures: &'b [(String, Type)],
    pub bound: SizeBindings,
    pub lifted: bool,
    pub name: &'b str,
    /// The layer use whose `call` it is; its record comes before the arguments.
    pub model: Option<ModelId>,
    /// The layer use whose running means it keeps.
    pub owner: Option<ModelId>,
}

/// What a function value has taken from its surroundings.
#[derive(Clone, Copy, Default)]
pub(super) struct Captured<'b> {
    pub names: &'b [(String, Type)],
    pub sizes: &'b [(String, Size)],
    pub model: Option<ModelId>,
}
