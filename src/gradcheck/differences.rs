//! Slopes by differences: central ones, extrapolated (Richardson) from several steps with an estimate of the error
//! (Ridders), and one-sided ones to recognise a kink.

/// How many steps are halved in one trial.
const LEVELS: usize = 5;
/// The first step of each trial: a trial with smaller steps follows where one is not good enough.
const FIRST_STEPS: [f64; 4] = [0.0625, 0.0625 / 32.0, 0.0625 / 1024.0, 0.0625 / 32768.0];
/// Beside the steps of a trial one much smaller step is looked at, by this factor: a slope that it contradicts is an accident
/// of jumps or kinks between the larger steps.
const PROBE: f64 = 1.0 / 1024.0;
/// How far the slope of the small step may be off, relative to the slope, beside noise.
const PROBE_TOLERANCE: f64 = 1e-3;
/// A slope is good enough with this error, relative to its size.
const GOOD: f64 = 1e-8;
/// One-sided slopes that differ by more than this, relative to their size, and by more than their errors, are a kink.
const KINK: f64 = 1e-5;

/// A slope with an estimate of its error.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Slope {
    pub value: f64,
    pub error: f64,
}

/// What differences say of a function of one number at 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Found {
    /// It has a slope.
    Smooth(Slope),
    /// It has another slope on the left than on the right.
    Kink { left: f64, right: f64 },
    /// It jumps, is not defined nearby, or varies too fast.
    Rough,
}

/// The slope at 0. `values` gives the function at some places, or `None` where it is not defined at all of them; `size` is
/// what the slope is compared with.
pub(super) fn slope(size: f64, values: &mut dyn FnMut(&[f64]) -> Option<Vec<f64>>) -> Found {
    let mut best: Option<(Slope, Slope, Slope)> = None;
    for first in FIRST_STEPS {
        let Some(trial) = trial(first, size, values) else { continue };
        if best.is_none_or(|(slope, ..)| trial.0.error < slope.error) {
            best = Some(trial);
        }
        if trial.0.error <= GOOD * size.max(trial.0.value.abs()) {
            break;
        }
    }
    let Some((central, left, right)) = best else { return Found::Rough };
    let greatest = left.value.abs().max(right.value.abs());
    let (apart, sure) = ((left.value - right.value).abs(), left.error + right.error);
    if apart > KINK * greatest && apart > 10.0 * sure {
        return Found::Kink { left: left.value, right: right.value };
    }
    if central.value.is_finite() && central.error.is_finite() { Found::Smooth(central) } else { Found::Rough }
}

/// The central slope, and those on the left and the right.
fn trial(first: f64, size: f64, values: &mut dyn FnMut(&[f64]) -> Option<Vec<f64>>) -> Option<(Slope, Slope, Slope)> {
    let steps: Vec<f64> = (0..LEVELS).map(|level| first / f64::from(1 << level)).collect();
    let places: Vec<f64> = [0.0, first * PROBE, -first * PROBE]
        .into_iter()
        .chain(steps.iter().copied())
        .chain(steps.iter().map(|step| -step))
        .collect();
    let values = values(&places)?;
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let (middle, above, below) = (values[0], &values[3..3 + LEVELS], &values[3 + LEVELS..]);
    let greatest = values.iter().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
    let rows = |difference: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..LEVELS).map(|level| difference(level) / steps[level]).collect()
    };
    let central = rows(&|level| (above[level] - below[level]) / 2.0);
    let right = rows(&|level| above[level] - middle);
    let left = rows(&|level| middle - below[level]);
    let noise: Vec<f64> = steps.iter().map(|step| 2.0 * f64::EPSILON * greatest / step).collect();
    let found =
        [extrapolated(&central, 4.0, &noise), extrapolated(&left, 2.0, &noise), extrapolated(&right, 2.0, &noise)];
    let probe = first * PROBE;
    let probed = [(values[1] - values[2]) / (2.0 * probe), (middle - values[2]) / probe, (values[1] - middle) / probe];
    let contradicts = |(found, probed): (&Slope, &f64)| {
        let allowed = PROBE_TOLERANCE * size.max(found.value.abs()) + 10.0 * (found.error + noise[0] / PROBE);
        (probed - found.value).abs() > allowed
    };
    if found.iter().zip(&probed).any(contradicts) {
        return None;
    }
    Some((found[0], found[1], found[2]))
}

/// The limit of slopes at halved steps. An error term is `factor` times smaller after halving, the next one by the same
/// factor once more (by 2 for one-sided slopes, by 4 for central ones).
fn extrapolated(slopes: &[f64], factor: f64, noise: &[f64]) -> Slope {
    let mut best = Slope { value: slopes[0], error: f64::INFINITY };
    let mut above: Vec<f64> = Vec::new();
    for (level, slope) in slopes.iter().enumerate() {
        let mut row = vec![*slope];
        let mut power = factor;
        for (column, coarser) in above.iter().enumerate() {
            let finer = row[column];
            let value = finer + (finer - coarser) / (power - 1.0);
            let error = (value - finer).abs().max((value - coarser).abs()) + noise[level];
            if error < best.error {
                best = Slope { value, error };
            }
            row.push(value);
            power *= factor;
        }
        above = row;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::math::double::{exp, sin};

    fn slope_of(function: impl Fn(f64) -> f64) -> Found {
        slope(1.0, &mut |places| Some(places.iter().map(|place| function(*place)).collect()))
    }

    #[test]
    fn smooth_functions_have_accurate_slopes_within_the_stated_error() {
        type Case = (&'static str, fn(f64) -> f64, f64);
        let cases: &[Case] = &[
            ("exp", exp, 1.0),
            ("sin at 1", |x| sin(1.0 + x), 0.540_302_305_868_139_8),
            ("fast", |x| sin(300.0 * x), 300.0),
            ("linear", |x| 3.0 * x - 2.0, 3.0),
            ("constant", |_| 5.0, 0.0),
        ];
        for (name, function, expected) in cases {
            let Found::Smooth(slope) = slope_of(function) else { panic!("{name} is smooth") };
            let off = (slope.value - expected).abs();
            assert!(off <= 1e-8 * expected.abs().max(1e-3), "{name}: {slope:?}");
            assert!(off <= 10.0 * slope.error, "{name}: {slope:?}");
        }
    }

    #[test]
    fn a_kink_has_two_slopes() {
        let Found::Kink { left, right } = slope_of(|x| 2.0 * x.max(0.0) + exp(x)) else { panic!("it has a kink") };
        assert!((left - 1.0).abs() < 1e-6 && (right - 3.0).abs() < 1e-6, "{left} {right}");
    }

    #[test]
    fn a_kink_beside_the_point_does_no_harm() {
        let Found::Smooth(slope) = slope_of(|x| (x - 0.001).abs() + exp(x)) else { panic!("it is smooth at 0") };
        assert!(slope.value.abs() < 1e-8, "{slope:?}");
    }

    #[test]
    fn jumps_between_the_steps_are_no_slope() {
        let period = 0.05;
        let Found::Smooth(slope) = slope_of(|x| x - period * ((x + 0.01) / period).floor()) else {
            panic!("it is smooth at 0")
        };
        assert!((slope.value - 1.0).abs() < 1e-8, "{slope:?}");
    }

    #[test]
    fn what_is_not_defined_nearby_is_rough() {
        assert_eq!(slope(1.0, &mut |_| None), Found::Rough);
        assert_eq!(slope_of(|x| 1.0 / x), Found::Rough);
    }
}
