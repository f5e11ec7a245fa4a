//! Whether derivatives are right: reverse mode against forward mode, against differences, against complex steps, and
//! native code against the evaluator, at points that suit the function; and which operation is wrong if they are not.
//!
//! A [`Problem`] is a graph with inputs that are varied; [`check`] examines it. Where methods disagree, [`Culprit`] is
//! the first operation whose own derivative is not the slope of its own value, at the values it had. What stops derivatives
//! is held at its value in differences too, so it is no disagreement; a `derivative` that is not the slope of its function is
//! one, unless it is accepted.

mod compare;
mod complex;
mod complex_functions;
mod derivatives;
mod differences;
pub mod file;
mod lanes;
mod locate;
mod losses;
mod points;
mod walk;
mod work;

pub use compare::{PAIRS, Pair, Reading};
pub use locate::{Culprit, Kind};

use crate::diagnostics::Diagnostic;
use crate::ir::{Graph, Table};
use crate::runtime::random::Key;
use crate::source::Span;
use compare::{Seen, compare, costs_at_most, directions};
use derivatives::{Derivatives, Gradient, Native};
use std::collections::HashSet;
use walk::Obstacle;
use work::{elements, work};

/// How an input gets its values.
#[derive(Clone, Debug)]
pub enum Start {
    /// Any numbers.
    Any,
    /// These at the first point, numbers around them at the others.
    Around(Table),
    /// Always these.
    Fixed(Table),
}

/// An input of what is checked.
#[derive(Clone, Debug)]
pub struct Input {
    /// How it gets its values.
    pub start: Start,
    /// Whether it is differentiated by.
    pub varied: bool,
}

/// What is checked: the real outputs of a graph by some of its inputs.
#[derive(Clone, Default, Debug)]
pub struct Problem {
    /// The graph.
    pub graph: Graph,
    /// What its inputs are.
    pub inputs: Vec<Input>,
}

/// How much is done.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many points.
    pub points: u64,
    /// What points and directions are drawn by.
    pub key: Key,
    /// The functions whose own derivatives are accepted, by the places of their bodies.
    pub accepted: HashSet<Span>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many points were compared.
    pub points: u64,
    /// How many points were replaced because the function has a kink there.
    pub kinks: u64,
    /// Along how many directions nothing was compared, because the function is not smooth along them anywhere.
    pub passed_over: u64,
    /// Whether the derivative is zero at all points.
    pub all_zero: bool,
    /// The derivatives along all directions at all points.
    pub readings: Vec<Reading>,
    /// The first disagreement.
    pub failure: Option<Failure>,
}

/// A disagreement.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which methods.
    pub pair: Pair,
    /// What they say.
    pub reading: Reading,
    /// The operation that is wrong, if one is.
    pub culprit: Option<Culprit>,
}

/// Why nothing could be compared.
#[derive(Clone, Debug)]
pub enum Unchecked {
    /// No real number that could be varied.
    NothingVaries,
    /// No real number in the result.
    NothingReal,
    /// The result is too much work for the evaluator.
    TooLarge(u64),
    /// At no point that was tried are value and gradient finite numbers.
    NoPoint,
    /// At every point that was tried the function has a kink, jumps, or varies too fast for differences.
    NoSmoothPoint,
    /// The rule of a root, a pullback or an adjoint solution is not the slope of its value: what both say.
    OwnRule {
        /// What the rule says.
        by_rule: f64,
        /// What differences of the value say.
        by_differences: f64,
    },
    /// The native code could not be made or failed.
    Failed(Box<Diagnostic>),
}

/// What the evaluations for one subject may cost altogether, in elements computed: there are fewer directions and points
/// where all would cost more.
const USUAL_WORK: u64 = 400_000_000;
/// The most that one direction at one point may cost.
const MOST_WORK: u64 = 2_000_000_000;
/// The most elements that all values of an evaluation have together.
const MOST_ELEMENTS: usize = 30_000_000;
/// How often differences and a complex step compute the value along one direction, roughly.
const EVALUATIONS: u64 = 18;
/// The most directions at a point.
const MOST_DIRECTIONS: u64 = 16;
/// How many points with a zero gradient are passed over before one is taken.
const ZERO_GRADIENTS: usize = 3;

/// A point that suits a function.
struct Point {
    values: Vec<Table>,
    gradient: Gradient,
    seen: Seen,
}

/// Examines a problem.
///
/// # Errors
/// Why nothing could be compared.
pub fn check(problem: &Problem, settings: &Settings) -> Result<Outcome, Unchecked> {
    let checker = Checker::new(problem, settings)?;
    let mut outcome = Outcome { all_zero: true, ..Outcome::default() };
    let mut refused = Unchecked::NoPoint;
    for number in 0..checker.points {
        match checker.point(number, &mut outcome.kinks) {
            Ok(point) => checker.enter(point, &mut outcome),
            Err(failed @ Unchecked::Failed(_)) => return Err(failed),
            Err(reason) => refused = reason,
        }
        let culprit = outcome.failure.as_ref().and_then(|failure| failure.culprit.as_ref());
        if let Some(Culprit { kind: Kind::OwnRule, by_derivative, by_differences, .. }) = culprit {
            return Err(Unchecked::OwnRule { by_rule: *by_derivative, by_differences: *by_differences });
        }
        if outcome.failure.is_some() {
            break;
        }
    }
    if outcome.points == 0 { Err(refused) } else { Ok(outcome) }
}

