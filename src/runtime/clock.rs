//! The time that each part of a program takes: generated code calls [`lap`] at the end of each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How often the time of a lap that measures nothing is taken.
const IDLE_LAPS: usize = 1000;

/// Sums of times by the number of the part that they belong to. One thread runs the program.
pub struct Clock {
    begun: Instant,
    /// When the last part ended, in nanoseconds.
    last: AtomicU64,
    /// The nanoseconds that a lap with nothing in it measures.
    idle: u64,
    parts: Box<[Part]>,
}

/// A part of a program.
#[derive(Default)]
struct Part {
    nanoseconds: AtomicU64,
    laps: AtomicU64,
}

/// What a part came to in one run.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Lapse {
    /// In seconds, without the time that measuring took.
    pub seconds: f64,
    /// How often it was.
    pub count: f64,
}

impl Clock {
    /// A clock of so many parts.
    pub fn new(parts: usize) -> Self {
        Clock { idle: idle(), ..Clock::unadjusted(parts) }
    }

    fn unadjusted(parts: usize) -> Self {
        let parts = (0..parts).map(|_| Part::default()).collect();
        Clock { begun: Instant::now(), last: AtomicU64::new(0), idle: 0, parts }
    }

    /// Forgets all that was measured.
    pub fn reset(&self) {
        for part in &self.parts {
            part.nanoseconds.store(0, Ordering::Relaxed);
            part.laps.store(0, Ordering::Relaxed);
        }
    }

    /// What each part came to in the mean of so many runs.
    pub fn lapses(&self, runs: u64) -> Vec<Lapse> {
        let lapse = |part: &Part| {
            let count = part.laps.load(Ordering::Relaxed);
            let nanoseconds = part.nanoseconds.load(Ordering::Relaxed).saturating_sub(count * self.idle);
            Lapse { seconds: nanoseconds as f64 * 1e-9 / runs as f64, count: count as f64 / runs as f64 }
        };
        self.parts.iter().map(lapse).collect()
    }

    fn lap(&self, part: usize) {
        let now = self.begun.elapsed().as_nanos() as u64;
        let part = &self.parts[part];
        let nanoseconds = now.saturating_sub(self.last.load(Ordering::Relaxed));
        part.nanoseconds.store(part.nanoseconds.load(Ordering::Relaxed) + nanoseconds, Ordering::Relaxed);
        part.laps.store(part.laps.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.last.store(now, Ordering::Relaxed);
    }
}

/// The nanoseconds that a lap with nothing in it measures.
fn idle() -> u64 {
    let clock = Clock::unadjusted(1);
    let part = &clock.parts[0];
    let lap = std::hint::black_box(lap as unsafe extern "C" fn(*const Clock, usize));
    let measured = (0..IDLE_LAPS).map(|_| {
        part.nanoseconds.store(0, Ordering::Relaxed);
        // SAFETY: the clock is alive.
        unsafe { lap(&raw const clock, 0) };
        part.nanoseconds.load(Ordering::Relaxed)
    });
    measured.skip(1).min().unwrap_or(0)
}

/// What is going on since the last lap was this part.
///
/// # Safety
/// The clock is alive.
pub unsafe extern "C" fn lap(clock: *const Clock, part: usize) {
    // SAFETY: as the caller promises.
    unsafe { &*clock }.lap(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laps_are_added_up_by_part() {
        let clock = Clock::new(3);
        for part in [0, 1, 1, 1, 1] {
            // SAFETY: the clock is alive.
            unsafe { lap(&raw const clock, part) };
        }
        let counts = |clock: &Clock| clock.lapses(2).iter().map(|lapse| lapse.count).collect::<Vec<_>>();
        assert_eq!(counts(&clock), [0.5, 2.0, 0.0]);
        clock.reset();
        assert_eq!(counts(&clock), [0.0, 0.0, 0.0]);
    }
}
