use super::LinearAlgebra::{self, *};

fn compute(function: LinearAlgebra, n: usize, matrix: &[f64], right: &[f64]) -> Vec<f64> {
    let k = right.len().checked_div(n).unwrap_or(0);
    let mut result = vec![0.0; function.result_count(n, k)];
    function.compute(n, &mut matrix.to_vec(), right, &mut result, &mut vec![0.0; function.work(n)]);
    result
}

/// Reproducible numbers between -1 and 1.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn product(left: &[f64], right: &[f64], n: usize) -> Vec<f64> {
    let entry = |at: usize| (0..n).map(|k| left[at / n * n + k] * right[k * n + at % n]).sum();
    (0..n * n).map(entry).collect()
}

fn transposed(matrix: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| matrix[at % n * n + at / n]).collect()
}

fn distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Symmetric matrices that are hard for rotations: of low rank, graded, with equal and tiny eigenvalues.
fn symmetric_matrices(n: usize) -> Vec<Vec<f64>> {
    let random = numbers(n * n, n as u64);
    let full: Vec<f64> = random.iter().zip(transposed(&random, n)).map(|(a, b)| a + b).collect();
    let vector = numbers(n, 77);
    let outer = (0..n * n).map(|at| vector[at / n] * vector[at % n]).collect();
    let graded = (0..n * n).map(|at| full[at] * 10_f64.powi(-3 * (at / n + at % n) as i32)).collect();
    let identity = (0..n * n).map(|at| f64::from(u8::from(at % (n + 1) == 0))).collect();
    vec![
        full.clone(),
        outer,
        graded,
        identity,
        vec![1.0; n * n],
        vec![0.0; n * n],
        full.iter().map(|x| x * 1e-200).collect(),
    ]
}

#[test]
fn eigenvectors_diagonalise() {
    for n in [1, 2, 3, 7, 20, 60] {
        for (kind, matrix) in symmetric_matrices(n).into_iter().enumerate() {
            let result = compute(SymmetricEigen, n, &matrix, &[]);
            let (values, vectors) = result.split_at(n);
            let scale = matrix.iter().fold(0.0, |scale: f64, x| scale.max(x.abs())) * n as f64;
            assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{n} {kind}: {values:?}");
            let image = product(&matrix, vectors, n);
            let scaled: Vec<f64> = vectors.iter().enumerate().map(|(at, x)| x * values[at % n]).collect();
            assert!(distance(&image, &scaled) <= 1e-14 * scale, "{n} {kind}: {}", distance(&image, &scaled) / scale);
            let gram = product(&transposed(vectors, n), vectors, n);
            let identity: Vec<f64> = (0..n * n).map(|at| f64::from(u8::from(at % (n + 1) == 0))).collect();
            assert!(
                distance(&gram, &identity) <= 1e-15 * (n as f64 + 5.0),
                "{n} {kind}: {}",
                distance(&gram, &identity)
            );
        }
    }
}

#[test]
fn factors_and_solutions_multiply_back() {
    for n in [1, 2, 3, 9, 40] {
        let matrix = numbers(n * n, 5 + n as u64);
        let mut definite = product(&matrix, &transposed(&matrix, n), n);
        (0..n).for_each(|place| definite[place * n + place] += 1.0);
        let factor = compute(Cholesky, n, &definite, &[]);
        let back = product(&factor, &transposed(&factor, n), n);
        assert!(distance(&back, &definite) <= 1e-14 * n as f64, "{n}");
        let right = numbers(n * n, 9);
        let solved = compute(Solve, n, &definite, &right);
        assert!(distance(&product(&definite, &solved, n), &right) <= 1e-13 * n as f64, "{n}");
        for (upper, transposes) in [(false, false), (false, true), (true, false), (true, true)] {
            let function = TriangularSolve { upper, transposed: transposes };
            let stored = if upper { transposed(&factor, n) } else { factor.clone() };
            let read = if transposes { transposed(&stored, n) } else { stored.clone() };
            let solved = compute(function, n, &stored, &right);
            assert!(distance(&product(&read, &solved, n), &right) <= 1e-13 * n as f64, "{n} {function:?}");
        }
    }
}

