//! Strips of one kernel on several threads.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::guard::{self, STOPPED, Trouble, guarded};
use super::reduce::{self, Reduction, UNIT, UNIT_LEVELS};
use super::threads::{self, Shared};
use super::{AlignedBytes, Element};

/// A generated kernel: `(inputs, outputs, workspace, first, end, scratch)`; it returns 0, or what went wrong.
pub type StripFunction = unsafe extern "C" fn(*const *const u8, *const *mut u8, *mut u8, usize, usize, *mut u8) -> i64;

/// The sizes of a kernel.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct DividedStrips {
    /// Its elements.
    pub count: usize,
    /// The elements of a strip.
    pub strip: usize,
    /// The elements that are worth a thread's trouble.
    pub least: usize,
    /// The memory it needs for strips that are not stored.
    pub scratch_bytes: usize,
    /// Its reductions, which have a state of their own for each unit of elements.
    pub folds: Vec<DividedFold>,
    /// Where those are in that memory.
    pub states: Vec<usize>,
}

/// A reduction in lanes.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct DividedFold {
    /// Where its state is in the workspace.
    pub state: usize,
    /// Where the lane vectors of whole units are.
    pub units: usize,
    /// The bytes of a lane vector.
    pub vector: usize,
    /// What is reduced with.
    pub reduction: Reduction,
    /// The type of the elements.
    pub element: Element,
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
#[inline(never)]
pub unsafe extern "C" fn divided_strips(
    sizes: *const DividedStrips,
    function: StripFunction,
    inputs: *const *const u8,
    outputs: *const *mut u8,
    workspace: *mut u8,
    scratch: *mut u8,
) -> i64 {
    // SAFETY: promised by the caller.
    guarded(STOPPED, || unsafe { run(&*sizes, function, (inputs, outputs, workspace), scratch) })
}

/// # Safety
/// As of [`divided_strips`].
unsafe fn run(
    sizes: &DividedStrips,
    function: StripFunction,
    (inputs, outputs, workspace): (*const *const u8, *const *mut u8, *mut u8),
    scratch: *mut u8,
) -> i64 {
    // SAFETY: promised by the caller.
    let memory = unsafe { Shared::new((inputs, outputs, workspace)) };
    let items = threads::items(sizes.count, sizes.least);
    if items == 1 && sizes.folds.is_empty() {
        // SAFETY: promised by the caller.
        return unsafe { function(inputs, outputs, workspace, 0, sizes.count, scratch) };
    }
    let failure: Mutex<Option<(usize, i64)>> = Mutex::new(None);
    let step = if sizes.folds.is_empty() { sizes.strip } else { UNIT };
    threads::divide(sizes.count, step, items, &|range| {
        let (inputs, outputs, workspace) = memory.get();
        let status = with_scratch(sizes.scratch_bytes, |scratch| {
            if !sizes.folds.is_empty() {
                // SAFETY: promised by the caller; ranges begin with a unit.
                return unsafe { units(sizes, function, (inputs, outputs, workspace), range.clone(), scratch) };
            }
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
    for fold in &sizes.folds {
        let lanes = reduce::kernel(fold.reduction, fold.element).and_then(|kernel| kernel.lanes);
        let Some(lanes) = lanes else { unreachable!("reductions of divided strips have lanes") };
        // SAFETY: the state and the lane vectors of all whole units are in the workspace.
        unsafe { lanes.join.get()(workspace.add(fold.state), workspace.add(fold.units), sizes.count / UNIT) };
    }
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(0, |(_, status)| status)
}

/// Runs a kernel with reductions on a range of units, and keeps their states: the lane vector of each whole unit, and of the
/// elements behind them the lanes and all that waits.
///
/// # Safety
/// As of [`divided_strips`]; no other thread runs the same units.
unsafe fn units(
    sizes: &DividedStrips,
    function: StripFunction,
    (inputs, outputs, workspace): (*const *const u8, *const *mut u8, *mut u8),
    range: Range<usize>,
    scratch: *mut u8,
) -> i64 {
    for start in range.clone().step_by(UNIT) {
        let end = range.end.min(start + UNIT);
        // SAFETY: promised by the caller; states lie in the scratch memory and in the workspace as the sizes say.
        unsafe {
            let status = function(inputs, outputs, workspace, start, end, scratch);
            if status != 0 {
                return status;
            }
            for (fold, at) in sizes.folds.iter().zip(&sizes.states) {
                let state = scratch.add(*at);
                if end - start == UNIT {
                    let whole = state.add((1 + UNIT_LEVELS) * fold.vector);
                    let to = workspace.add(fold.units + start / UNIT * fold.vector);
                    std::ptr::copy_nonoverlapping(whole, to, fold.vector);
                } else {
                    std::ptr::copy_nonoverlapping(state, workspace.add(fold.state), (1 + UNIT_LEVELS) * fold.vector);
                }
            }
        }
    }
    0
}

/// Calls back with this thread's scratch memory. Kernels do not call kernels.
fn with_scratch(bytes: usize, work: impl Fn(*mut u8) -> i64) -> i64 {
    let with = |scratch: &mut AlignedBytes| {
        if scratch.len() < bytes {
            let Some(more) = AlignedBytes::try_zeroed(bytes) else {
                guard::note(Trouble::Memory(bytes));
                return STOPPED;
            };
            *scratch = more;
        }
        work(scratch.as_mut_ptr())
    };
    // A thread that ends has no memory of its own any more: the destructor of another value may call.
    let own = SCRATCH.try_with(|scratch| with(&mut scratch.borrow_mut()));
    own.unwrap_or_else(|_| with(&mut AlignedBytes::zeroed(0)))
}
