//! Eigenvalues and eigenvectors of symmetric matrices by cyclic Jacobi rotations.
//!
//! Each rotation makes one entry off the diagonal zero; sweeps over all of them converge quadratically, in fewer than
//! ten for any matrix met in practice, and give small eigenvalues of definite matrices to full relative accuracy.

/// More sweeps than any matrix has needed.
const SWEEPS: usize = 60;

/// Writes `[n + 1, n]`: eigenvalues ascending, then unit eigenvectors as columns. The matrix is overwritten; `work` has
/// `n * n` entries. False where the sweeps do not converge.
pub fn symmetric(matrix: &mut [f64], n: usize, result: &mut [f64], work: &mut [f64]) -> bool {
    work.fill(0.0);
    (0..n).for_each(|place| work[place * n + place] = 1.0);
    let settled = (0..SWEEPS).any(|_| !sweep(matrix, n, work));
    if !settled || !work.iter().all(|entry| entry.is_finite()) {
        return false;
    }
    let (values, vectors) = result.split_at_mut(n);
    for (place, value) in values.iter_mut().enumerate() {
        *value = matrix[place * n + place];
    }
    sort(values, work, n);
    for (place, vector) in work.chunks_exact(n.max(1)).enumerate() {
        let sign = sign(vector);
        for (row, entry) in vector.iter().enumerate() {
            vectors[row * n + place] = sign * entry;
        }
    }
    true
}

/// Rotates every entry off the diagonal that matters to zero; false if there was none. `vectors` are rows.
fn sweep(matrix: &mut [f64], n: usize, vectors: &mut [f64]) -> bool {
    let mut rotated = false;
    for low in 0..n {
        for high in low + 1..n {
            let [a, b, off] = [(low, low), (high, high), (low, high)].map(|(row, column)| matrix[row * n + column]);
            // Small against the geometric mean of the diagonal: so that small eigenvalues are exact too.
            if off.abs() <= 0.5 * f64::EPSILON * (a.abs().sqrt() * b.abs().sqrt()) || off.abs() < f64::MIN_POSITIVE {
                matrix[low * n + high] = 0.0;
                matrix[high * n + low] = 0.0;
                continue;
            }
            rotated = true;
            rotate(matrix, n, vectors, low, high);
        }
    }
    rotated
}

/// The rotation in the plane of two axes that makes their common entry zero.
fn rotate(matrix: &mut [f64], n: usize, vectors: &mut [f64], low: usize, high: usize) {
    let [a, b, off] = [(low, low), (high, high), (low, high)].map(|(row, column)| matrix[row * n + column]);
    // The smaller root of tan² + 2 ratio tan - 1, halved throughout against overflow.
    let half_difference = 0.5 * b - 0.5 * a;
    let ratio = half_difference / off;
    let tangent = if ratio.abs() > 1e150 {
        0.5 / ratio
    } else {
        1.0_f64.copysign(ratio) / (ratio.abs() + (ratio * ratio + 1.0).sqrt())
    };
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    turn(matrix, n, low, high, cosine, sine);
    turn(vectors, n, low, high, cosine, sine);
    for place in 0..n {
        matrix[place * n + low] = matrix[low * n + place];
        matrix[place * n + high] = matrix[high * n + place];
    }
    matrix[low * n + low] = a - tangent * off;
    matrix[high * n + high] = b + tangent * off;
    matrix[low * n + high] = 0.0;
    matrix[high * n + low] = 0.0;
}

/// Rotates two rows.
fn turn(matrix: &mut [f64], n: usize, low: usize, high: usize, cosine: f64, sine: f64) {
    let (before, from) = matrix.split_at_mut(high * n);
    for (a, b) in before[low * n..][..n].iter_mut().zip(&mut from[..n]) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

/// Sorts eigenvalues, and their vectors (rows) with them.
fn sort(values: &mut [f64], vectors: &mut [f64], n: usize) {
    for place in 0..n {
        let least = (place + 1..n).fold(place, |best, other| if values[other] < values[best] { other } else { best });
        if least != place {
            values.swap(place, least);
            let (before, from) = vectors.split_at_mut(least * n);
            before[place * n..][..n].swap_with_slice(&mut from[..n]);
        }
    }
}

/// What makes the first entry of at least half the greatest magnitude positive.
fn sign(vector: &[f64]) -> f64 {
    let greatest = vector.iter().fold(0.0, |greatest: f64, entry| greatest.max(entry.abs()));
    let first = vector.iter().find(|entry| entry.abs() >= 0.5 * greatest);
    if first.is_some_and(|entry| *entry < 0.0) { -1.0 } else { 1.0 }
}