#[test]
fn cofactors_hold_at_every_rank() {
    // Rank 2 of 3: the cofactors are the outer product of the null vectors; rank 1: none.
    let rank_two = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let expected = [-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0];
    assert!(distance(&compute(Cofactors, 3, &rank_two, &[]), &expected) < 1e-13);
    assert_eq!(compute(Cofactors, 3, &[1.0; 9], &[]), [0.0; 9]);
    assert_eq!(compute(Cofactors, 3, &[0.0; 9], &[]), [0.0; 9]);
    assert_eq!(compute(Cofactors, 2, &[0.0; 4], &[]), [0.0; 4]);
    assert_eq!(compute(Cofactors, 2, &[1.0, 2.0, 3.0, 4.0], &[]), [4.0, -3.0, -2.0, 1.0]);
    assert_eq!(compute(Cofactors, 1, &[0.0], &[]), [1.0]);
    for n in [2, 3, 5, 8] {
        let matrix = numbers(n * n, n as u64);
        let determinant = compute(Determinant, n, &matrix, &[])[0];
        let back = product(&matrix, &transposed(&compute(Cofactors, n, &matrix, &[]), n), n);
        let scaled: Vec<f64> = (0..n * n).map(|at| if at % (n + 1) == 0 { determinant } else { 0.0 }).collect();
        assert!(distance(&back, &scaled) < 1e-14, "{n}: {}", distance(&back, &scaled));
    }
}

#[test]
fn determinants() {
    let matrix = [0.0, 2.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0, -4.0];
    assert_eq!(compute(Determinant, 3, &matrix, &[]), [24.0]);
    assert_eq!(compute(DeterminantSign, 3, &matrix, &[]), [1.0]);
    assert!((compute(LogAbsDeterminant, 3, &matrix, &[])[0] - 3.178_053_830_347_945_8).abs() < 1e-15);
    let singular = [1.0, 2.0, 2.0, 4.0];
    assert_eq!(compute(Determinant, 2, &singular, &[]), [0.0]);
    assert_eq!(compute(DeterminantSign, 2, &singular, &[]), [0.0]);
    assert_eq!(compute(LogAbsDeterminant, 2, &singular, &[]), [f64::NEG_INFINITY]);
    assert_eq!(compute(Determinant, 0, &[], &[]), [1.0]);
    // The product overflows, its logarithm does not.
    let large = [1e200, 0.0, 0.0, 1e200];
    assert_eq!(compute(Determinant, 2, &large, &[]), [f64::INFINITY]);
    assert_eq!(compute(DeterminantSign, 2, &large, &[]), [1.0]);
}

#[test]
fn what_has_no_result_is_nan() {
    let all_nan = |values: &[f64]| values.iter().all(|value| value.is_nan());
    assert!(all_nan(&compute(Cholesky, 2, &[1.0, 2.0, 2.0, 1.0], &[])));
    assert!(all_nan(&compute(Cholesky, 2, &[1.0, 0.0, 0.0, 0.0], &[])));
    assert!(all_nan(&compute(Solve, 2, &[1.0, 2.0, 2.0, 4.0], &[1.0, 1.0])));
    let lower = TriangularSolve { upper: false, transposed: false };
    assert!(all_nan(&compute(lower, 2, &[1.0, 0.0, 1.0, 0.0], &[1.0, 1.0])));
    for bad in [f64::NAN, f64::INFINITY] {
        let matrix = [1.0, bad, bad, 1.0];
        for function in [Cholesky, Determinant, Cofactors, LogAbsDeterminant, DeterminantSign, SymmetricEigen] {
            assert!(all_nan(&compute(function, 2, &matrix, &[])), "{function:?}");
        }
        assert!(all_nan(&compute(Solve, 2, &matrix, &[1.0, 1.0])));
        // The other triangle is not read.
        assert_eq!(compute(lower, 2, &[1.0, bad, 1.0, 1.0], &[1.0, 3.0]), [1.0, 2.0]);
    }
}

#[test]
fn each_vector_has_its_sign() {
    let result = compute(SymmetricEigen, 2, &[2.0, 1.0, 1.0, 2.0], &[]);
    let half = 0.5_f64.sqrt();
    assert!(distance(&result, &[1.0, 3.0, half, half, -half, half]) < 1e-15, "{result:?}");
}
