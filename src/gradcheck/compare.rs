//! All methods side by side at one point.

use super::complex::{ComplexStep, ComplexTable, STEP};
use super::derivatives::{Derivatives, Gradient, Native, weight};
use super::differences::{Found, slope};
use super::lanes::{Lanes, Tables, lane};
use super::walk::{Kind, Obstacle, Walk};
use crate::diagnostics::Diagnostic;
use crate::ir::Table;
use crate::ops::structural::table::{numbers, reals};
use crate::runtime::random::Sequence;
use crate::source::Span;
use std::collections::HashSet;
use std::rc::Rc;

/// How many numbers are varied one by one too.
const FEW: usize = 6;
/// The most inputs that are varied one by one.
const MOST_INPUTS: usize = 12;
/// How far exact methods may be apart, relative to the sum of the absolute terms.
const EXACT: f64 = 1e-9;
/// The same for complex steps, whose imaginary parts are rounded on their own.
const COMPLEX: f64 = 1e-8;
/// The same for differences, beside ten times their estimated error.
const DIFFERENCES: f64 = 1e-6;
/// What rounding of a value may add to its derivative.
const ROUNDING: f64 = 1e-11;
/// Differences with a larger error, relative to the derivative, say nothing.
const VAGUE: f64 = 1e-3;
/// The same relative to the value, where the derivative is small.
const VAGUE_OF_VALUE: f64 = 1e-9;

/// The derivative along one direction by every method.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// By reverse mode.
    pub reverse: f64,
    /// By forward mode.
    pub forward: f64,
    /// By reverse mode in native code.
    pub native: Option<f64>,
    /// The value, and that of native code.
    pub values: (f64, Option<f64>),
    /// By differences.
    pub differences: f64,
    /// The estimated error of the differences.
    pub error: f64,
    /// By a complex step, where all operations allow it.
    pub complex: Option<f64>,
    /// The sum of the absolute terms that the derivative is made of.
    pub scale: f64,
    /// What the value itself is made of.
    pub size: f64,
}

/// Two methods that are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pair {
    /// Reverse and forward mode.
    Forward,
    /// Reverse mode and differences.
    Differences,
    /// Reverse mode and a complex step.
    Complex,
    /// Reverse mode in the evaluator and in native code.
    Native,
}

/// All pairs.
pub const PAIRS: [Pair; 4] = [Pair::Forward, Pair::Differences, Pair::Complex, Pair::Native];

impl Reading {
    fn other(&self, pair: Pair) -> Option<f64> {
        match pair {
            Pair::Forward => Some(self.forward),
            Pair::Differences => Some(self.differences),
            Pair::Complex => self.complex,
            Pair::Native => self.native,
        }
    }

    /// How far a pair is apart, relative to the derivative; `None` where one of them does not apply.
    pub fn apart(&self, pair: Pair) -> Option<f64> {
        let distance = self.distance(pair)?;
        let scale = self.scale.max(self.other(pair)?.abs());
        Some(if distance == 0.0 { 0.0 } else { distance / scale })
    }

    /// Derivatives of values that are apart already are as far apart as can be.
    fn distance(&self, pair: Pair) -> Option<f64> {
        let same_value = match self.values {
            (value, Some(native)) => (value - native).abs() <= EXACT * self.size,
            _ => true,
        };
        let derivatives = (self.reverse - self.other(pair)?).abs();
        let distance = if same_value || pair != Pair::Native { derivatives } else { f64::NAN };
        Some(if distance.is_nan() { f64::INFINITY } else { distance })
    }

    /// Whether a pair is further apart than rounding and the error of differences explain.
    pub fn disagrees(&self, pair: Pair) -> bool {
        let Some(distance) = self.distance(pair) else { return false };
        let scale = self.scale.max(self.other(pair).unwrap_or(0.0).abs());
        let relative = match pair {
            Pair::Forward | Pair::Native => EXACT,
            Pair::Complex => COMPLEX,
            Pair::Differences => DIFFERENCES,
        };
        let estimated = if pair == Pair::Differences { 10.0 * self.error } else { 0.0 };
        distance > relative * scale + ROUNDING * self.size + estimated
    }
}

/// What was seen at a point.
#[derive(Clone, Default, Debug)]
pub(super) struct Seen {
    /// What the methods say, along the directions in which the function is smooth.
    pub readings: Vec<Reading>,
    /// Along how many directions the slopes on both sides differ.
    pub kinks: usize,
    /// Along how many directions the function has no value nearby, or differences say nothing.
    pub rough: usize,
}

impl Seen {
    pub(super) fn is_complete(&self) -> bool {
        self.kinks == 0 && self.rough == 0
    }
}

/// A step for every varied input.
pub(super) type Direction = Vec<Vec<f64>>;

