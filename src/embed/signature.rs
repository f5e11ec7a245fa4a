//! What a compiled function takes and gives.

use crate::ir::{ElementType, TensorType};
use crate::runtime::Element;
use std::fmt;

/// A tensor that a function takes or gives, or holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    name: String,
    ty: TensorType,
}

impl Port {
    pub(super) fn new(name: impl Into<String>, ty: TensorType) -> Self {
        Port { name: name.into(), ty }
    }

    /// Its name: that of an argument or parameter (`x`, `state.v`, `net.0.W`), or of a result (`value`, `gradient.x`).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its elements.
    pub fn element(&self) -> Element {
        match self.ty.element {
            ElementType::F32 => Element::F32,
            ElementType::F64 => Element::F64,
            ElementType::I64 => Element::I64,
            ElementType::Bool => Element::Bool,
        }
    }

    /// Its shape; empty for a number.
    pub fn shape(&self) -> &[usize] {
        self.ty.shape.sizes()
    }

    /// The number of its elements.
    pub fn count(&self) -> usize {
        self.ty.shape.count()
    }

    pub(super) fn ty(&self) -> &TensorType {
        &self.ty
    }
}

impl fmt::Display for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, type_text(&self.ty))
    }
}

/// `f64[100, 3]`, and `f64` of a number.
pub(crate) fn type_text(ty: &TensorType) -> String {
    described(ty.element.name(), ty.shape.sizes())
}

pub(super) fn described(element: &str, sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    if sizes.is_empty() { element.to_string() } else { format!("{element}[{}]", sizes.join(", ")) }
}

/// The most held inputs that are written out.
const MOST_SHOWN: usize = 6;

/// What a compiled function takes and gives. As text:
/// `loss(x: f64[100, 3], w: f64[3]) -> (value: f64, gradient.w: f64[3])`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub(super) name: String,
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    pub(super) held: Vec<Port>,
}

impl Signature {
    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What calls bring, in order.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// What calls get, in order.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// What stays as it was when the function was compiled.
    pub fn held(&self) -> &[Port] {
        &self.held
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |ports: &[Port]| ports.iter().map(Port::to_string).collect::<Vec<_>>().join(", ");
        write!(out, "{}({}) -> ({})", self.name, list(&self.inputs), list(&self.outputs))?;
        match self.held.len() {
            0 => Ok(()),
            1..=MOST_SHOWN => write!(out, ", holding {}", list(&self.held)),
            many => write!(out, ", holding {} and {} more", list(&self.held[..MOST_SHOWN]), many - MOST_SHOWN),
        }
    }
}
