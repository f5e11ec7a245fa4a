use super::*;
use crate::runtime::Level;

const SIZES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (5, 3, 2), (4, 16, 8), (10, 37, 3), (3, 64, 17), (70, 9, 5), (6, 33, 256), (2, 130, 1)];

fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 7919 + seed * 31) % 1009) as f64 / 317.0 - 1.5).collect()
}

fn shape((m, n, k): (usize, usize, usize), turned: bool, wanted: Wanted) -> DistancesDescriptor {
    let strides = |rows: usize| match turned {
        true => [(rows * k) as isize, 1, rows as isize],
        false => [(rows * k) as isize, k as isize, 1],
    };
    DistancesDescriptor { batch: 2, m, n, k, a: strides(m), b: strides(n), wanted, bytes: 8 }
}

/// Each distance in order of its terms, with one rounding for each.
fn expected(shape: &DistancesDescriptor, a: &[f64], b: &[f64]) -> Vec<f64> {
    let at = |strides: &[isize; 3], place: [usize; 3]| {
        strides.iter().zip(place).map(|(stride, place)| *stride as usize * place).sum::<usize>()
    };
    let mut all = Vec::new();
    for entry in 0..shape.batch {
        for (i, j) in (0..shape.m).flat_map(|i| (0..shape.n).map(move |j| (i, j))) {
            let difference = |t: usize| a[at(&shape.a, [entry, i, t])] - b[at(&shape.b, [entry, j, t])];
            let block = |first: usize| {
                let terms = (first..shape.k.min(first + DEPTH)).map(difference);
                terms.fold(0.0, |sum, each| each.mul_add(each, sum))
            };
            all.push((0..shape.k).step_by(DEPTH).map(block).sum());
        }
    }
    all
}

/// The results of a kernel on all rows and columns at once, and in two parts of them.
fn results<T: Copy + Default>(shape: &DistancesDescriptor, level: Level, a: &[f64], b: &[f64]) -> [Vec<T>; 2] {
    let each = if shape.wanted == Wanted::All { shape.m * shape.n } else { shape.n };
    [0, shape.n / 3].map(|cut| {
        let mut c = vec![T::default(); 2 * each];
        for (entry, columns) in (0..2).flat_map(|entry| [(entry, 0..cut), (entry, cut..shape.n)]) {
            let part = Part { rows: 0..shape.m, columns };
            // SAFETY: the pointers are valid for the shape, and the level is there.
            unsafe {
                let a = a.as_ptr().offset(entry as isize * shape.a[0]).cast();
                let b = b.as_ptr().offset(entry as isize * shape.b[0]).cast();
                versions(8).at(level)(shape, &part, c.as_mut_ptr().add(entry * each).cast(), a, b);
            }
        }
        c
    })
}

#[test]
fn all_levels_and_parts_have_equal_bits() {
    for (sizes, turned) in SIZES.into_iter().flat_map(|sizes| [(sizes, false), (sizes, true)]) {
        let (m, n, k) = sizes;
        let (mut a, mut b) = (numbers(2 * m * k, 1), numbers(2 * n * k, 2));
        if m > 5 {
            (a[3], b[1], b[k + 1]) = (f64::NAN, f64::INFINITY, -f64::NAN);
        }
        let table = expected(&shape(sizes, turned, Wanted::All), &a, &b);
        let column = |entry: usize, j: usize| -> Vec<f64> { (0..m).map(|i| table[(entry * m + i) * n + j]).collect() };
        for level in Level::available() {
            let same = |found: &[f64], expected: &[f64]| {
                let pairs = found.iter().zip(expected);
                pairs.for_each(|(x, y)| assert!(x == y || (x.is_nan() && y.is_nan()), "{sizes:?} {level:?}: {x} {y}"));
            };
            for found in results::<f64>(&shape(sizes, turned, Wanted::All), level, &a, &b) {
                same(&found, &table);
            }
            for greatest in [false, true] {
                let before = |x: f64, y: f64| if greatest { x > y } else { x < y };
                let best = |column: Vec<f64>| {
                    (1..m).fold(0, |best, i| {
                        let (x, y) = (column[i], column[best]);
                        if before(x, y) || (x.is_nan() && !y.is_nan()) { i } else { best }
                    })
                };
                let columns = || (0..2).flat_map(|entry| (0..n).map(move |j| (entry, j)));
                let places: Vec<usize> = columns().map(|(entry, j)| best(column(entry, j))).collect();
                let extremes: Vec<f64> = columns().zip(&places).map(|((entry, j), i)| column(entry, j)[*i]).collect();
                for found in results::<f64>(&shape(sizes, turned, Wanted::Extreme { greatest }), level, &a, &b) {
                    same(&found, &extremes);
                }
                for found in results::<i64>(&shape(sizes, turned, Wanted::Place { greatest }), level, &a, &b) {
                    let found: Vec<usize> = found.into_iter().map(|place| place as usize).collect();
                    assert_eq!(found, places, "{sizes:?} {level:?}");
                }
            }
        }
    }
}

#[test]
fn more_terms_than_a_panel_go_on_from_the_table() {
    let shape = shape((7, 21, 2 * DEPTH + 3), false, Wanted::All);
    let (a, b) = (numbers(2 * 7 * shape.k, 3), numbers(2 * 21 * shape.k, 4));
    for level in Level::available() {
        for found in results::<f64>(&shape, level, &a, &b) {
            assert_eq!(found, expected(&shape, &a, &b), "{level:?}");
        }
    }
}
