//! Matrix products `C[m, n] (+)= sum over k of A[m, k] B[k, n]`, batched, with any strides for `A` and `B`.
//!
//! The bits of a result depend on the shape, the strides and the processor level, and on nothing else.

#[cfg(test)]
mod tests;

use super::Element;

/// The sizes and strides of a batch of products. Strides are in elements. The rows of each `C` are contiguous: its row
/// stride is `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct MatmulShape {
    /// The number of products.
    pub batch: usize,
    /// The rows of `A` and `C`.
    pub m: usize,
    /// The columns of `A` and rows of `B`.
    pub k: usize,
    /// The columns of `B` and `C`.
    pub n: usize,
    /// From one `A` to the next.
    pub a_batch: isize,
    /// From one row of `A` to the next.
    pub a_row: isize,
    /// From one column of `A` to the next.
    pub a_column: isize,
    /// From one `B` to the next.
    pub b_batch: isize,
    /// From one row of `B` to the next.
    pub b_row: isize,
    /// From one column of `B` to the next.
    pub b_column: isize,
    /// From one `C` to the next.
    pub c_batch: isize,
    /// 0: `C` is overwritten; otherwise the product is added to it.
    pub accumulate: usize,
}

/// The type of [`matmul_f64`] and [`matmul_f32`].
pub type Matmul = unsafe extern "C" fn(shape: *const MatmulShape, c: *mut u8, a: *const u8, b: *const u8);

/// The function for an element type; `None` for integers and truth values.
pub fn function(element: Element) -> Option<Matmul> {
    match element {
        Element::F64 => Some(matmul_f64),
        Element::F32 => Some(matmul_f32),
        Element::I64 | Element::Bool => None,
    }
}

macro_rules! products {
    ($name:ident, $type:ty, $what:literal) => {
        #[doc = concat!("The batched matrix product in ", $what, " precision.")]
        ///
        /// # Safety
        /// The pointers are valid for every element that the shape names; `C` overlaps neither `A` nor `B`.
        pub unsafe extern "C" fn $name(shape: *const MatmulShape, c: *mut u8, a: *const u8, b: *const u8) {
            // SAFETY: promised by the caller.
            unsafe {
                let shape = &*shape;
                for i in 0..shape.batch as isize {
                    let a = a.cast::<$type>().offset(i * shape.a_batch);
                    let b = b.cast::<$type>().offset(i * shape.b_batch);
                    let c = c.cast::<$type>().offset(i * shape.c_batch);
                    for row in 0..shape.m {
                        for column in 0..shape.n {
                            let mut sum: $type = 0.0;
                            for k in 0..shape.k as isize {
                                let x = *a.offset(row as isize * shape.a_row + k * shape.a_column);
                                let y = *b.offset(k * shape.b_row + column as isize * shape.b_column);
                                sum = x.mul_add(y, sum);
                            }
                            let place = c.add(row * shape.n + column);
                            *place = if shape.accumulate == 0 { sum } else { *place + sum };
                        }
                    }
                }
            }
        }
    };
}

products!(matmul_f64, f64, "double");
products!(matmul_f32, f32, "single");
