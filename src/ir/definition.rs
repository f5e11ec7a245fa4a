//! The form of a pointwise operation's one definition. The definitions themselves stand in the `ops` room.

use super::graph::{Graph, NodeId};
use super::types::ElementType;
use crate::runtime::kernel::{Binary, BinaryKernel, Comparison, ComparisonKernel, Unary, UnaryKernel};

/// Everything the compiler knows about one pointwise operation.
///
/// The reference page, the completion list, the evaluator, both modes of differentiation, native code and the
/// generated tests are made from this and nothing else.
pub struct Pointwise {
    /// Its name in printed IR, and in nd where it is a built-in function.
    pub name: &'static str,
    /// One or two sentences for the reference.
    pub documentation: &'static str,
    /// An nd expression and its value, run as a test; empty for operations that nd does not name.
    pub example: (&'static str, &'static str),
    /// Whether nd programs can call it by its name.
    pub builtin: bool,
    /// Of a function that nd does not name, its parameters and body in nd, `(x) = 1 / (1 + x^2)`: how a program that uses
    /// it is written.
    pub definition: &'static str,
    /// Type rule, meaning and kernels.
    pub meaning: Meaning,
    /// The machine instruction that scalar code uses in place of a call.
    pub instruction: Option<Instruction>,
    /// The derivative.
    pub differential: Differential,
    /// Whether it lets one argument through and drops another (`max`, `relu`): behind it, a zero cotangent
    /// stays zero even where a partial derivative is infinite.
    pub routes: bool,
    /// Argument tuples that tests evaluate and differentiate at, hard points included.
    pub probes: &'static [&'static [f64]],
    /// What happens at kinks, infinities and outside the domain.
    pub conventions: &'static str,
}

/// Type rule, meaning and strip kernels of a pointwise operation.
pub enum Meaning {
    /// real → real, and where `integer` is given int → int (`None` from it is an overflow).
    Unary { f64: fn(f64) -> f64, f32: fn(f32) -> f32, integer: Option<fn(i64) -> Option<i64>>, kernel: UnaryKernel },
    /// real, real → real of the same precision, and where `integer` is given int, int → int.
    Binary {
        f64: fn(f64, f64) -> f64,
        f32: fn(f32, f32) -> f32,
        integer: Option<fn(i64, i64) -> Option<i64>>,
        kernel: BinaryKernel,
    },
    /// Two equal element types → bool.
    Comparison {
        f64: fn(f64, f64) -> bool,
        f32: fn(f32, f32) -> bool,
        i64: fn(i64, i64) -> bool,
        kernel: ComparisonKernel,
    },
    /// bool → bool: the opposite.
    Not,
    /// bool, bool → bool.
    Logic(fn(bool, bool) -> bool),
    /// (bool, t, t) → t: the second argument where true, else the third.
    Select,
    /// Any element type → this one: to bool by `!= 0`, to i64 toward zero, saturating, NaN to 0.
    Convert(ElementType),
}

impl Meaning {
    /// The meaning of a real function of one variable.
    pub const fn unary<O: Unary>() -> Self {
        Meaning::Unary { f64: O::f64, f32: O::f32, integer: None, kernel: UnaryKernel::of::<O>() }
    }

    /// The meaning of a function of one variable that integers have too.
    pub const fn unary_with_integer<O: Unary>(integer: fn(i64) -> Option<i64>) -> Self {
        Meaning::Unary { f64: O::f64, f32: O::f32, integer: Some(integer), kernel: UnaryKernel::of::<O>() }
    }

    /// The meaning of a real function of two variables.
    pub const fn binary<O: Binary>() -> Self {
        Meaning::Binary { f64: O::f64, f32: O::f32, integer: None, kernel: BinaryKernel::of::<O>() }
    }

    /// The meaning of a function of two variables that integers have too.
    pub const fn binary_with_integer<O: Binary>(integer: fn(i64, i64) -> Option<i64>) -> Self {
        Meaning::Binary { f64: O::f64, f32: O::f32, integer: Some(integer), kernel: BinaryKernel::of::<O>() }
    }

    /// The meaning of a comparison.
    pub const fn comparison<O: Comparison>() -> Self {
        Meaning::Comparison { f64: O::f64, f32: O::f32, i64: O::i64, kernel: ComparisonKernel::of::<O>() }
    }

    /// How many arguments it takes.
    pub fn arity(&self) -> usize {
        match self {
            Meaning::Unary { .. } | Meaning::Convert(_) | Meaning::Not => 1,
            Meaning::Binary { .. } | Meaning::Comparison { .. } | Meaning::Logic(_) => 2,
            Meaning::Select => 3,
        }
    }
}

/// Scalar machine instructions that code generation may use in place of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// Floating or checked integer addition.
    Add,
    /// Subtraction.
    Subtract,
    /// Multiplication.
    Multiply,
    /// Floating division.
    Divide,
    /// Change of sign.
    Negate,
    /// Absolute value.
    Absolute,
    /// Square root.
    SquareRoot,
    /// Largest integer not above.
    Floor,
    /// Smallest integer not below.
    Ceiling,
    /// Rounding toward zero.
    Truncate,
    /// Greatest of two, NaN propagates.
    Maximum,
    /// Least of two, NaN propagates.
    Minimum,
    /// `==`, false for NaN.
    Equal,
    /// `!=`, true for NaN.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// Logical and.
    And,
    /// Logical or.
    Or,
    /// Logical not.
    Not,
    /// Choice by a condition.
    Select,
    /// Conversion to the node's element type.
    Convert,
    /// The argument itself.
    Identity,
}

/// A partial derivative of a pointwise operation at its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Partial {
    /// Identically zero.
    Zero,
    /// Identically one.
    One,
    /// Identically minus one.
    MinusOne,
    /// This node, of the operation's own type.
    Value(NodeId),
}

/// The differential structure of a pointwise operation; both modes follow from it.
pub enum Differential {
    /// No derivative flows: comparisons, rounding, `stop_gradient`.
    Zero,
    /// The partial derivatives, from the arguments and the result.
    Partials(fn(&mut Graph, &[NodeId], NodeId) -> Vec<Partial>),
    /// That of `select`: the tangent of the chosen argument.
    Select,
    /// That of a conversion between real types.
    Convert,
}

impl std::fmt::Debug for Pointwise {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}
