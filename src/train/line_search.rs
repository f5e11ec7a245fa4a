//! The mathematics of L-BFGS: the direction of a step, and how far to go along it.
//!
//! Sources: Nocedal and Wright, Numerical Optimization (2006), algorithms 7.4, 3.5 and 3.6.

/// What a step must lower the loss by, as a share of what its slope promises.
const SUFFICIENT: f64 = 1e-4;
/// What share of the slope may be left at the end of a step.
const CURVATURE: f64 = 0.9;
/// How much longer the next trial is at most.
const GROWTH: f64 = 10.0;
/// How near a trial within an interval may come to its ends, as a share of it.
const MARGIN: f64 = 0.1;

/// A change of all parameters and that of the gradient.
pub(super) struct Change {
    pub(super) parameters: Vec<f64>,
    pub(super) gradient: Vec<f64>,
}

/// A point along a direction.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// How far along the direction.
    pub(super) at: f64,
    pub(super) value: f64,
    pub(super) slope: f64,
    pub(super) gradient: Vec<f64>,
}

impl Point {
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}

/// The sum of products, in an order that follows from the length.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    sums.iter().sum()
}

/// Whether the loss is curved upwards along a change, so that it is worth remembering.
pub(super) fn is_curved(change: &Change) -> bool {
    dot(&change.parameters, &change.gradient) > f64::EPSILON * dot(&change.gradient, &change.gradient)
}

/// The direction of a step by the last changes, the oldest first: the two-loop recursion.
pub(super) fn direction(gradient: &[f64], changes: &[Change]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|value| -value).collect();
    let mut shares = Vec::with_capacity(changes.len());
    for change in changes.iter().rev() {
        let curvature = dot(&change.parameters, &change.gradient);
        let share = dot(&change.parameters, &direction) / curvature;
        add(&mut direction, -share, &change.gradient);
        shares.push((share, curvature));
    }
    if let Some(last) = changes.last() {
        let scale = dot(&last.parameters, &last.gradient) / dot(&last.gradient, &last.gradient);
        direction.iter_mut().for_each(|value| *value *= scale);
    }
    for (change, (share, curvature)) in changes.iter().zip(shares.into_iter().rev()) {
        let other = dot(&change.gradient, &direction) / curvature;
        add(&mut direction, share - other, &change.parameters);
    }
    direction
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

/// A point that meets the strong Wolfe conditions; else the lowest that was found, if it is lower than the start.
///
/// The start's slope is below zero. A value that is not finite counts as infinitely high.
pub(super) fn strong_wolfe<E>(
    start: Point,
    first: f64,
    evaluations: u64,
    mut evaluate: impl FnMut(f64) -> Result<Point, E>,
) -> Result<Option<Point>, E> {
    let (value, slope) = (start.value, start.slope);
    let is_low = |point: &Point| point.value <= value + SUFFICIENT * point.at * slope;
    let is_flat = |point: &Point| point.slope.abs() <= -CURVATURE * slope;
    // The interval holds a good point: `low` is the lowest so far, and the loss falls from it towards `high`.
    let (mut low, mut high): (Point, Option<Point>) = (start, None);
    let mut trial = first;
    for _ in 0..evaluations {
        let point = evaluate(trial)?;
        if !point.is_finite() || !is_low(&point) || (low.at > 0.0 && point.value >= low.value) {
            high = Some(point);
        } else if is_flat(&point) {
            return Ok(Some(point));
        } else {
            let towards = high.as_ref().map_or(1.0, |high| high.at - low.at);
            if point.slope * towards >= 0.0 {
                high = Some(std::mem::replace(&mut low, point));
            } else {
                if high.is_none() {
                    trial = beyond(&low, &point);
                }
                low = point;
            }
        }
        if let Some(high) = &high {
            trial = between(&low, high);
            if trial == low.at || trial == high.at {
                break;
            }
        }
    }
    Ok((low.at > 0.0).then_some(low))
}

/// The next trial where the loss still falls.
fn beyond(before: &Point, point: &Point) -> f64 {
    let (least, most) = (point.at + (point.at - before.at), GROWTH * point.at);
    // Where the slope does not rise there is no minimum ahead to be near to.
    cubic_minimum(before, point).filter(|trial| *trial > point.at).map_or(most, |trial| trial.clamp(least, most))
}

/// The next trial within an interval.
fn between(low: &Point, high: &Point) -> f64 {
    let width = high.at - low.at;
    let share = match high.is_finite() {
        true => cubic_minimum(low, high).map_or(0.5, |trial| (trial - low.at) / width),
        false => MARGIN,
    };
    low.at + share.clamp(MARGIN, 1.0 - MARGIN) * width
}

/// The minimum of the cubic with these values and slopes.
fn cubic_minimum(left: &Point, right: &Point) -> Option<f64> {
    let (left, right) = if left.at <= right.at { (left, right) } else { (right, left) };
    let width = right.at - left.at;
    let first = left.slope + right.slope - 3.0 * (right.value - left.value) / width;
    let second = (first * first - left.slope * right.slope).sqrt();
    let minimum = right.at - width * (right.slope + second - first) / (right.slope - left.slope + 2.0 * second);
    minimum.is_finite().then_some(minimum)
}
