//! Work on several threads: one pool for the process, made when large work first asks for it.
//!
//! The thread that asks takes part, and items of work are claimed one by one, so that it never waits for a thread that
//! has not woken up. Nothing is divided twice: work inside an item runs where the item does. In a thread of a rayon pool,
//! such as that of a program which runs many models side by side, that pool helps and no thread is added.
//!
//! Who divides work sees to it that every result is computed by the same operations in the same order for any number of
//! items; then no number of threads changes a bit.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::guard::{self, Trouble, guarded};

/// The greatest number of threads that can be asked for.
pub const MOST: usize = 256;
/// The bytes that are worth an item of their own where work is little more than moving them.
pub const LEAST_BYTES: usize = 1 << 18;
/// Items for each thread, so that one that is held up does not hold up all.
const ITEMS_PER_THREAD: usize = 4;
/// How often a thread looks whether the others have finished before it sleeps.
const LOOKS: usize = 2000;
/// The flag beside the number of helpers that says that no other may begin.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The number of threads in use; 0 until it is known.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// The threads that help those which belong to no pool.
static POOL: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);

thread_local! {
    /// Whether this thread runs an item of divided work.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// How many threads work on one thing: as [`set_count`] said, else the environment variable `NDC_THREADS`, else one for
/// each processor.
#[inline]
pub fn count() -> usize {
    match COUNT.load(Ordering::Relaxed) {
        0 => first_count(),
        count => count,
    }
}

#[cold]
fn first_count() -> usize {
    let asked = std::env::var("NDC_THREADS").ok().and_then(|text| text.trim().parse().ok()).filter(|count| *count > 0);
    let count = asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    set_count(count);
    count.min(MOST)
}

/// Sets how many threads work on one thing from now on, the one that asks included; 1 for no others.
pub fn set_count(count: usize) {
    COUNT.store(count.clamp(1, MOST), Ordering::Relaxed);
}

/// Into how many items work is best divided, if each is to have at least `least` of it: 1 where it is too little, where
/// only one thread works, and inside an item.
#[inline]
pub fn items(work: usize, least: usize) -> usize {
    if work / 2 < least || INSIDE.get() || count() == 1 { 1 } else { (work / least).min(ITEMS_PER_THREAD * count()) }
}

/// Divides `0..length` into at most `items` ranges whose starts are multiples of `step`, the last at least as long as a
/// step if it can be, and calls back with each of them once, on any thread.
pub fn divide(length: usize, step: usize, items: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
    let steps = length / step;
    if items <= 1 || steps <= 1 {
        return work(0..length);
    }
    let items = items.min(steps);
    let start = |item: usize| item * steps / items * step;
    for_each(items, &|item| work(start(item)..if item + 1 == items { length } else { start(item + 1) }));
}

/// Calls back with each number below `items` once, on any thread. All calls have returned when this returns.
pub fn for_each(items: usize, work: &(dyn Fn(usize) + Sync)) {
    if items <= 1 || count() == 1 || INSIDE.get() {
        return (0..items).for_each(work);
    }
    let task = Arc::new(Task::new(items, work));
    guarded((), || ask_for_help(&task, items - 1));
    task.run();
    task.close();
    if let Some(trouble) = task.trouble.get() {
        guard::note(*trouble);
    }
}

/// Puts calls for help before the threads of the pool that this thread belongs to, or of our own.
fn ask_for_help(task: &Arc<Task>, most: usize) {
    let call = |task: &Arc<Task>| {
        let task = Arc::clone(task);
        move || task.help()
    };
    if rayon::current_thread_index().is_some() {
        let helpers = count().min(rayon::current_num_threads()) - 1;
        (0..helpers.min(most)).for_each(|_| rayon::spawn(call(task)));
    } else if let Some(pool) = pool(count() - 1) {
        let helpers = (count() - 1).min(pool.current_num_threads());
        (0..helpers.min(most)).for_each(|_| pool.spawn(call(task)));
    }
}

/// Our own pool, with so many threads or more; none where the system gives none, which is then not asked again.
fn pool(threads: usize) -> Option<Arc<ThreadPool>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.as_ref().is_none_or(|pool| pool.current_num_threads() < threads) {
        let name = |index| format!("ndc {}", index + 1);
        match ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build() {
            Ok(new) => *pool = Some(Arc::new(new)),
            Err(_) => set_count(1),
        }
    }
    pool.clone()
}

/// A pointer on its way to other threads.
#[derive(Clone, Copy)]
pub struct Shared<P>(P);

// SAFETY: only what `Shared::new` allows.
unsafe impl<P> Sync for Shared<P> {}

impl<P: Copy> Shared<P> {
    /// # Safety
    /// The items that use the pointer write no place that another reads or writes.
    pub unsafe fn new(pointer: P) -> Self {
        Self(pointer)
    }

    /// The pointer.
    pub fn get(&self) -> P {
        self.0
    }
}

/// Divided work: a call for each number, whoever makes it.
struct Task {
    /// Valid until the task is closed and its helpers have left.
    work: *const (dyn Fn(usize) + Sync),
    items: usize,
    /// The first number that nobody has claimed.
    next: AtomicUsize,
    /// How many helpers are at work, and [`CLOSED`].
    helpers: AtomicUsize,
    /// What went wrong on a helper.
    trouble: OnceLock<Trouble>,
    /// Who waits for them.
    owner: Thread,
}

