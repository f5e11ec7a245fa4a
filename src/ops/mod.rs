//! Every operation of the IR, defined once.
//!
//! Pointwise operations are `static` values, one file per family, listed in [`POINTWISE`]. Structural operations are
//! values of [`structural::Structural`], one file per family, found by [`structural::definition`].

pub mod activation;
pub mod arithmetic;
pub mod bessel;
pub mod choice;
pub mod comparison;
pub mod declare;
pub mod exponential;
pub mod incomplete_gamma;
pub mod loss;
pub mod real;
pub mod roots;
pub mod rounding;
pub mod special;
mod special_gamma;
mod special_normal;
pub mod structural;
pub mod trigonometric;

use crate::ir::Pointwise;

/// The families of pointwise operations, with the titles that the reference gives them.
pub const FAMILIES: [(&str, &[&Pointwise]); 12] = [
    ("Arithmetic", arithmetic::ALL),
    ("Rounding", rounding::ALL),
    ("Roots and reciprocals", roots::ALL),
    ("Exponentials and logarithms", exponential::ALL),
    ("Trigonometric and hyperbolic functions", trigonometric::ALL),
    ("Activation functions", activation::ALL),
    ("Losses", loss::ALL),
    ("Special functions", special::ALL),
    ("Incomplete gamma functions", incomplete_gamma::ALL),
    ("Bessel functions", bessel::ALL),
    ("Comparisons and logic", comparison::ALL),
    ("Choices", choice::ALL),
];

const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].1.len();
        family += 1;
    }
    count
};

const TABLE: [&Pointwise; COUNT] = {
    let mut table = [&arithmetic::ADD; COUNT];
    let (mut next, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut member = 0;
        while member < FAMILIES[family].1.len() {
            table[next] = FAMILIES[family].1[member];
            next += 1;
            member += 1;
        }
        family += 1;
    }
    table
};

/// Every pointwise operation.
pub static POINTWISE: &[&Pointwise] = &TABLE;

/// The pointwise operation of a name.
pub fn find(name: &str) -> Option<&'static Pointwise> {
    POINTWISE.iter().copied().find(|definition| definition.name == name)
}
