//! Cases on threads, under the eyes of a watchdog: a panic or a hang of one is reported with its name.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much processor time one case may take, and as much for each other thread that uses it meanwhile. This is generous: builds are
/// without optimisation.
const LONGEST: Duration = Duration::from_secs(30);
/// How long one case may take, working or waiting, however busy the machine is.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// How many failures are enough.
const MOST_FAILURES: usize = 20;

/// What the threads and the watchdog share.
struct Shared {
    next: AtomicUsize,
    done: AtomicUsize,
    failures: Mutex<Vec<String>>,
    /// What each thread is at, and since when.
    current: Vec<Mutex<Option<(usize, Instant, Duration)>>>,
    slowest: Mutex<(Duration, usize)>,
}

/// Calls `work` for every case from 0 to `count`. Gives what went wrong, and the slowest case with its time.
pub fn run(
    count: usize,
    title: impl Fn(usize) -> String,
    work: impl Fn(usize) -> Result<(), String> + Send + Sync + 'static,
) -> (Vec<String>, Duration, usize) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let shared = Arc::new(Shared {
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        failures: Mutex::new(Vec::new()),
        current: (0..threads).map(|_| Mutex::new(None)).collect(),
        slowest: Mutex::new((Duration::ZERO, 0)),
    });
    let work = Arc::new(work);
    for thread in 0..threads {
        let (shared, work) = (shared.clone(), work.clone());
        // Not joined: a thread that hangs ends with the process.
        std::thread::spawn(move || serve(&shared, thread, count, &*work));
    }
    loop {
        std::thread::sleep(Duration::from_millis(20));
        let mut failures = lock(&shared.failures).clone();
        let hanging = shared.current.iter().filter_map(|at| *lock(at)).find(|(_, since, used)| {
            processor_time() - *used > LONGEST * threads as u32 || since.elapsed() > LONGEST_WAIT
        });
        if let Some((case, since, _)) = hanging {
            failures.push(format!("case {case}: still running after {:?}", since.elapsed()));
        }
        if hanging.is_some() || failures.len() >= MOST_FAILURES || shared.done.load(Ordering::SeqCst) == threads {
            let (time, case) = *lock(&shared.slowest);
            let named = failures.iter().map(|failure| match failure[5..].split(':').next().map(str::parse) {
                Some(Ok(case)) => format!("{failure}\n    {}", title(case)),
                _ => failure.clone(),
            });
            return (named.collect(), time, case);
        }
    }
}

fn serve(shared: &Shared, thread: usize, count: usize, work: &(dyn Fn(usize) -> Result<(), String> + Sync)) {
    loop {
        let case = shared.next.fetch_add(1, Ordering::SeqCst);
        if case >= count {
            shared.done.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let begin = Instant::now();
        *lock(&shared.current[thread]) = Some((case, begin, processor_time()));
        let result = catch_unwind(AssertUnwindSafe(|| work(case)));
        *lock(&shared.current[thread]) = None;
        let failure = match result {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure),
            Err(payload) => Some(format!("panicked: {}", words(&*payload))),
        };
        if let Some(failure) = failure {
            lock(&shared.failures).push(format!("case {case}: {failure}"));
        }
        let mut slowest = lock(&shared.slowest);
        *slowest = (*slowest).max((begin.elapsed(), case));
    }
}

/// What this process has used of the processors.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
