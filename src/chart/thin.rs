//! Long curves with fewer points that look the same.

use super::Point;

/// A curve of at most about so many points: of each stretch its first, least, greatest and last point stay.
pub fn thinned(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most.max(4) {
        return points.to_vec();
    }
    let stretches = (most / 4).max(1);
    let mut kept = Vec::with_capacity(stretches * 4);
    for stretch in 0..stretches {
        let (start, end) = (stretch * points.len() / stretches, (stretch + 1) * points.len() / stretches);
        let mut places = vec![start, end - 1];
        let finite = || (start..end).filter(|place| points[*place].1.is_finite());
        places.extend(finite().min_by(|a, b| points[*a].1.total_cmp(&points[*b].1)));
        places.extend(finite().max_by(|a, b| points[*a].1.total_cmp(&points[*b].1)));
        // A gap stays a gap.
        places.extend((start..end).find(|place| !points[*place].1.is_finite()));
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|place| points[place]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_extremes_stay() {
        let mut points: Vec<Point> = (0..100_000).map(|x| (f64::from(x), f64::from(x % 7))).collect();
        points[51_234].1 = 900.0;
        points[777].1 = -3.0;
        points[5].1 = f64::NAN;
        let thin = thinned(&points, 1000);
        assert!(thin.len() <= 1010, "{}", thin.len());
        assert!(thin.contains(&(51_234.0, 900.0)) && thin.contains(&(777.0, -3.0)));
        assert!(thin.iter().any(|point| point.1.is_nan()));
        assert_eq!((thin[0].0, thin[thin.len() - 1].0), (0.0, 99_999.0));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(thinned(&points[..900], 1000).len(), 900);
    }
}
