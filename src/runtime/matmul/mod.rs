//! Matrix products `C[m, n] (+)= sum over k of A[m, k] B[k, n]`, batched, with any strides for `A` and `B`.
//!
//! The bits of a result depend on the shape, the strides and the processor level, and on nothing else.

pub mod distances;
mod divided;
pub mod looped;
mod narrow;
mod packing;
mod product;
mod terms;
#[cfg(test)]
mod tests;
pub(super) mod vector;

use super::Element;
use super::kernel::PerLevel;

/// The sizes and strides of a batch of products. Strides are in elements. The rows of each `C` are contiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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
    /// From one row of `C` to the next; at least `n`.
    pub c_row: usize,
    /// 0: `C` is overwritten; otherwise the product is added to it.
    pub accumulate: usize,
}

/// The type of [`matmul_f64`] and [`matmul_f32`].
pub type Matmul = unsafe extern "C" fn(shape: *const MatmulShape, c: *mut u8, a: *const u8, b: *const u8);

/// The function for an element type; `None` for integers and truth values.
pub fn function(element: Element) -> Option<Matmul> {
    match element {
        Element::F64 => Some(versions_f64().get()),
        Element::F32 => Some(versions_f32().get()),
        Element::I64 | Element::Bool => None,
    }
}

#[cfg(target_arch = "x86_64")]
mod levels {
    use super::vector::{Avx2F32, Avx2F64, Avx512F32, Avx512F64, Vector};
    use super::{MatmulShape, product};

    macro_rules! versions {
        ($($name:ident $packing:ident $vector:ty: $features:literal;)*) => {
            $(
                #[target_feature(enable = $features)]
                pub(super) unsafe extern "C" fn $name(
                    shape: *const MatmulShape,
                    c: *mut u8,
                    a: *const u8,
                    b: *const u8,
                ) {
                    // SAFETY: promised by the caller.
                    unsafe { product::batched::<$vector>(shape, c, a, b, $packing) }
                }

                #[inline(never)]
                #[target_feature(enable = $features)]
                unsafe fn $packing(operands: &product::Operands<<$vector as Vector>::Number>) {
                    // SAFETY: promised by the caller.
                    unsafe { product::packed::<$vector>(operands) }
                }
            )*
        };
    }

    versions! {
        avx2_f64 avx2_packing_f64 Avx2F64: "avx2,fma";
        avx2_f32 avx2_packing_f32 Avx2F32: "avx2,fma";
        avx512_f64 avx512_packing_f64 Avx512F64: "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw";
        avx512_f32 avx512_packing_f32 Avx512F32: "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw";
    }
}

/// The versions of the product in double precision.
pub fn versions_f64() -> PerLevel<Matmul> {
    #[cfg(target_arch = "x86_64")]
    return PerLevel([baseline_f64, levels::avx2_f64, levels::avx512_f64]);
    #[cfg(not(target_arch = "x86_64"))]
    return PerLevel([baseline_f64; 3]);
}

/// The versions of the product in single precision.
pub fn versions_f32() -> PerLevel<Matmul> {
    #[cfg(target_arch = "x86_64")]
    return PerLevel([baseline_f32, levels::avx2_f32, levels::avx512_f32]);
    #[cfg(not(target_arch = "x86_64"))]
    return PerLevel([baseline_f32; 3]);
}

macro_rules! products {
    ($($name:ident $baseline:ident $versions:ident $type:ty, $what:literal;)*) => {
        $(
            unsafe extern "C" fn $baseline(shape: *const MatmulShape, c: *mut u8, a: *const u8, b: *const u8) {
                // SAFETY: promised by the caller.
                unsafe { product::batched::<vector::Portable<$type>>(shape, c, a, b, product::packed::<vector::Portable<$type>>) }
            }

            #[doc = concat!("The batched matrix product in ", $what, " precision, in the version for the level in use.")]
            ///
            /// # Safety
            /// The pointers are valid for every element that the shape names; `C` overlaps neither `A` nor `B`.
            pub unsafe extern "C" fn $name(shape: *const MatmulShape, c: *mut u8, a: *const u8, b: *const u8) {
                // SAFETY: promised by the caller; `get` returns a version this processor can run.
                unsafe { $versions().get()(shape, c, a, b) }
            }
        )*
    };
}

products! {
    matmul_f64 baseline_f64 versions_f64 f64, "double";
    matmul_f32 baseline_f32 versions_f32 f32, "single";
}
