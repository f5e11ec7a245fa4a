//! The types of nd as the checker sees them, with symbolic sizes.

use super::size::Size;
use crate::ir;
use std::fmt;

/// What a tensor is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Element {
    /// The file's precision.
    Real,
    /// 64-bit integer.
    Int,
    /// Truth value.
    Bool,
    /// A whole number written without a point: a real, unless its context demands an `int`.
    Flexible,
}

impl Element {
    /// Whether arithmetic applies.
    pub fn is_number(self) -> bool {
        self != Element::Bool
    }

    /// The element type in the IR, given the file's precision; a flexible number that was not demanded as an `int` is
    /// a real.
    pub fn lowered(self, precision: ir::ElementType) -> ir::ElementType {
        match self {
            Element::Real | Element::Flexible => precision,
            Element::Int => ir::ElementType::I64,
            Element::Bool => ir::ElementType::Bool,
        }
    }
}

/// Identifies a function value; see [`super::program::Closure`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClosureId(pub u32);

/// A type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A tensor; a scalar where there are no sizes.
    Tensor(Element, Vec<Size>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// A function, known when compiling.
    Function(ClosureId),
    /// A text.
    Text,
    /// `zeros()` and its like: a number that fills whatever shape is annotated.
    Fill,
    /// An error has been reported; fits everything.
    Error,
}

impl Type {
    /// A scalar.
    pub fn scalar(element: Element) -> Self {
        Type::Tensor(element, Vec::new())
    }

    /// `real`.
    pub fn real() -> Self {
        Type::scalar(Element::Real)
    }

    /// `int`.
    pub fn int() -> Self {
        Type::scalar(Element::Int)
    }

    /// `bool`.
    pub fn bool() -> Self {
        Type::scalar(Element::Bool)
    }

    /// Whether it is a scalar of any element.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Type::Tensor(_, sizes) if sizes.is_empty())
    }

    /// The number of tensors and functions in it, through all parts of tuples.
    pub fn leaves(&self) -> usize {
        match self {
            Type::Tuple(parts) => parts.iter().map(Type::leaves).sum(),
            _ => 1,
        }
    }

    /// The element of a tensor.
    pub fn element(&self) -> Option<Element> {
        match self {
            Type::Tensor(element, _) => Some(*element),
            _ => None,
        }
    }

    /// The sizes of a tensor.
    pub fn sizes(&self) -> &[Size] {
        match self {
            Type::Tensor(_, sizes) => sizes,
            _ => &[],
        }
    }

    /// The same shape with another element.
    pub fn with_element(&self, element: Element) -> Type {
        Type::Tensor(element, self.sizes().to_vec())
    }

    /// The type after flexible numbers have become reals.
    pub fn settled(&self) -> Type {
        match self {
            Type::Tensor(Element::Flexible, sizes) => Type::Tensor(Element::Real, sizes.clone()),
            Type::Tuple(parts) => Type::Tuple(parts.iter().map(Type::settled).collect()),
            other => other.clone(),
        }
    }

    /// Whether a gradient with respect to it has any entry.
    pub fn has_real_leaf(&self) -> bool {
        match self {
            Type::Tensor(element, _) => matches!(element, Element::Real | Element::Flexible),
            Type::Tuple(parts) => parts.iter().any(Type::has_real_leaf),
            _ => false,
        }
    }

    /// Whether it contains the mark of a reported error.
    pub fn is_error(&self) -> bool {
        match self {
            Type::Error => true,
            Type::Tuple(parts) => parts.iter().any(Type::is_error),
            _ => false,
        }
    }

    /// The shape with every size known; `None` while a variable is left.
    pub fn known_shape(&self) -> Option<ir::Shape> {
        self.sizes().iter().map(Size::count).collect()
    }
}

/// `[3, n]`.
pub fn shape_text(sizes: &[Size]) -> String {
    let sizes: Vec<String> = sizes.iter().map(Size::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Tensor(element, sizes) => {
                let name = match element {
                    Element::Real | Element::Flexible if sizes.is_empty() => "real",
                    Element::Real | Element::Flexible => "",
                    Element::Int => "int",
                    Element::Bool => "bool",
                };
                out.write_str(name)?;
                if sizes.is_empty() { Ok(()) } else { out.write_str(&shape_text(sizes)) }
            }
            Type::Tuple(parts) => {
                let texts: Vec<String> = parts.iter().map(Type::to_string).collect();
                write!(out, "({}{})", texts.join(", "), if parts.len() == 1 { "," } else { "" })
            }
            Type::Function(_) => out.write_str("a function"),
            Type::Text => out.write_str("a text"),
            Type::Fill => out.write_str("a fill without a shape"),
            Type::Error => out.write_str("?"),
        }
    }
}