/// The state of an examination.
struct Checker<'a> {
    problem: &'a Problem,
    settings: &'a Settings,
    derivatives: Derivatives,
    native: Native,
    /// How many points, as many as are wanted if the work allows it.
    points: u64,
    /// The most directions at a point.
    directions: usize,
}

impl<'a> Checker<'a> {
    fn new(problem: &'a Problem, settings: &'a Settings) -> Result<Self, Unchecked> {
        let graph = &problem.graph;
        if !graph.outputs().iter().any(|output| graph.ty(output.node).element.is_real()) {
            return Err(Unchecked::NothingReal);
        }
        if !problem.inputs.iter().any(|input| input.varied) {
            return Err(Unchecked::NothingVaries);
        }
        let plain = work(graph, graph.output_nodes());
        let allowed = |work: u64, allowed: bool| {
            if work > MOST_WORK || !allowed { Err(Unchecked::TooLarge(plain)) } else { Ok(()) }
        };
        allowed(plain.saturating_mul(EVALUATIONS), elements(graph) <= MOST_ELEMENTS)?;
        let derivatives = Derivatives::new(problem, &mut settings.key.child(u64::MAX).sequence());
        let (reverse, forward) = derivatives.work();
        let along = forward.saturating_add(plain.saturating_mul(EVALUATIONS));
        let once = reverse.saturating_add(along);
        allowed(once, elements(&derivatives.graph) <= MOST_ELEMENTS)?;
        let points = settings.points.clamp(1, (USUAL_WORK / once).max(1));
        let directions = (USUAL_WORK / points).saturating_sub(reverse) / along;
        let directions = directions.clamp(1, MOST_DIRECTIONS) as usize;
        let native = derivatives.native(problem).map_err(Unchecked::Failed)?;
        Ok(Checker { problem, settings, derivatives, native, points, directions })
    }

    /// A point where everything can be compared, with what was seen there; if there is none, one where something can.
    fn point(&self, number: u64, kinks: &mut u64) -> Result<Point, Unchecked> {
        let mut refused = Unchecked::NoPoint;
        let (mut zeros, mut partial): (Vec<Point>, Option<Point>) = (Vec::new(), None);
        for attempt in 0..self.attempts() {
            let values = points::point(self.problem, self.settings.key, number, attempt);
            match costs_at_most(&self.derivatives, &self.settings.accepted, &values, MOST_WORK / EVALUATIONS) {
                Ok(()) => {}
                Err(Obstacle::Costs) => {
                    refused = Unchecked::TooLarge(MOST_WORK / EVALUATIONS);
                    continue;
                }
                Err(_) => continue,
            }
            let Ok(gradient) = self.derivatives.reverse(&values) else { continue };
            if !gradient.value.is_finite() {
                continue;
            }
            let seen = self.seen(&values, &gradient, number)?;
            let point = Point { values, gradient, seen };
            if fails(&point.seen.readings).is_some() {
                return Ok(point);
            }
            // A derivative that is not finite is wrong where differences are, and no derivative where they are not.
            if !point.gradient.is_finite() {
                continue;
            }
            if !point.seen.is_complete() {
                *kinks += u64::from(point.seen.kinks > 0);
                refused = Unchecked::NoSmoothPoint;
                let compared = |point: &Point| point.seen.readings.len();
                if compared(&point) > partial.as_ref().map_or(0, compared) {
                    partial = Some(point);
                }
                continue;
            }
            if !point.gradient.is_zero() {
                return Ok(point);
            }
            // A gradient of zeros that differences confirm says little: another point may say more.
            zeros.push(point);
            if zeros.len() >= ZERO_GRADIENTS {
                break;
            }
        }
        zeros.into_iter().next().or(partial).ok_or(refused)
    }

    /// Where nothing is drawn, all attempts are equal.
    fn attempts(&self) -> u64 {
        let fixed = self.problem.inputs.iter().all(|input| matches!(input.start, Start::Fixed(_)));
        if fixed { 1 } else { points::ATTEMPTS }
    }

    fn seen(&self, values: &[Table], gradient: &Gradient, number: u64) -> Result<Seen, Unchecked> {
        let mut random = self.settings.key.child(number).child(u64::MAX).sequence();
        let directions = directions(&self.derivatives, values, self.directions, &mut random);
        let native = Some(&self.native);
        compare(&self.derivatives, native, &self.settings.accepted, values, gradient, &directions)
            .map_err(Unchecked::Failed)
    }

    fn enter(&self, point: Point, outcome: &mut Outcome) {
        outcome.points += 1;
        outcome.all_zero &= point.gradient.is_zero();
        outcome.passed_over += (point.seen.kinks + point.seen.rough) as u64;
        outcome.failure = fails(&point.seen.readings).map(|(pair, reading)| {
            let culprit = (pair != Pair::Native).then(|| self.culprit(&point.values)).flatten();
            Failure { pair, reading: reading.clone(), culprit }
        });
        outcome.readings.extend(point.seen.readings);
    }

    fn culprit(&self, values: &[Table]) -> Option<Culprit> {
        let graph = &self.problem.graph;
        let inputs = graph.input_nodes();
        let varied: Vec<_> = self.derivatives.varied.iter().map(|at| inputs[*at]).collect();
        locate::first(graph, values, &varied, &self.settings.accepted)
    }
}

/// The first pair that disagrees; differences first, since they can tell which operation is wrong.
fn fails(readings: &[Reading]) -> Option<(Pair, &Reading)> {
    let pairs = [Pair::Differences, Pair::Forward, Pair::Complex, Pair::Native];
    pairs.into_iter().find_map(|pair| readings.iter().find(|each| each.disagrees(pair)).map(|each| (pair, each)))
}
