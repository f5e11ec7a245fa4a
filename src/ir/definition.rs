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
    /// How nd writes it where that is not a call: `a + b`.
    pub operator: &'static str,
    /// The module of the standard library that names it too.
    pub module: &'static str,
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
    /// Where the value is a number, as a condition on `x`, or on `a` and `b`.
    pub domain: &'static str,
    /// Points without a derivative, and what stands for it there.
    pub kinks: &'static [Kink],
    /// Further points for the table of conventions, such as the ends of the domain.
    pub ends: &'static [&'static [f64]],
    /// What happens at kinks, infinities and outside the domain, where the numbers do not say it.
    pub conventions: &'static str,
    /// How exact values and derivatives are.
    pub accuracy: Accuracy,
    /// Values and derivatives that are known to more digits than any result has.
    pub known: &'static [Known],
}

/// A point where a function has no derivative, and the numbers that stand for its derivatives.
#[derive(Clone, Copy, Debug)]
pub struct Kink {
    /// The arguments.
    pub at: &'static [f64],
    /// The derivative by each of them.
    pub derivatives: &'static [f64],
}

/// A point where value and derivatives are known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The arguments.
    pub at: &'static [f64],
    /// The nearest number to the value there.
    pub value: f64,
    /// The nearest numbers to the derivatives.
    pub derivatives: &'static [f64],
}

/// How far results may lie from the exact ones, in units in the last place of those, in double precision.
#[derive(Clone, Copy, Debug)]
pub struct Accuracy {
    /// The value.
    pub value: f64,
    /// The derivatives.
    pub derivative: f64,
    /// Exact numbers below this count as if they were so large. Where waves cross zero the error is relative to their
    /// height, and in differences of functions to the size of their terms.
    pub least: f64,
}

impl Accuracy {
    /// So many units for value and derivatives.
    pub const fn units(value: f64, derivative: f64) -> Self {
        Accuracy { value, derivative, least: 0.0 }
    }

    /// The same with numbers below `least` counted as if they were so large.
    pub const fn above(self, least: f64) -> Self {
        Accuracy { least, ..self }
    }
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

/// Scalar machine instructions, or a few of them, that code generation may use in place of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// Floating or checked integer addition.
    Add,
    /// Subtraction.
    Subtract,
    /// Subtraction, but 0 where both are equal.
    Excess,
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
    /// One divided by the argument.
    Reciprocal,
    /// The argument times itself.
    Square,
    /// 1 for positive numbers, else 0.
    Step,
    /// Positive numbers and NaN, else 0.
    PositivePart,
    /// 1, -1, or the argument where it is neither positive nor negative.
    Sign,
    /// 1 where the first is greater, a half where both are equal, else 0.
    GreaterShare,
    /// The product, but 0 where the first is 0.
    MaskedMultiply,
    /// The product, but 0 where one is 0.
    RoutedMultiply,
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
