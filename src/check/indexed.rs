//! Index notation in the checked program.

use super::program::{LocalId, Typed};
use super::size::Size;

/// An index: the whole numbers from `start`, `count` of them.
#[derive(Clone, Debug)]
pub struct Index {
    /// The variable that holds it.
    pub local: LocalId,
    /// Its first value.
    pub start: Size,
    /// How many values it takes.
    pub count: Size,
}

/// `[body for …]`.
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// One entry per axis of the result: several indices make one axis, the last running fastest.
    pub axes: Vec<Vec<Index>>,
    /// An element.
    pub body: Typed,
}

/// `sum(body for … if filter)` and its relatives.
#[derive(Clone, Debug)]
pub struct IndexedReduction {
    /// How elements are folded.
    pub reducer: Reducer,
    /// The indices in order, the last running fastest.
    pub indices: Vec<Index>,
    /// Which elements count.
    pub filter: Option<Typed>,
    /// An element.
    pub body: Typed,
}

/// How the elements of a reduction over indices are folded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reducer {
    /// The sum, from 0.
    Sum,
    /// The product, from 1.
    Product,
    /// The greatest, from -inf.
    Max,
    /// The least, from inf.
    Min,
    /// The sum by the number of elements that count.
    Mean,
    /// Whether any element is true.
    Any,
    /// Whether all elements are true.
    All,
    /// How many elements are true.
    Count,
    /// The indices of the first greatest element.
    ArgMax,
    /// The indices of the first least element.
    ArgMin,
    /// The logarithm of the sum of exponentials, from -inf.
    LogSumExp,
}

/// The reducers by name.
pub const REDUCERS: &[(&str, Reducer)] = &[
    ("sum", Reducer::Sum),
    ("prod", Reducer::Product),
    ("max", Reducer::Max),
    ("min", Reducer::Min),
    ("mean", Reducer::Mean),
    ("any", Reducer::Any),
    ("all", Reducer::All),
    ("argmax", Reducer::ArgMax),
    ("argmin", Reducer::ArgMin),
    ("logsumexp", Reducer::LogSumExp),
    ("count", Reducer::Count),
];