// SAFETY: what `work` points to may be called from any thread, and is called only while its owner waits.
unsafe impl Send for Task {}
// SAFETY: as above; everything else is atomic.
unsafe impl Sync for Task {}

impl Task {
    fn new(items: usize, work: &(dyn Fn(usize) + Sync)) -> Self {
        // SAFETY: only the lifetime changes. `for_each` closes the task and waits for its helpers before `work` ends.
        let work = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work) };
        Self {
            work,
            items,
            next: AtomicUsize::new(0),
            helpers: AtomicUsize::new(0),
            trouble: OnceLock::new(),
            owner: std::thread::current(),
        }
    }

    /// Claims numbers and makes their calls until there are none left. A panic ends one call only, and is noted.
    fn run(&self) {
        INSIDE.set(true);
        loop {
            let item = self.next.fetch_add(1, Ordering::Relaxed);
            if item >= self.items {
                break;
            }
            // SAFETY: the task is not closed, or this is a helper that has not left.
            guarded((), || unsafe { (*self.work)(item) });
        }
        INSIDE.set(false);
    }

    /// Runs on a thread of a pool, perhaps after the work is done.
    fn help(&self) {
        let join = |helpers: usize| (helpers & CLOSED == 0).then_some(helpers + 1);
        if self.helpers.fetch_update(Ordering::Acquire, Ordering::Relaxed, join).is_ok() {
            self.run();
            if let Some(trouble) = guard::noted() {
                // The first will do.
                let _ = self.trouble.set(trouble);
            }
            if self.helpers.fetch_sub(1, Ordering::Release) == CLOSED + 1 {
                self.owner.unpark();
            }
        }
    }

    /// Lets no helper begin, and waits for those at work.
    fn close(&self) {
        self.helpers.fetch_or(CLOSED, Ordering::Relaxed);
        let mut looks = 0;
        while self.helpers.load(Ordering::Acquire) != CLOSED {
            looks += 1;
            if looks < LOOKS { std::hint::spin_loop() } else { std::thread::park() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    /// Tests that set the number of threads run one after another.
    static ALONE: Mutex<()> = Mutex::new(());

    fn with_threads<R>(count: usize, work: impl FnOnce() -> R) -> R {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        set_count(count);
        work()
    }

    fn calls(items: usize) -> Vec<u32> {
        let calls: Vec<AtomicU32> = (0..items).map(|_| AtomicU32::new(0)).collect();
        for_each(items, &|item| {
            calls[item].fetch_add(1, Ordering::Relaxed);
        });
        calls.iter().map(|calls| calls.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn every_item_is_done_once_before_the_call_returns() {
        for threads in 1..=4 {
            with_threads(threads, || {
                for round in 0..300 {
                    let items = round % 40;
                    assert_eq!(calls(items), vec![1; items], "{threads} threads");
                }
            });
        }
    }

    #[test]
    fn ranges_cover_the_whole_in_steps() {
        with_threads(3, || {
            for (length, step, items) in [(0, 4, 3), (1, 4, 9), (100, 12, 4), (64, 64, 8), (129, 64, 8), (1000, 1, 7)] {
                let ranges = Mutex::new(Vec::new());
                divide(length, step, items, &|range| ranges.lock().unwrap().push(range));
                let mut ranges = ranges.into_inner().unwrap();
                ranges.sort_by_key(|range| range.start);
                assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, length));
                assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
                assert!(ranges.iter().all(|range| range.start % step == 0));
                assert!(ranges.len() == 1 || ranges.iter().all(|range| range.len() >= step), "{ranges:?}");
            }
        });
    }

    #[test]
    fn work_inside_an_item_stays_on_its_thread() {
        with_threads(4, || {
            for_each(8, &|_| {
                let thread = std::thread::current().id();
                assert_eq!(items(usize::MAX, 1), 1);
                for_each(8, &|_| assert_eq!(std::thread::current().id(), thread));
            });
            assert_eq!(items(usize::MAX, 1), 16);
        });
    }

    #[test]
    fn small_work_is_one_item() {
        with_threads(2, || {
            assert_eq!((items(199, 100), items(200, 100), items(550, 100), items(9000, 100)), (1, 2, 5, 8));
        });
        with_threads(1, || assert_eq!(items(usize::MAX, 1), 1));
    }

    #[test]
    fn a_pool_of_the_host_is_used_and_no_other() {
        with_threads(4, || {
            let pool = ThreadPoolBuilder::new().num_threads(2).thread_name(|_| "host".into()).build().unwrap();
            pool.install(|| {
                for _ in 0..100 {
                    for_each(16, &|_| assert_eq!(std::thread::current().name(), Some("host")));
                }
            });
            // All threads of the host at once, each with work to divide.
            pool.broadcast(|_| assert_eq!(calls(100), vec![1; 100]));
        });
    }

    #[test]
    fn a_panic_on_any_thread_is_noted_where_the_work_was_asked_for() {
        with_threads(3, || {
            for bad in 0..20 {
                let done = AtomicU32::new(0);
                for_each(20, &|item| {
                    assert_ne!(item, bad, "on purpose");
                    done.fetch_add(1, Ordering::Relaxed);
                });
                assert_eq!((done.into_inner(), guard::noted()), (19, Some(Trouble::Panic)));
                assert_eq!((calls(20), guard::noted()), (vec![1; 20], None));
            }
        });
    }

    #[test]
    fn many_threads_may_divide_at_once() {
        with_threads(3, || {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..50).for_each(|_| assert_eq!(calls(20), vec![1; 20])));
                }
            });
        });
    }
}
