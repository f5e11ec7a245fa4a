//! The kernels that generated code calls: one result for each matrix of a batch.

use super::LinearAlgebra;
use crate::runtime::guard::guarded;

/// What a kernel computes and for how many matrices.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct MatrixDescriptor {
    /// The function.
    pub function: LinearAlgebra,
    /// How many matrices.
    pub batch: usize,
    /// The rows and columns of a matrix.
    pub n: usize,
    /// The columns of a right-hand side.
    pub k: usize,
}

/// The numbers of one matrix's part of the working memory: the matrix, the right-hand side, the result, and what the
/// function itself needs.
struct Parts {
    matrix: usize,
    right: usize,
    result: usize,
    work: usize,
}

impl MatrixDescriptor {
    fn parts(&self) -> Parts {
        Parts {
            matrix: self.function.rows(self.n) * self.n,
            right: if self.function.solves() { self.n * self.k } else { 0 },
            result: self.function.result_count(self.n, self.k),
            work: self.function.work(self.n),
        }
    }

    /// How many numbers of working memory the kernel needs, whatever the batch.
    pub fn working_memory(&self) -> usize {
        let Parts { matrix, right, result, work } = self.parts();
        matrix + right + result + work
    }

    /// Results one after another, from matrices and right-hand sides that lie one after another.
    fn run<T: Precision>(&self, matrices: &[T], rights: &[T], results: &mut [T], memory: &mut [f64]) {
        let parts = self.parts();
        let (matrix, memory) = memory.split_at_mut(parts.matrix);
        let (right, memory) = memory.split_at_mut(parts.right);
        let (result, work) = memory.split_at_mut(parts.result);
        for entry in 0..self.batch {
            widen(&matrices[entry * parts.matrix..][..parts.matrix], matrix);
            widen(&rights[entry * parts.right..][..parts.right], right);
            self.function.compute(self.n, matrix, right, result, work);
            for (to, value) in results[entry * parts.result..][..parts.result].iter_mut().zip(&*result) {
                *to = T::of(*value);
            }
        }
    }
}

/// A precision of numbers in memory.
trait Precision: Copy {
    /// The same number in double precision.
    fn double(self) -> f64;
    /// The nearest number.
    fn of(value: f64) -> Self;
}

impl Precision for f64 {
    fn double(self) -> f64 {
        self
    }
    fn of(value: f64) -> Self {
        value
    }
}

impl Precision for f32 {
    fn double(self) -> f64 {
        f64::from(self)
    }
    fn of(value: f64) -> Self {
        value as f32
    }
}

fn widen<T: Precision>(from: &[T], to: &mut [f64]) {
    for (to, value) in to.iter_mut().zip(from) {
        *to = value.double();
    }
}

/// Numbers in memory; where there are none, the address does not matter.
///
/// # Safety
/// See [`kernel_double`].
unsafe fn view<'a, T>(start: *const T, count: usize) -> &'a [T] {
    // SAFETY: promised by the caller.
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(start, count) } }
}

/// # Safety
/// See [`kernel_double`].
unsafe fn view_mut<'a, T>(start: *mut T, count: usize) -> &'a mut [T] {
    // SAFETY: promised by the caller.
    if count == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(start, count) } }
}

/// # Safety
/// See [`kernel_double`].
unsafe fn kernel<T: Precision>(
    descriptor: *const MatrixDescriptor,
    matrices: *const T,
    rights: *const T,
    results: *mut T,
    memory: *mut f64,
) {
    // SAFETY: promised by the caller.
    unsafe {
        let descriptor = &*descriptor;
        let Parts { matrix, right, result, .. } = descriptor.parts();
        let batch = descriptor.batch;
        descriptor.run(
            view(matrices, batch * matrix),
            view(rights, batch * right),
            view_mut(results, batch * result),
            view_mut(memory, descriptor.working_memory()),
        );
    }
}

/// Computes the results of a batch in double precision.
///
/// # Safety
/// The descriptor is valid; the buffers hold what it says, `memory` its [`MatrixDescriptor::working_memory`]; what is
/// written overlaps nothing else. Functions without a right-hand side may be given any aligned pointer for it.
#[inline(never)]
pub unsafe extern "C" fn kernel_double(
    descriptor: *const MatrixDescriptor,
    matrices: *const f64,
    rights: *const f64,
    results: *mut f64,
    memory: *mut f64,
) {
    // SAFETY: the same promises.
    guarded((), || unsafe { kernel(descriptor, matrices, rights, results, memory) });
}

/// Computes the results of a batch in double precision and rounds them to single precision.
///
/// # Safety
/// See [`kernel_double`].
#[inline(never)]
pub unsafe extern "C" fn kernel_single(
    descriptor: *const MatrixDescriptor,
    matrices: *const f32,
    rights: *const f32,
    results: *mut f32,
    memory: *mut f64,
) {
    // SAFETY: the same promises.
    guarded((), || unsafe { kernel(descriptor, matrices, rights, results, memory) });
}
