//! Element types, shapes and tensor types of the IR. Every size is known.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;

/// The largest number of axes of a tensor in the IR; the checker reports programs that need more.
pub const MAX_RANK: usize = 15;

/// What a tensor is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum ElementType {
    /// 32-bit IEEE 754.
    F32,
    /// 64-bit IEEE 754.
    F64,
    /// 64-bit signed integer.
    I64,
    /// Truth value, stored as one byte, 0 or 1.
    Bool,
}

impl ElementType {
    /// Size in bytes.
    pub fn bytes(self) -> usize {
        match self {
            ElementType::F32 => 4,
            ElementType::F64 | ElementType::I64 => 8,
            ElementType::Bool => 1,
        }
    }

    /// Whether it carries a gradient.
    pub fn is_real(self) -> bool {
        matches!(self, ElementType::F32 | ElementType::F64)
    }

    /// The word of a number, rounded to this type; integers toward zero, truth by `!= 0`.
    pub fn word(self, value: f64) -> u64 {
        match self {
            ElementType::F64 => value.to_bits(),
            ElementType::F32 => u64::from((value as f32).to_bits()),
            ElementType::I64 => (value as i64) as u64,
            ElementType::Bool => u64::from(value != 0.0),
        }
    }

    /// The number of a word; the inverse of [`ElementType::word`] where that is exact.
    pub fn number(self, word: u64) -> f64 {
        match self {
            ElementType::F64 => f64::from_bits(word),
            ElementType::F32 => f64::from(f32::from_bits(word as u32)),
            ElementType::I64 => word as i64 as f64,
            ElementType::Bool => word as f64,
        }
    }

    /// Its name in printed IR.
    pub fn name(self) -> &'static str {
        match self {
            ElementType::F32 => "f32",
            ElementType::F64 => "f64",
            ElementType::I64 => "i64",
            ElementType::Bool => "bool",
        }
    }
}

/// The sizes of a tensor, outermost axis first; row-major. Rank 0 is a scalar.
#[derive(PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<usize>", into = "Vec<usize>")]
pub struct Shape(SmallVec<[usize; 4]>);

/// Written out, since the derived one copies the sizes one by one.
impl Clone for Shape {
    fn clone(&self) -> Self {
        Shape(SmallVec::from_slice(&self.0))
    }
}

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Self {
        Shape::default()
    }

    /// A shape of these sizes.
    pub fn new(sizes: &[usize]) -> Self {
        Shape(SmallVec::from_slice(sizes))
    }

    /// The sizes.
    pub fn sizes(&self) -> &[usize] {
        &self.0
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements. Programs whose tensors overflow `usize` are refused before a graph is built.
    pub fn count(&self) -> usize {
        self.0.iter().product()
    }

    /// Row-major strides in elements.
    pub fn strides(&self) -> SmallVec<[usize; 4]> {
        let mut strides: SmallVec<[usize; 4]> = SmallVec::from_elem(1, self.rank());
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis];
        }
        strides
    }

    /// The sizes with one more axis in front.
    pub fn with_leading(&self, size: usize) -> Self {
        let mut sizes: SmallVec<[usize; 4]> = SmallVec::with_capacity(self.rank() + 1);
        sizes.push(size);
        sizes.extend_from_slice(&self.0);
        Shape(sizes)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(sizes: Vec<usize>) -> Self {
        Shape(SmallVec::from_vec(sizes))
    }
}

impl From<Shape> for Vec<usize> {
    fn from(shape: Shape) -> Self {
        shape.0.into_vec()
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Self {
        Shape(sizes.into_iter().collect())
    }
}

impl std::ops::Index<usize> for Shape {
    type Output = usize;
    fn index(&self, axis: usize) -> &usize {
        &self.0[axis]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[")?;
        for (axis, size) in self.0.iter().enumerate() {
            write!(out, "{}{size}", if axis == 0 { "" } else { ", " })?;
        }
        out.write_str("]")
    }
}

/// The type of a node: what it is made of and how large it is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TensorType {
    /// Element type.
    pub element: ElementType,
    /// Sizes.
    pub shape: Shape,
}

impl TensorType {
    /// A tensor type.
    pub fn new(element: ElementType, shape: Shape) -> Self {
        TensorType { element, shape }
    }

    /// A scalar type.
    pub fn scalar(element: ElementType) -> Self {
        TensorType { element, shape: Shape::scalar() }
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.element.bytes() * self.shape.count()
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.element.name())?;
        if self.shape.rank() > 0 { write!(out, "{}", self.shape) } else { Ok(()) }
    }
}

/// A short list of axes; a `Copy` payload of operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Axes {
    length: u8,
    axes: [u8; MAX_RANK],
}

impl Axes {
    /// The axes of a list, in its order.
    pub fn new(list: impl IntoIterator<Item = usize>) -> Self {
        let mut axes = Axes::default();
        for axis in list {
            axes.axes[axes.length as usize] = axis as u8;
            axes.length += 1;
        }
        axes
    }

    /// The axes in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + '_ {
        self.axes[..self.length as usize].iter().map(|axis| *axis as usize)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether an axis is in the list.
    pub fn contains(&self, axis: usize) -> bool {
        self.iter().any(|each| each == axis)
    }

    /// The place of an axis in the list.
    pub fn position(&self, axis: usize) -> Option<usize> {
        self.iter().position(|each| each == axis)
    }

    /// The axis at a place of the list.
    pub fn get(&self, place: usize) -> usize {
        self.axes[..self.length as usize][place] as usize
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|axis| axis.to_string()).collect();
        write!(out, "({})", names.join(", "))
    }
}
