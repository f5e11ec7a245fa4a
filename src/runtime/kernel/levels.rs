//! One function pointer for each processor level, and the macro that compiles a body for each.

use crate::runtime::{Level, cpu};

/// `out[i] = f(a[i])`.
pub type Strip1<T, A> = unsafe extern "C" fn(out: *mut T, a: *const A, n: usize);

/// `out[i] = f(a[i], b[i])`, where an operand may be one value.
pub type Strip2<T, A> = unsafe extern "C" fn(out: *mut T, a: *const A, b: *const A, n: usize);

/// The versions of one function, lowest level first.
#[derive(Debug, Clone, Copy)]
pub struct PerLevel<F>(pub(crate) [F; 3]);

impl<F: Copy> PerLevel<F> {
    /// The version for the level in use.
    #[inline]
    pub fn get(&self) -> F {
        self.0[cpu() as usize]
    }

    /// The version for a given level. The caller must not run it on a processor that lacks the level.
    pub const fn at(&self, level: Level) -> F {
        self.0[level as usize]
    }

    /// The addresses of the versions of a function.
    pub fn addresses(&self) -> Versions {
        const { assert!(size_of::<F>() == size_of::<*const u8>(), "versions are function pointers") };
        // SAFETY: a function pointer is as large as a pointer, and any address is one.
        self.0.map(|version| unsafe { std::mem::transmute_copy::<F, *const u8>(&version) })
    }
}

/// The addresses of the versions of a function, lowest level first.
pub type Versions = [*const u8; 3];

/// Compiles each function, whose body must be inlined all the way down, once for each processor level, into the modules
/// `baseline`, `avx2` and `avx512` beside the call.
macro_rules! for_each_level {
    ($($functions:tt)*) => {
        mod baseline {
            use super::*;
            /// Whether fused multiply-adds of whole vectors are instructions; elsewhere each is a call.
            #[allow(dead_code, reason = "for the functions that ask")]
            const VECTORS: bool = cfg!(not(target_arch = "x86_64"));
            $crate::runtime::kernel::levels::define_at_level! { [] $($functions)* }
        }
        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            use super::*;
            #[allow(dead_code, reason = "for the functions that ask")]
            const VECTORS: bool = true;
            $crate::runtime::kernel::levels::define_at_level! { [#[target_feature(enable = "avx2,fma")]] $($functions)* }
        }
        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::*;
            #[allow(dead_code, reason = "for the functions that ask")]
            const VECTORS: bool = true;
            $crate::runtime::kernel::levels::define_at_level! {
                [#[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw")]] $($functions)*
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        use {baseline as avx2, baseline as avx512};
    };
}

/// The items of one level: see [`for_each_level`].
macro_rules! define_at_level {
    ([$($feature:tt)*]) => {};
    (
        [$($feature:tt)*]
        fn $name:ident[$($parameter:ident $(: $bound:path)?),*]($($argument:ident: $type:ty),*) $(-> $result:ty)? { $body:expr }
        $($rest:tt)*
    ) => {
        #[allow(unused_unsafe, reason = "some bodies are safe")]
        $($feature)*
        // So that it has one address wherever it is named.
        #[inline(never)]
        pub(super) unsafe extern "C" fn $name<$($parameter $(: $bound)?),*>($($argument: $type),*) $(-> $result)? {
            // SAFETY: the caller keeps the rules of strip functions, which the body needs.
            unsafe { $body }
        }
        $crate::runtime::kernel::levels::define_at_level! { [$($feature)*] $($rest)* }
    };
}

/// The versions of a function compiled by [`for_each_level`].
macro_rules! per_level {
    ($name:ident) => {
        $crate::runtime::kernel::levels::PerLevel([baseline::$name, avx2::$name, avx512::$name])
    };
    ($name:ident::<$($parameter:ty),*>) => {
        $crate::runtime::kernel::levels::PerLevel([
            baseline::$name::<$($parameter),*>,
            avx2::$name::<$($parameter),*>,
            avx512::$name::<$($parameter),*>,
        ])
    };
}

pub(crate) use {define_at_level, for_each_level, per_level};
