//! How many values lie where.

use super::protobuf::Message;

/// Intervals of a histogram.
const INTERVALS: usize = 30;

/// The counts of the finite values in intervals of one width from the least to the greatest.
pub(super) fn message(values: &[f64]) -> Message {
    let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (limits, counts) = match values.is_empty() {
        true => (Vec::new(), Vec::new()),
        false => intervals(&values, least, most),
    };
    let (least, most) = if values.is_empty() { (0.0, 0.0) } else { (least, most) };
    Message::default()
        .double(1, least)
        .double(2, most)
        .double(3, values.len() as f64)
        .double(4, values.iter().sum())
        .double(5, values.iter().map(|value| value * value).sum())
        .doubles(6, &limits)
        .doubles(7, &counts)
}

/// The right ends of the intervals, and how many values each has.
fn intervals(values: &[f64], least: f64, most: f64) -> (Vec<f64>, Vec<f64>) {
    let width = most / INTERVALS as f64 - least / INTERVALS as f64;
    if width == 0.0 {
        return (vec![most], vec![values.len() as f64]);
    }
    // Halves keep what lies between the greatest numbers finite.
    let mut limits: Vec<f64> = (1..INTERVALS).map(|place| (least / 2.0 + width / 2.0 * place as f64) * 2.0).collect();
    limits.push(most);
    let mut counts = vec![0.0; INTERVALS];
    for value in values {
        counts[limits.partition_point(|limit| limit < value).min(INTERVALS - 1)] += 1.0;
    }
    (limits, counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let many: Vec<f64> = (0..1000).map(|place| f64::from(place % 37)).collect();
        for values in [vec![1.0, 1.0], vec![-1.0, 0.0, 2.5], many, vec![-f64::MAX, f64::MAX], vec![0.0, 5e-324]] {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (limits, counts) = intervals(&values, least, most);
            assert_eq!(counts.iter().sum::<f64>(), values.len() as f64);
            assert_eq!(limits.last(), Some(&most));
            assert!(limits.is_sorted() && limits.iter().all(|limit| limit.is_finite()), "{limits:?}");
        }
    }
}
