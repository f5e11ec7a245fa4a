//! Short functions that code calls beside those of the runtime. None is inlined, so that each has one address wherever it is
//! named.

use crate::runtime::random::{draw_normal, draw_uniform, mix_words};

/// Zero in so many bytes.
///
/// # Safety
/// There are so many bytes.
#[inline(never)]
pub unsafe extern "C" fn zero_bytes(to: *mut u8, bytes: usize) {
    // SAFETY: generated code passes a buffer of so many bytes.
    unsafe { std::ptr::write_bytes(to, 0, bytes) };
}

/// Copies bytes, also onto themselves.
///
/// # Safety
/// There are so many bytes at both places.
#[inline(never)]
pub unsafe extern "C" fn copy_bytes(out: *mut u8, from: *const u8, bytes: usize) {
    // SAFETY: generated code passes strips with so many bytes; a strip may be copied onto itself.
    unsafe { std::ptr::copy(from, out, bytes) };
}

/// Copies bytes, unless both places are the same.
///
/// # Safety
/// There are so many bytes at both places, which are the same or apart.
#[inline(never)]
pub unsafe extern "C" fn settle(to: *mut u8, from: *const u8, bytes: usize) {
    if !std::ptr::eq(to, from) {
        // SAFETY: generated code passes two memories of so many bytes, which are the same or apart.
        unsafe { std::ptr::copy_nonoverlapping(from, to, bytes) };
    }
}

/// Two words mixed.
#[inline(never)]
pub extern "C" fn mix(first: u64, second: u64) -> u64 {
    mix_words(first, second)
}

/// The uniform single of a key.
#[inline(never)]
pub extern "C" fn uniform_f32(key: u64) -> f32 {
    draw_uniform(key) as f32
}

/// The uniform double of a key.
#[inline(never)]
pub extern "C" fn uniform_f64(key: u64) -> f64 {
    draw_uniform(key)
}

/// The standard normal single of a key.
#[inline(never)]
pub extern "C" fn normal_f32(key: u64) -> f32 {
    draw_normal(key) as f32
}

/// The standard normal double of a key.
#[inline(never)]
pub extern "C" fn normal_f64(key: u64) -> f64 {
    draw_normal(key)
}
