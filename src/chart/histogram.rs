//! How many numbers lie in each of several equal intervals.

/// The most intervals that are chosen where the user states none.
const MOST_BINS: usize = 60;

/// The edges of intervals that hold all finite numbers: as many as stated, or by the rule of Freedman and Diaconis, with
/// Sturges' rule where half of the numbers are equal.
pub fn edges(values: &[f64], bins: Option<usize>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
    let count = bins.unwrap_or_else(|| chosen(&sorted, high - low)).max(1);
    let edge = |place: usize| low + (high - low) * (place as f64 / count as f64);
    (0..=count).map(edge).collect()
}

fn chosen(sorted: &[f64], width: f64) -> usize {
    let quartile = |part: usize| sorted[(sorted.len() - 1) * part / 4];
    let spread = quartile(3) - quartile(1);
    let sturges = sorted.len().ilog2() as usize + 2;
    let by_spread = width * crate::runtime::math::double::cbrt(sorted.len() as f64) / (2.0 * spread);
    let count = if by_spread.is_finite() { by_spread.ceil() as usize } else { sturges };
    count.clamp(sturges.min(MOST_BINS), MOST_BINS)
}

/// How many numbers lie between each edge and the next; the last interval has both its ends.
pub fn bars(values: &[f64], edges: &[f64]) -> Vec<f64> {
    let mut heights = vec![0.0; edges.len().saturating_sub(1)];
    let (Some(low), Some(high)) = (edges.first(), edges.last()) else { return heights };
    for value in values.iter().filter(|value| (*low..=*high).contains(*value)) {
        let place = edges.partition_point(|edge| edge <= value).saturating_sub(1);
        let last = heights.len() - 1;
        heights[place.min(last)] += 1.0;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_counted_once() {
        let values: Vec<f64> = (0..1000).map(|place| f64::from(place * place % 997) / 10.0).collect();
        for bins in [None, Some(1), Some(7), Some(30)] {
            let edges = edges(&values, bins);
            assert_eq!(bars(&values, &edges).iter().sum::<f64>(), 1000.0, "{bins:?}");
            assert!(bins.is_none_or(|bins| edges.len() == bins + 1));
        }
        assert_eq!(bars(&[0.0, 1.0, 1.0, 2.0], &[0.0, 1.0, 2.0]), [1.0, 3.0]);
        assert_eq!(edges(&[3.0, 3.0], Some(1)), [2.5, 3.5]);
        assert!(edges(&[f64::NAN], None).is_empty());
        assert_eq!(bars(&[f64::NAN, f64::INFINITY, 1.0], &[0.0, 2.0]), [1.0]);
    }
}
