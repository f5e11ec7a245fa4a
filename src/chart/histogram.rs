//! How many numbers lie in each of several equal intervals.

/// The most intervals that are chosen where the user states none.
const MOST_BINS: usize = 60;

/// The edges of intervals that hold all finite numbers: as many as stated, or by the rule of Freedman and Diaconis, with
/// Sturges' rule where half of the numbers are equal.
pub fn edges(values: &[f64], bins: Option<usize>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let (low, high) = if low == high { around(low) } else { (low, high) };
    let count = bins.unwrap_or_else(|| chosen(&sorted)).max(1);
    // Halves keep the difference of the greatest numbers finite.
    let half_width = high / 2.0 - low / 2.0;
    let edge = |place: usize| (low / 2.0 + half_width * (place as f64 / count as f64)) * 2.0;
    let inner = (1..count).map(|place| edge(place).clamp(low, high));
    std::iter::once(low).chain(inner).chain([high]).collect()
}

/// Ends around a number.
fn around(value: f64) -> (f64, f64) {
    let room = (value.abs() * 1e-6).max(0.5);
    ((value - room).max(f64::MIN), (value + room).min(f64::MAX))
}

fn chosen(sorted: &[f64]) -> usize {
    let half = |part: usize| sorted[(sorted.len() - 1) * part / 4] / 2.0;
    let (half_width, half_spread) = (half(4) - half(0), half(3) - half(1));
    let sturges = sorted.len().ilog2() as usize + 2;
    let root = crate::runtime::math::double::cbrt(sorted.len() as f64);
    let by_spread = half_width / half_spread / 2.0 * root;
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
        for (low, high) in [(f64::MIN, f64::MAX), (-1e308, 1e308), (0.0, 5e-324)] {
            let edges = edges(&[low, high, 0.0, low], None);
            assert!(edges.is_sorted() && edges.first() == Some(&low) && edges.last() == Some(&high), "{edges:?}");
            assert_eq!(bars(&[low, high, 0.0, low], &edges).iter().sum::<f64>(), 4.0);
        }
        assert_eq!(bars(&[f64::NAN, f64::INFINITY, 1.0], &[0.0, 2.0]), [1.0]);
    }
}
