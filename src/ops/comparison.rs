//! Comparisons and logic. Truth values carry no derivative.

use super::declare::*;
use crate::ir::{Instruction, Meaning, Pointwise};

macro_rules! comparisons {
    ($($type:ident $operator:tt),* $(,)?) => {$(
        #[doc = concat!("The meaning of `", stringify!($operator), "`.")]
        pub struct $type;
        impl crate::runtime::kernel::Comparison for $type {
            #[inline(always)]
            fn f64(a: f64, b: f64) -> bool {
                a $operator b
            }
            #[inline(always)]
            fn f32(a: f32, b: f32) -> bool {
                a $operator b
            }
            #[inline(always)]
            fn i64(a: i64, b: i64) -> bool {
                a $operator b
            }
        }
    )*};
}

comparisons!(Equal ==, NotEqual !=, Less <, LessEqual <=, Greater >, GreaterEqual >=);

const ORDER: &str = "False when an argument is NaN.";

macro_rules! comparison_definitions {
    ($($constant:ident $type:ident $name:literal $documentation:literal $conventions:expr;)*) => {$(
        #[doc = $documentation]
        pub static $constant: Pointwise = Pointwise {
            name: $name,
            documentation: $documentation,
            builtin: false,
            instruction: Some(Instruction::$type),
            conventions: $conventions,
            ..comparison::<$type>()
        };
    )*};
}

comparison_definitions! {
    EQUAL Equal "equal" "Whether both are equal, written `a == b`." ORDER;
    NOT_EQUAL NotEqual "not_equal" "Whether they differ, written `a != b`." "True when an argument is NaN.";
    LESS Less "less" "Whether the first is less, written `a < b`." ORDER;
    LESS_EQUAL LessEqual "less_equal" "Whether the first is not greater, written `a <= b`." ORDER;
    GREATER Greater "greater" "Whether the first is greater, written `a > b`." ORDER;
    GREATER_EQUAL GreaterEqual "greater_equal" "Whether the first is not less, written `a >= b`." ORDER;
}

/// `a and b`
pub static AND: Pointwise = Pointwise {
    name: "and",
    documentation: "Whether both are true, written `a and b`.",
    builtin: false,
    instruction: Some(Instruction::And),
    ..other(Meaning::Logic(|a, b| a && b))
};

/// `a or b`
pub static OR: Pointwise = Pointwise {
    name: "or",
    documentation: "Whether one is true, written `a or b`.",
    builtin: false,
    instruction: Some(Instruction::Or),
    ..other(Meaning::Logic(|a, b| a || b))
};

/// `not a`
pub static NOT: Pointwise = Pointwise {
    name: "not",
    documentation: "The opposite truth value, written `not a`.",
    builtin: false,
    instruction: Some(Instruction::Not),
    ..other(Meaning::Not)
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[&EQUAL, &NOT_EQUAL, &LESS, &LESS_EQUAL, &GREATER, &GREATER_EQUAL, &AND, &OR, &NOT];
