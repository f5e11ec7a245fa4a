//! The runtime's names of element types and reductions.

use crate::ir::{ElementType, Reduction};
pub use crate::native::element;
use crate::runtime::reduce;

/// The runtime's reduction, where it computes what the graph means: not of integer sums, which must be checked.
pub fn reduction(reduction: Reduction, operand: ElementType) -> Option<reduce::Reduction> {
    match (reduction, operand) {
        (Reduction::Sum | Reduction::Product, ElementType::I64 | ElementType::Bool) => None,
        (Reduction::Max, ElementType::Bool) => Some(reduce::Reduction::Any),
        (Reduction::Min, ElementType::Bool) => Some(reduce::Reduction::All),
        (Reduction::Sum, _) => Some(reduce::Reduction::Sum),
        (Reduction::Product, _) => Some(reduce::Reduction::Product),
        (Reduction::Max, _) => Some(reduce::Reduction::Max),
        (Reduction::Min, _) => Some(reduce::Reduction::Min),
    }
}
