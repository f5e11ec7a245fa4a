//! Shorthands for declaring operations: the fields that most definitions share, and graph expressions of partials.

use crate::ir::{Accuracy, Differential, Graph, Kink, Known, Meaning, NodeId, Partial, Pointwise};
use crate::runtime::kernel::{Binary, Comparison, Unary};

/// Declares the meanings of functions of one variable, each from one generic function; `light` ones are an instruction or
/// two, of `abreast` ones a few at once cost hardly more than one, and `turning` ones of arguments within the trigonometric
/// limit have another function, without branches.
macro_rules! unary_meanings {
    (turning: $($type:ident = $function:path, $within:path;)*) => {$(
        #[doc = concat!("The meaning `", stringify!($function), "` in both precisions.")]
        pub struct $type;
        impl $crate::runtime::kernel::Unary for $type {
            const LIMIT_F64: f64 = $crate::runtime::math::double::TRIGONOMETRIC_LIMIT;
            const LIMIT_F32: f32 = $crate::runtime::math::single::TRIGONOMETRIC_LIMIT;
            #[inline(always)]
            fn f64(x: f64) -> f64 {
                $function(x)
            }
            #[inline(always)]
            fn f32(x: f32) -> f32 {
                $function(x)
            }
            #[inline(always)]
            fn within_f64(x: f64) -> f64 {
                $within(x)
            }
            #[inline(always)]
            fn within_f32(x: f32) -> f32 {
                $within(x)
            }
        }
    )*};
    (light: $($type:ident = $function:path),* $(,)?) => {
        $($crate::ops::declare::unary_meanings!(one $type = $function, true, false);)*
    };
    (abreast: $($type:ident = $function:path),* $(,)?) => {
        $($crate::ops::declare::unary_meanings!(one $type = $function, false, true);)*
    };
    ($($type:ident = $function:path),* $(,)?) => {
        $($crate::ops::declare::unary_meanings!(one $type = $function, false, false);)*
    };
    (one $type:ident = $function:path, $light:literal, $abreast:literal) => {
        #[doc = concat!("The meaning `", stringify!($function), "` in both precisions.")]
        pub struct $type;
        impl $crate::runtime::kernel::Unary for $type {
            const LIGHT: bool = $light;
            const ABREAST: bool = $abreast;
            #[inline(always)]
            fn f64(x: f64) -> f64 {
                $function(x)
            }
            #[inline(always)]
            fn f32(x: f32) -> f32 {
                $function(x)
            }
        }
    };
}

/// Declares the meanings of functions of two variables, each from one generic function; `light` ones are an instruction
/// or two.
macro_rules! binary_meanings {
    (light: $($type:ident = $function:path),* $(,)?) => {
        $($crate::ops::declare::binary_meanings!(one $type = $function, true);)*
    };
    ($($type:ident = $function:path),* $(,)?) => {
        $($crate::ops::declare::binary_meanings!(one $type = $function, false);)*
    };
    (one $type:ident = $function:path, $light:literal) => {
        #[doc = concat!("The meaning `", stringify!($function), "` in both precisions.")]
        pub struct $type;
        impl $crate::runtime::kernel::Binary for $type {
            const LIGHT: bool = $light;
            #[inline(always)]
            fn f64(a: f64, b: f64) -> f64 {
                $function(a, b)
            }
            #[inline(always)]
            fn f32(a: f32, b: f32) -> f32 {
                $function(a, b)
            }
        }
    };
}

/// Declares the meanings of functions that are computed in f64 and rounded once to f32.
macro_rules! unary_meanings_by_f64 {
    ($($type:ident = $function:path),* $(,)?) => {$(
        #[doc = concat!("The meaning `", stringify!($function), "`; f32 rounds the f64 result.")]
        pub struct $type;
        impl $crate::runtime::kernel::Unary for $type {
            #[inline(always)]
            fn f64(x: f64) -> f64 {
                $function(x)
            }
            #[inline(always)]
            fn f32(x: f32) -> f32 {
                $function(f64::from(x)) as f32
            }
        }
    )*};
}

/// Declares the meanings of functions of two variables that are computed in f64 and rounded once to f32.
macro_rules! binary_meanings_by_f64 {
    ($($type:ident = $function:path),* $(,)?) => {$(
        #[doc = concat!("The meaning `", stringify!($function), "`; f32 rounds the f64 result.")]
        pub struct $type;
        impl $crate::runtime::kernel::Binary for $type {
            #[inline(always)]
            fn f64(a: f64, b: f64) -> f64 {
                $function(a, b)
            }
            #[inline(always)]
            fn f32(a: f32, b: f32) -> f32 {
                $function(f64::from(a), f64::from(b)) as f32
            }
        }
    )*};
}

pub(super) use {binary_meanings, binary_meanings_by_f64, unary_meanings, unary_meanings_by_f64};

/// Points where any total function of one variable is tried.
pub const REALS: &[&[f64]] =
    &[&[0.0], &[-0.0], &[0.3], &[-1.2], &[2.0], &[-4.5], &[1e-9], &[20.0], &[f64::INFINITY], &[f64::NEG_INFINITY]];

/// Points where a function on the positive reals is tried.
pub const POSITIVE: &[&[f64]] = &[&[1e-9], &[0.3], &[1.0], &[2.0], &[11.25], &[1e9]];

