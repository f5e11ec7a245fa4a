//! Vectors of real numbers with masked ends, for each processor level.

/// The greatest number of lanes of any vector.
pub(super) const MOST_LANES: usize = 16;

/// A register of `LANES` numbers. The methods may only run on processors of the vector's level.
pub(in super::super) trait Vector: Copy {
    type Number: Copy;
    const ZERO: Self::Number;
    const ONE: Self::Number;
    const INFINITE: Self::Number;
    const LANES: usize;
    /// The greatest number of rows and of vectors in a row of a tile, chosen to fill the registers.
    const WIDE: bool;

    unsafe fn splat(x: Self::Number) -> Self;
    unsafe fn load(place: *const Self::Number) -> Self;
    /// The first `count` numbers, then zeros.
    unsafe fn load_part(place: *const Self::Number, count: usize) -> Self;
    unsafe fn store(self, place: *mut Self::Number);
    /// Writes the first `count` numbers.
    unsafe fn store_part(self, place: *mut Self::Number, count: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn subtract(self, other: Self) -> Self;
    /// In each lane the first of a pair where `self` is less than `other`, else the second.
    unsafe fn where_less(self, other: Self, pair: (Self, Self)) -> Self;
    /// The lanes of both by turns: those of the lower halves, and those of the upper ones.
    unsafe fn interleave(self, other: Self) -> (Self, Self);
    /// `self * factor + addend`, rounded once.
    unsafe fn fma(self, factor: Self, addend: Self) -> Self;
    /// `a * b + c` of single numbers, rounded once.
    unsafe fn fma_number(a: Self::Number, b: Self::Number, c: Self::Number) -> Self::Number;
    /// The sum of all lanes, halves first.
    unsafe fn sum(self) -> Self::Number;
    /// The sum of single numbers, halves first.
    unsafe fn sum_numbers(numbers: [Self::Number; 8]) -> Self::Number;
    /// The sum of two single numbers.
    unsafe fn add_numbers(a: Self::Number, b: Self::Number) -> Self::Number;
    /// A number that is whole, as an integer; none for NaN.
    fn whole(number: Self::Number) -> Option<i64>;
}

/// A vector for processors of the baseline.
#[derive(Clone, Copy)]
pub(in super::super) struct Portable<T>([T; 4]);

macro_rules! portable {
    ($($type:ty)*) => {
        $(impl Vector for Portable<$type> {
            type Number = $type;
            const ZERO: $type = 0.0;
            const ONE: $type = 1.0;
            const INFINITE: $type = <$type>::INFINITY;
            const LANES: usize = 4;
            const WIDE: bool = false;

            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                Self([x; 4])
            }

            #[inline(always)]
            unsafe fn load(place: *const $type) -> Self {
                // SAFETY: promised by the caller.
                Self(unsafe { place.cast::<[$type; 4]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn load_part(place: *const $type, count: usize) -> Self {
                let mut part = [0.0; 4];
                // SAFETY: promised by the caller.
                unsafe { std::ptr::copy_nonoverlapping(place, part.as_mut_ptr(), count) };
                Self(part)
            }

            #[inline(always)]
            unsafe fn store(self, place: *mut $type) {
                // SAFETY: promised by the caller.
                unsafe { place.cast::<[$type; 4]>().write_unaligned(self.0) };
            }

            #[inline(always)]
            unsafe fn store_part(self, place: *mut $type, count: usize) {
                // SAFETY: promised by the caller.
                unsafe { std::ptr::copy_nonoverlapping(self.0.as_ptr(), place, count) };
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
            }

            #[inline(always)]
            unsafe fn subtract(self, other: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] - other.0[i]))
            }

            #[inline(always)]
            unsafe fn where_less(self, other: Self, (yes, no): (Self, Self)) -> Self {
                Self(std::array::from_fn(|i| if self.0[i] < other.0[i] { yes.0[i] } else { no.0[i] }))
            }

            #[inline(always)]
            unsafe fn interleave(self, other: Self) -> (Self, Self) {
                let (a, b) = (self.0, other.0);
                (Self([a[0], b[0], a[1], b[1]]), Self([a[2], b[2], a[3], b[3]]))
            }

            #[inline(always)]
            unsafe fn fma(self, factor: Self, addend: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i].mul_add(factor.0[i], addend.0[i])))
            }

            #[inline(always)]
            unsafe fn fma_number(a: $type, b: $type, c: $type) -> $type {
                a.mul_add(b, c)
            }

            #[inline(always)]
            unsafe fn sum(self) -> $type {
                (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
            }

            #[inline(always)]
            unsafe fn sum_numbers(n: [$type; 8]) -> $type {
                ((n[0] + n[4]) + (n[2] + n[6])) + ((n[1] + n[5]) + (n[3] + n[7]))
            }

            #[inline(always)]
            unsafe fn add_numbers(a: $type, b: $type) -> $type {
                a + b
            }

            #[inline(always)]
            fn whole(number: $type) -> Option<i64> {
                (!number.is_nan()).then_some(number as i64)
            }
        })*
    };
}

portable! { f64 f32 }

