//! What goes wrong inside functions that generated code calls. Generated code cannot be unwound: it ends in the function, is
//! noted for the thread, and the call of the program fails when it returns.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    /// A function panicked.
    #[error("a function of the runtime panicked: this is a fault of ndc")]
    Panic,
    /// So many bytes of memory could not be had.
    #[error("there is no memory for {0} bytes")]
    Memory(usize),
}

/// What a function returns that returns what went wrong, where that is noted.
pub const STOPPED: i64 = -1;

/// Whether anything ever went wrong, on any thread.
static EVER: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// What went wrong on this thread since it was last asked for. It has no destructor, so it is there as long as the thread.
    static NOTED: Cell<Option<Trouble>> = const { Cell::new(None) };
}

/// Notes for this thread that what it computes is not to be used.
#[cold]
pub fn note(trouble: Trouble) {
    NOTED.set(Some(trouble));
    EVER.store(true, Ordering::Relaxed);
}

/// What went wrong on this thread since it was last asked for.
#[inline]
pub fn noted() -> Option<Trouble> {
    // What this thread has noted it sees; what others have does not matter.
    if EVER.load(Ordering::Relaxed) { NOTED.take() } else { None }
}

/// Does some work; if it panics, that is noted and the result is another one.
#[inline]
pub fn guarded<R>(otherwise: R, work: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(_) => {
            note(Trouble::Panic);
            otherwise
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_noted_once_and_for_its_thread() {
        assert_eq!(guarded(1, || 2), 2);
        assert_eq!(noted(), None);
        assert_eq!(guarded(1, || panic!("on purpose")), 1);
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(noted(), None));
        });
        assert_eq!((noted(), noted()), (Some(Trouble::Panic), None));
    }
}