/// Points where any total function of two variables is tried.
pub const PAIRS: &[&[f64]] =
    &[&[0.7, 2.3], &[2.3, -1.7], &[-3.0, 0.2], &[-1.2, -0.4], &[0.0, 1.0], &[1.0, 1.0], &[1e-9, 5.0], &[-2.5, 0.0]];

/// The domain of a function that has a value for every number.
pub const EVERYWHERE: &str = "every number";

/// A point without a derivative, and what stands for it there.
pub const fn kink(at: &'static [f64], derivatives: &'static [f64]) -> Kink {
    Kink { at, derivatives }
}

/// A point where value and derivatives are known.
pub const fn known(at: &'static [f64], value: f64, derivatives: &'static [f64]) -> Known {
    Known { at, value, derivatives }
}

const fn of(meaning: Meaning, probes: &'static [&'static [f64]]) -> Pointwise {
    Pointwise {
        name: "",
        documentation: "",
        example: ("", ""),
        builtin: true,
        operator: "",
        module: "",
        definition: "",
        meaning,
        instruction: None,
        differential: Differential::Zero,
        routes: false,
        probes,
        domain: EVERYWHERE,
        kinks: &[],
        ends: &[],
        conventions: "",
        accuracy: Accuracy::units(4.0, 4.0),
        known: &[],
    }
}

/// A definition of a function of one variable, to be completed.
pub const fn unary<O: Unary>() -> Pointwise {
    of(Meaning::unary::<O>(), REALS)
}

/// A definition of a special function of one variable, to be completed.
pub const fn special<O: Unary>() -> Pointwise {
    Pointwise { module: "special", accuracy: Accuracy::units(8.0, 8.0), ..unary::<O>() }
}

/// A definition of a special function of two variables, to be completed.
pub const fn special2<O: Binary>() -> Pointwise {
    Pointwise { module: "special", accuracy: Accuracy::units(8.0, 8.0), ..binary::<O>() }
}

/// A definition of a function of two variables, to be completed.
pub const fn binary<O: Binary>() -> Pointwise {
    of(Meaning::binary::<O>(), PAIRS)
}

/// A definition of a comparison, to be completed.
pub const fn comparison<O: Comparison>() -> Pointwise {
    of(Meaning::comparison::<O>(), PAIRS)
}

/// A definition with any other meaning, to be completed.
pub const fn other(meaning: Meaning) -> Pointwise {
    of(meaning, &[])
}

/// A definition that only partial derivatives use, of one variable.
pub const fn unary_helper<O: Unary>() -> Pointwise {
    Pointwise { builtin: false, ..unary::<O>() }
}

/// A definition that only partial derivatives use, of two variables.
pub const fn binary_helper<O: Binary>() -> Pointwise {
    Pointwise { builtin: false, ..binary::<O>() }
}

/// The partials of a function of one variable.
pub fn only(node: NodeId) -> Vec<Partial> {
    vec![Partial::Value(node)]
}

/// The partials of a function of two variables.
pub fn both(first: NodeId, second: NodeId) -> Vec<Partial> {
    vec![Partial::Value(first), Partial::Value(second)]
}

/// Pointwise expressions, written as they are read.
pub trait Express {
    /// A function of one variable.
    fn apply(&mut self, definition: &'static Pointwise, x: NodeId) -> NodeId;
    /// A function of two variables.
    fn apply2(&mut self, definition: &'static Pointwise, a: NodeId, b: NodeId) -> NodeId;
    /// `a + b`
    fn add(&mut self, a: NodeId, b: NodeId) -> NodeId;
    /// `a - b`
    fn subtract(&mut self, a: NodeId, b: NodeId) -> NodeId;
    /// `a * b`
    fn multiply(&mut self, a: NodeId, b: NodeId) -> NodeId;
    /// `a / b`
    fn divide(&mut self, a: NodeId, b: NodeId) -> NodeId;
    /// `-a`
    fn negate(&mut self, a: NodeId) -> NodeId;
    /// `a * constant`
    fn scale(&mut self, a: NodeId, constant: f64) -> NodeId;
    /// `a + constant`
    fn offset(&mut self, a: NodeId, constant: f64) -> NodeId;
    /// The second where the condition holds, else the third.
    fn select(&mut self, condition: NodeId, yes: NodeId, no: NodeId) -> NodeId;
}

impl Express for Graph {
    fn apply(&mut self, definition: &'static Pointwise, x: NodeId) -> NodeId {
        self.pointwise(definition, &[x])
    }
    fn apply2(&mut self, definition: &'static Pointwise, a: NodeId, b: NodeId) -> NodeId {
        self.pointwise(definition, &[a, b])
    }
    fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.pointwise(&super::arithmetic::ADD, &[a, b])
    }
    fn subtract(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.pointwise(&super::arithmetic::SUBTRACT, &[a, b])
    }
    fn multiply(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.pointwise(&super::arithmetic::MULTIPLY, &[a, b])
    }
    fn divide(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.pointwise(&super::arithmetic::DIVIDE, &[a, b])
    }
    fn negate(&mut self, a: NodeId) -> NodeId {
        self.pointwise(&super::arithmetic::NEGATE, &[a])
    }
    fn scale(&mut self, a: NodeId, constant: f64) -> NodeId {
        let constant = self.constant_like(a, constant);
        self.multiply(a, constant)
    }
    fn offset(&mut self, a: NodeId, constant: f64) -> NodeId {
        let constant = self.constant_like(a, constant);
        self.add(a, constant)
    }
    fn select(&mut self, condition: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        self.pointwise(&super::choice::SELECT, &[condition, yes, no])
    }
}
