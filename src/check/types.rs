//! The types of nd as the checker sees them, with symbolic sizes.

use super::size::Size;
use crate::ir;
use std::fmt;
use std::sync::Arc;

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

/// Identifies a model of the file; see [`super::program::Closure`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ModelId(pub u32);

/// What distinguishes a record from a tuple of the same parts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fields {
    /// The names of the fields, as many as there are parts.
    pub names: Arc<[String]>,
    /// The model whose parameters the record holds; such a record can be called.
    pub model: Option<ModelId>,
}

impl Fields {
    /// The fields of a plain record.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Fields { names: names.into_iter().collect(), model: None }
    }

    /// The place of a field.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|each| each == name)
    }
}

/// A type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A tensor; a scalar where there are no sizes.
    Tensor(Element, Vec<Size>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// A record: a tuple with names.
    Record(Fields, Vec<Type>),
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
            Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().map(Type::leaves).sum(),
            _ => 1,
        }
    }

    /// The types of the parts of a tuple or record.
    pub fn parts(&self) -> Option<&[Type]> {
        match self {
            Type::Tuple(parts) | Type::Record(_, parts) => Some(parts),
            _ => None,
        }
    }

    /// A tuple or a record like this one with other types of its parts.
    #[must_use]
    pub fn with_parts(&self, parts: Vec<Type>) -> Type {
        match self {
            Type::Record(fields, _) => Type::Record(fields.clone(), parts),
            _ => Type::Tuple(parts),
        }
    }

    /// The model whose parameters it holds.
    pub fn model(&self) -> Option<ModelId> {
        match self {
            Type::Record(fields, _) => fields.model,
            _ => None,
        }
    }

    /// The same record as the parameters of a model, or of none.
    #[must_use]
    pub fn with_model(&self, model: Option<ModelId>) -> Type {
        match self {
            Type::Record(fields, parts) => Type::Record(Fields { model, ..fields.clone() }, parts.clone()),
            other => other.clone(),
        }
    }

    /// The model that both are.
    pub fn common_model(&self, other: &Type) -> Option<ModelId> {
        self.model().filter(|model| other.model() == Some(*model))
    }

    /// The model that a sum of both is: a change of parameters is none itself.
    pub fn combined_model(&self, other: &Type) -> Option<ModelId> {
        match (self.model(), other.model()) {
            (Some(left), Some(right)) if left != right => None,
            (left, right) => left.or(right),
        }
    }

    /// Whether values of both have their parts in the same places: two tuples of one length, or two records with equal
    /// names in the same order.
    pub fn same_structure(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Tuple(left), Type::Tuple(right)) => left.len() == right.len(),
            (Type::Record(left, _), Type::Record(right, _)) => left.names == right.names,
            _ => false,
        }
    }

    /// For each part, the place of the part that goes with it in another tuple of as many parts, or in another record
    /// with the same names in any order.
    pub fn order_in(&self, other: &Type) -> Option<Vec<usize>> {
        match (self, other) {
            (Type::Record(left, parts), Type::Record(right, others)) if parts.len() == others.len() => {
                if left.names == right.names {
                    return Some((0..parts.len()).collect());
                }
                left.names.iter().map(|name| right.place(name)).collect()
            }
            _ => self.same_structure(other).then(|| (0..self.parts().map_or(0, <[Type]>::len)).collect()),
        }
    }

    /// Whether a function is in it.
    pub fn has_function(&self) -> bool {
        match self {
            Type::Function(_) => true,
            Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().any(Type::has_function),
            _ => false,
        }
    }

    /// Whether a fill without a shape is in it.
    pub fn has_fill(&self) -> bool {
        match self {
            Type::Fill => true,
            Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().any(Type::has_fill),
            _ => false,
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
            Type::Tuple(parts) | Type::Record(_, parts) => self.with_parts(parts.iter().map(Type::settled).collect()),
            other => other.clone(),
        }
    }

    /// Whether a gradient with respect to it has any entry.
    pub fn has_real_leaf(&self) -> bool {
        match self {
            Type::Tensor(element, _) => matches!(element, Element::Real | Element::Flexible),
            Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().any(Type::has_real_leaf),
            _ => false,
        }
    }

    /// Whether it contains the mark of a reported error.
    pub fn is_error(&self) -> bool {
        match self {
            Type::Error => true,
            Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().any(Type::is_error),
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
            Type::Record(fields, parts) => {
                let fields = fields.names.iter().zip(parts);
                let texts: Vec<String> = fields.map(|(name, part)| format!("{name}: {part}")).collect();
                write!(out, "({})", texts.join(", "))
            }
            Type::Function(_) => out.write_str("a function"),
            Type::Text => out.write_str("a text"),
            Type::Fill => out.write_str("a fill without a shape"),
            Type::Error => out.write_str("?"),
        }
    }
}
