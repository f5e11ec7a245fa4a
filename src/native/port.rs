//! What a program takes and gives.

use crate::ir::{ElementType, TensorType};
use crate::runtime::Element;

/// An input or output of a program.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TensorType,
    /// Of an output: the input that it replaces in place.
    pub updates: Option<u32>,
}

/// The runtime's name of an element type.
pub fn element(element: ElementType) -> Element {
    match element {
        ElementType::F32 => Element::F32,
        ElementType::F64 => Element::F64,
        ElementType::I64 => Element::I64,
        ElementType::Bool => Element::Bool,
    }
}
