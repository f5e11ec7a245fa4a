//! Strips of one kernel on several threads.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use super::threads::{self, Shared};
use super::{AlignedBytes, STRIP};

/// A generated kernel: `(inputs, outputs, workspace, first, end, scratch)`; it returns 0, or what went wrong.
pub type StripFunction = unsafe extern "C" fn(*const *const u8, *const *mut u8, *mut u8, usize, usize, *mut u8) -> i64;

/// The sizes of a kernel.
#[derive(Debug, Clone, Copy)]
pub struct DividedStrips {
    /// Its elements.
    pub count: usize,
    /// The elements that are worth a thread's trouble.
    pub least: usize,
    /// The memory it needs for strips that are not stored.
    pub scratch_bytes: usize,
}

thread_local! {
    /// Memory for strips that are not stored, as much as the greatest kernel needed.
    static SCRATCH: RefCell<AlignedBytes> = RefCell::new(AlignedBytes::zeroed(0));
}

/// Runs a kernel, on several threads if it is long; what went wrong in the first strip that failed, or 0.
///
/// # Safety
/// The function is valid for all ranges of its elements that begin with a strip, in any order and at once, each with
/// scratch memory of its own; `scratch` is enough for one.
pub unsafe extern "C" fn divided_strips(
    sizes: *const DividedStrips,
    function: StripFunction,
    inputs: *const *const u8,
    outputs: *const *mut u8,
    workspace: *mut u8,
    scratch: *mut u8,
) -> i64 {
    // SAFETY: promised by the caller.
    let (sizes, memory) = unsafe { (&*sizes, Shared::new((inputs, outputs, workspace))) };
    let items = threads::items(sizes.count, sizes.least);
    if items == 1 {
        // SAFETY: promised by the caller.
        return unsafe { function(inputs, outputs, workspace, 0, sizes.count, scratch) };
    }
    let failure: Mutex<Option<(usize, i64)>> = Mutex::new(None);
    threads::divide(sizes.count, STRIP, items, &|range| {
        let (inputs, outputs, workspace) = memory.get();
        let status = with_scratch(sizes.scratch_bytes, |scratch| {
            // SAFETY: promised by the caller; ranges begin with a strip.
            unsafe { function(inputs, outputs, workspace, range.start, range.end, scratch) }
        });
        if status != 0 {
            let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none_or(|(start, _)| range.start < start) {
                *first = Some((range.start, status));
            }
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(0, |(_, status)| status)
}

/// Calls back with this thread's scratch memory. Kernels do not call kernels.
fn with_scratch<R>(bytes: usize, work: impl FnOnce(*mut u8) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < bytes {
            *scratch = AlignedBytes::zeroed(bytes);
        }
        work(scratch.as_mut_ptr())
    })
}
