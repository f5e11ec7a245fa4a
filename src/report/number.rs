//! Numbers and durations as a reader wants them.

use std::time::Duration;

/// The shortest decimal that reads back as the same number; whole numbers without a point.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_string();
    }
    let magnitude = value.abs();
    if magnitude.is_infinite() || magnitude == 0.0 || (1e-5..1e16).contains(&magnitude) {
        return format!("{value}");
    }
    format!("{value:e}")
}

/// A number to so many significant digits.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() || value == 0.0 {
        return number(value);
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let rounded: f64 = scientific.parse().unwrap_or(value);
    let magnitude = rounded.abs();
    if !(1e-4..1e9).contains(&magnitude) {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{rounded:.decimals$}")).to_string()
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

/// A number with a noun: `1 error`, `1_234 steps`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// `1_234_567`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// `1.24 s`, `3 min 20 s`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{} µs", significant(s * 1e6, 3)),
        s if s < 1.0 => format!("{} ms", significant(s * 1e3, 3)),
        s if s < 60.0 => format!("{} s", significant(s, 3)),
        s if s < 3600.0 => format!("{} min {} s", (s / 60.0) as u64, (s % 60.0) as u64),
        s => format!("{} h {} min", (s / 3600.0) as u64, (s % 3600.0 / 60.0) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact() {
        for (value, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e-7, "1e-7"),
            (1e20, "1e20"),
            (f64::INFINITY, "inf"),
            (0.0, "0"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(significant(0.123456789, 6), "0.123457");
        assert_eq!(significant(123456789.0, 6), "123457000");
        assert_eq!(significant(1.0, 6), "1");
        assert_eq!(significant(9.999_999_9, 6), "10");
        assert_eq!(significant(1.5e-9, 6), "1.5e-9");
        assert_eq!(thousands(1_234_567), "1_234_567");
        assert_eq!(thousands(12), "12");
    }
}