#[cfg(target_arch = "x86_64")]
pub(in super::super) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    /// Ones and then zeros: a window of it is the mask of an end.
    static MASK_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    static MASK_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

    macro_rules! vector {
        (
            $name:ident, $register:ty, $type:ty, $lanes:literal, $wide:literal,
            $splat:ident, $load:ident, $store:ident, $add:ident, $subtract:ident, $fma:ident,
            |$count:ident| $mask:expr, |$m:ident, $place:ident| $load_part:expr, |$x:ident| $store_part:expr,
            |$left:ident, $right:ident| $interleave:expr,
            |$lesser:ident, $greater:ident, $yes:ident, $no:ident| $where_less:expr
        ) => {
            #[derive(Clone, Copy)]
            pub(in super::super::super) struct $name($register);

            impl Vector for $name {
                type Number = $type;
                const ZERO: $type = 0.0;
                const ONE: $type = 1.0;
                const INFINITE: $type = <$type>::INFINITY;
                const LANES: usize = $lanes;
                const WIDE: bool = $wide;

                #[inline(always)]
                unsafe fn splat(x: $type) -> Self {
                    // SAFETY: the processor has the level, as the caller promises; so in the other methods.
                    Self(unsafe { $splat(x) })
                }

                #[inline(always)]
                unsafe fn load(place: *const $type) -> Self {
                    // SAFETY: the place is valid, as the caller promises.
                    Self(unsafe { $load(place) })
                }

                #[inline(always)]
                unsafe fn load_part($place: *const $type, $count: usize) -> Self {
                    // SAFETY: only lanes below `count` are read.
                    unsafe {
                        let $m = $mask;
                        Self($load_part)
                    }
                }

                #[inline(always)]
                unsafe fn store(self, place: *mut $type) {
                    // SAFETY: the place is valid, as the caller promises.
                    unsafe { $store(place, self.0) }
                }

                #[inline(always)]
                unsafe fn store_part(self, $place: *mut $type, $count: usize) {
                    // SAFETY: only lanes below `count` are written.
                    unsafe {
                        let $m = $mask;
                        let $x = self.0;
                        $store_part
                    }
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the processor has the level.
                    Self(unsafe { $add(self.0, other.0) })
                }

                #[inline(always)]
                unsafe fn subtract(self, other: Self) -> Self {
                    // SAFETY: the processor has the level.
                    Self(unsafe { $subtract(self.0, other.0) })
                }

                #[inline(always)]
                unsafe fn where_less(self, other: Self, (yes, no): (Self, Self)) -> Self {
                    let ($lesser, $greater, $yes, $no) = (self.0, other.0, yes.0, no.0);
                    // SAFETY: the processor has the level.
                    Self(unsafe { $where_less })
                }

                #[inline(always)]
                unsafe fn interleave(self, other: Self) -> (Self, Self) {
                    let ($left, $right) = (self.0, other.0);
                    // SAFETY: the processor has the level.
                    let (low, high) = unsafe { $interleave };
                    (Self(low), Self(high))
                }

                #[inline(always)]
                unsafe fn fma(self, factor: Self, addend: Self) -> Self {
                    // SAFETY: the processor has the level.
                    Self(unsafe { $fma(self.0, factor.0, addend.0) })
                }

                #[inline(always)]
                unsafe fn fma_number(a: $type, b: $type, c: $type) -> $type {
                    a.mul_add(b, c)
                }

                #[inline(always)]
                unsafe fn sum(self) -> $type {
                    let mut lanes = [0.0; $lanes];
                    // SAFETY: the array has as many places as the vector.
                    unsafe { self.store(lanes.as_mut_ptr()) };
                    let mut width = $lanes / 2;
                    while width > 0 {
                        for i in 0..width {
                            lanes[i] += lanes[i + width];
                        }
                        width /= 2;
                    }
                    lanes[0]
                }

                #[inline(always)]
                unsafe fn sum_numbers(n: [$type; 8]) -> $type {
                    ((n[0] + n[4]) + (n[2] + n[6])) + ((n[1] + n[5]) + (n[3] + n[7]))
                }

                #[inline(always)]
                unsafe fn add_numbers(a: $type, b: $type) -> $type {
                    a + b
                }

                #[inline(always)]
                fn whole(number: $type) -> Option<i64> {
                    (!number.is_nan()).then_some(number as i64)
                }
            }
        };
    }

    vector!(
        Avx2F32,
        __m256,
        f32,
        8,
        false,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_fmadd_ps,
        |count| _mm256_loadu_si256(MASK_32.as_ptr().add(8 - count).cast()),
        |m, place| _mm256_maskload_ps(place, m),
        |x| _mm256_maskstore_ps(place, m, x),
        |a, b| {
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            (_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
        },
        |a, b, yes, no| _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b))
    );
    vector!(
        Avx2F64,
        __m256d,
        f64,
        4,
        false,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_fmadd_pd,
        |count| _mm256_loadu_si256(MASK_64.as_ptr().add(4 - count).cast()),
        |m, place| _mm256_maskload_pd(place, m),
        |x| _mm256_maskstore_pd(place, m, x),
        |a, b| {
            let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            (_mm256_permute2f128_pd::<0x20>(low, high), _mm256_permute2f128_pd::<0x31>(low, high))
        },
        |a, b, yes, no| _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_LT_OQ>(a, b))
    );
    vector!(
        Avx512F32,
        __m512,
        f32,
        16,
        true,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_fmadd_ps,
        |count| ((1u32 << count) - 1) as __mmask16,
        |m, place| _mm512_maskz_loadu_ps(m, place),
        |x| _mm512_mask_storeu_ps(place, m, x),
        |a, b| {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            (_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b))
        },
        |a, b, yes, no| _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), no, yes)
    );
    vector!(
        Avx512F64,
        __m512d,
        f64,
        8,
        true,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_fmadd_pd,
        |count| ((1u32 << count) - 1) as __mmask8,
        |m, place| _mm512_maskz_loadu_pd(m, place),
        |x| _mm512_mask_storeu_pd(place, m, x),
        |a, b| {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            (_mm512_permutex2var_pd(a, low, b), _mm512_permutex2var_pd(a, high, b))
        },
        |a, b, yes, no| _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b), no, yes)
    );
}
