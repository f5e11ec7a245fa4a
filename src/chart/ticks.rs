//! Round numbers along an axis, and where a number lies on it.

use crate::report::significant;
use crate::runtime::math::double::log10;

/// An axis between two ends, as a place from 0 to 1.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    pub(super) fn new((low, high): (f64, f64), logarithmic: bool) -> Self {
        Scale { low, high, logarithmic }
    }

    /// Where a number lies; `None` where it cannot be shown.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.logarithmic && value <= 0.0) {
            return None;
        }
        let place = if self.logarithmic {
            (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        } else {
            // Halves keep the difference of the greatest numbers finite; the least numbers have none.
            let width = self.high - self.low;
            match width.is_finite() {
                true => (value - self.low) / width,
                false => (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0),
            }
        };
        place.is_finite().then_some(place)
    }

    /// Round numbers between the ends with their texts, about as many as wanted.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let (low, high) = (self.low.min(self.high), self.low.max(self.high));
        if self.logarithmic { powers(low, high, wanted) } else { steps(low, high, wanted) }
    }
}

/// A power of ten.
fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::NAN)
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn steps(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let rough = (high / 2.0 - low / 2.0) / wanted.max(1) as f64 * 2.0;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let exponent = log10(rough).floor() as i32;
    let unit = power_of_ten(exponent);
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * unit >= rough * 0.85).unwrap_or(10.0);
    let step = factor * unit;
    let decimals = if factor == 10.0 { -(exponent + 1) } else { -exponent };
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    if !(last - first).is_finite() || last - first > 100.0 {
        return Vec::new();
    }
    let count = (last - first) as usize + 1;
    (0..count).map(|place| (first + place as f64) * step).map(|value| (value, written(value, step, decimals))).collect()
}

/// A tick with as many decimals as its step has.
fn written(value: f64, step: f64, decimals: i32) -> String {
    if value.abs() < step / 2.0 {
        return "0".to_string();
    }
    let magnitude = value.abs();
    if !(1e-3..1e6).contains(&magnitude) {
        return significant(value, 3 + (log10(magnitude / step) as usize).min(6));
    }
    format!("{value:.*}", decimals.max(0) as usize)
}

/// Powers of ten; where there are too few, 2 and 5 times them too.
fn powers(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let (first, last) = (log10(low).floor() as i32, log10(high).ceil() as i32);
    let inside = |value: &f64| (low * 0.999..=high * 1.001).contains(value);
    let every = (((last - first) as usize).div_ceil(wanted.max(1))).max(1);
    let decades = || (first..=last).filter(|exponent| exponent.rem_euclid(every as i32) == 0).map(power_of_ten);
    let mut values: Vec<f64> = decades().filter(inside).collect();
    if values.len() < 3 {
        let finer = (first..=last).map(power_of_ten).flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * power));
        values = finer.filter(inside).collect();
    }
    if values.len() < 2 {
        return steps(low, high, wanted);
    }
    values.into_iter().map(|value| (value, significant(value, 3))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        for (low, high, logarithmic, expected) in [
            (0.0, 1.0, false, "0 0.2 0.4 0.6 0.8 1.0"),
            (3.3, 8.9, false, "4 5 6 7 8"),
            (-0.07, 0.11, false, "-0.05 0 0.05 0.10"),
            (0.0, 20_000.0, false, "0 5000 10000 15000 20000"),
            (0.0, 3e-5, false, "0 1e-5 2e-5 3e-5"),
            (1e-4, 3.0, true, "0.0001 0.001 0.01 0.1 1"),
            (0.15, 4.0, true, "0.2 0.5 1 2"),
            (0.31, 0.38, true, "0.32 0.34 0.36 0.38"),
            (1e-30, 1.0, true, "1e-30 1e-24 1e-18 1e-12 1e-6 1"),
        ] {
            let ticks = Scale::new((low, high), logarithmic).ticks(5);
            let texts: Vec<&str> = ticks.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts.join(" "), expected, "{low} {high}");
        }
    }

    #[test]
    fn ends_that_are_no_numbers_or_far_apart_have_ticks_or_none() {
        for (low, high) in [(f64::MIN, f64::MAX), (0.0, f64::INFINITY), (f64::NAN, 1.0), (1.0, 1.0 + f64::EPSILON)] {
            assert!(Scale::new((low, high), false).ticks(5).len() <= 12, "{low} {high}");
        }
        assert_eq!(Scale::new((f64::MIN, f64::MAX), false).place(0.0), Some(0.5));
        assert_eq!(Scale::new((0.0, 1e-323), false).place(5e-324), Some(0.5));
        assert_eq!(Scale::new((1.0, 100.0), true).place(10.0), Some(0.5));
        assert_eq!(Scale::new((1.0, 100.0), true).place(-1.0), None);
    }
}