/// All methods at a point where the value is finite, along several directions.
pub(super) fn compare(
    derivatives: &Derivatives,
    native: Option<&Native>,
    accepted: &HashSet<Span>,
    point: &[Table],
    gradient: &Gradient,
    directions: &[Direction],
) -> Result<Seen, Box<Diagnostic>> {
    let of_native = native.map(|native| native.reverse(point)).transpose()?;
    let mut seen = Seen::default();
    for direction in directions {
        let scale = gradient.scale_along(direction);
        let found = differences(derivatives, accepted, point, direction, scale.max(VAGUE_OF_VALUE * gradient.size));
        let slope = match found {
            Found::Smooth(slope) => slope,
            Found::Kink { .. } => {
                seen.kinks += 1;
                continue;
            }
            Found::Rough => {
                seen.rough += 1;
                continue;
            }
        };
        let vague = slope.error > VAGUE * scale.max(slope.value.abs()) + VAGUE_OF_VALUE * gradient.size;
        let forward = derivatives.forward(point, direction);
        let (false, Ok(forward)) = (vague, forward) else {
            seen.rough += 1;
            continue;
        };
        seen.readings.push(Reading {
            reverse: gradient.along(direction),
            forward,
            native: of_native.as_ref().map(|native| native.along(direction)),
            values: (gradient.value, of_native.as_ref().map(|native| native.value)),
            differences: slope.value,
            error: slope.error,
            complex: complex(derivatives, accepted, point, direction),
            scale,
            size: gradient.size,
        });
    }
    Ok(seen)
}

/// The directions to look along: all inputs at once, each alone, and if there are few numbers each of them; at most `most`.
/// A step has the size of the number that it moves.
pub(super) fn directions(
    derivatives: &Derivatives,
    point: &[Table],
    most: usize,
    random: &mut Sequence,
) -> Vec<Direction> {
    let sizes: Vec<Vec<f64>> = derivatives.varied.iter().map(|input| step_sizes(&numbers(&point[*input]))).collect();
    let whole: Direction = sizes.iter().map(|sizes| sizes.iter().map(|size| size * weight(random)).collect()).collect();
    let only = |keep: &dyn Fn(usize, usize) -> bool| -> Direction {
        let kept = |(input, steps): (usize, &Vec<f64>)| {
            steps.iter().enumerate().map(|(at, step)| if keep(input, at) { *step } else { 0.0 }).collect()
        };
        whole.iter().enumerate().map(kept).collect()
    };
    let mut all = vec![whole.clone()];
    if (2..=MOST_INPUTS).contains(&whole.len()) {
        all.extend((0..whole.len()).map(|chosen| only(&|input, _| input == chosen)));
    }
    let count: usize = sizes.iter().map(Vec::len).sum();
    if count <= FEW && count > whole.len() {
        let places = sizes.iter().enumerate().filter(|(_, sizes)| sizes.len() > 1);
        let places: Vec<(usize, usize)> =
            places.flat_map(|(input, sizes)| (0..sizes.len()).map(move |at| (input, at))).collect();
        all.extend(places.into_iter().map(|(input, at)| only(&|each, place| (each, place) == (input, at))));
    }
    all.truncate(most);
    all
}

/// How far each number of an input is moved by a step of 1: as far as it is large, or a tenth of what the input's are.
fn step_sizes(values: &[f64]) -> Vec<f64> {
    let typical = (values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64).sqrt();
    let least = if typical == 0.0 { 1.0 } else { 0.1 * typical };
    values.iter().map(|value| value.abs().max(least)).collect()
}

/// The slope of the value along a direction by differences.
fn differences(
    derivatives: &Derivatives,
    accepted: &HashSet<Span>,
    point: &[Table],
    direction: &Direction,
    size: f64,
) -> Found {
    let walk = Walk::new(Lanes, accepted);
    slope(size, &mut |places| {
        let mut inputs: Vec<Tables> = point.iter().map(|table| walk.kind.constant(table.clone())).collect();
        for (input, steps) in derivatives.varied.iter().zip(direction) {
            if steps.iter().any(|step| *step != 0.0) {
                let moved = places.iter().map(|place| moved(&point[*input], steps, *place));
                inputs[*input] = Rc::new(moved.collect());
            }
        }
        let values = walk.nodes(&derivatives.graph, &inputs, &[derivatives.value]).ok()?;
        Some((0..places.len()).map(|place| numbers(lane(&values[0], place))[0]).collect())
    })
}

fn moved(table: &Table, steps: &[f64], by: f64) -> Table {
    let values: Vec<f64> = numbers(table).iter().zip(steps).map(|(value, step)| value + by * step).collect();
    reals(table.ty.element, table.ty.shape.clone(), &values)
}

/// The slope along a direction by a complex step; `None` where it does not apply.
fn complex(derivatives: &Derivatives, accepted: &HashSet<Span>, point: &[Table], direction: &Direction) -> Option<f64> {
    let walk = Walk::new(ComplexStep, accepted);
    let mut inputs: Vec<ComplexTable> = point.iter().map(|table| walk.kind.constant(table.clone())).collect();
    for (input, steps) in derivatives.varied.iter().zip(direction) {
        inputs[*input] = ComplexTable::moved(&point[*input], steps);
    }
    let value = match walk.nodes(&derivatives.graph, &inputs, &[derivatives.value]) {
        Ok(values) => values.into_iter().next()?,
        Err(_) => return None,
    };
    let slope = value.imaginary.map_or(0.0, |imaginary| numbers(&imaginary)[0] / STEP);
    slope.is_finite().then_some(slope)
}

/// Whether computing the value costs at most so much, and can be done.
pub(super) fn costs_at_most(
    derivatives: &Derivatives,
    accepted: &HashSet<Span>,
    point: &[Table],
    most: u64,
) -> Result<(), Obstacle> {
    let walk = Walk::within(Lanes, accepted, most);
    let inputs: Vec<Tables> = point.iter().map(|table| walk.kind.constant(table.clone())).collect();
    walk.nodes(&derivatives.graph, &inputs, &[derivatives.value]).map(|_| ())
}
