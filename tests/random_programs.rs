//! Random well-typed programs, from text to values: native code and the reference evaluator agree on the graph that
//! is lowered from each, before it is optimised. Programs of small dyadic numbers must agree in every bit, programs of
//! elementary functions, gradients among them, within 1e-9 of the greater of both values and 1. Derivatives of functions
//! agree by reverse mode, forward mode, central differences and the evaluator, second ones likewise.
//!
//! `NDC_RANDOM_PROGRAMS=100000` tests so many; `NDC_RANDOM_PROGRAM=17` only the program of that seed, and shows it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "random_programs/compare.rs"]
mod compare;
#[path = "random_programs/derivatives.rs"]
mod derivatives;
#[path = "random_programs/expressions.rs"]
mod expressions;
#[path = "random_programs/generator.rs"]
mod generator;
#[path = "random_programs/random.rs"]
mod harness;
#[path = "random_programs/tensors.rs"]
mod tensors;

use compare::{Counts, compare, moved_by_fast_math};
use derivatives::{Order, Tally, Target};
use generator::{Generator, Kind, Unit};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many programs are tested when nothing is said.
const USUALLY: u64 = 10_000;
/// How many programs are checked and compiled together.
const TOGETHER: u64 = 10;
/// How many functions are differentiated together.
const DERIVATIVES_TOGETHER: u64 = 8;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// Every other batch of programs uses elementary functions.
fn kind(batch: u64) -> Kind {
    if batch.is_multiple_of(2) { Kind::Exact } else { Kind::Transcendental }
}

fn unit(seed: u64) -> Unit {
    Generator::unit(seed, kind(seed / TOGETHER))
}

/// Compares the programs of some seeds as one file, and one by one where that fails.
fn batch(first: u64, count: u64, totals: &Mutex<Counts>) -> Result<(), String> {
    let units: Vec<Unit> = (first..first + count).map(unit).collect();
    let kind = kind(first / TOGETHER);
    match compare(&units, kind) {
        Ok(counts) => totals.lock().unwrap().add(&counts),
        // Several programs that fail at run time may do so in another order.
        Err(_) => {
            for (place, unit) in units.into_iter().enumerate() {
                let counts =
                    compare(&[unit], kind).map_err(|failure| format!("seed {}: {failure}", first + place as u64))?;
                totals.lock().unwrap().add(&counts);
            }
        }
    }
    Ok(())
}

/// Works through the seeds below a limit, some at a time, on all processors; fails with the first ten failures.
fn in_parallel(total: u64, together: u64, work: impl Fn(u64, u64) -> Result<(), String> + Sync) {
    let (next, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(together, Ordering::SeqCst);
                    if first >= total || failures.lock().unwrap().len() >= 10 {
                        return;
                    }
                    let count = together.min(total - first);
                    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(first, count))) {
                        Ok(Ok(())) => {}
                        Ok(Err(failure)) => failures.lock().unwrap().push(failure),
                        Err(_) => failures.lock().unwrap().push(format!("seeds from {first}: a panic")),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn native_code_and_evaluator_agree_on_programs() {
    if let Some(seed) = number("NDC_RANDOM_PROGRAM") {
        println!("{}", compare::file(&[unit(seed)]));
        batch(seed, 1, &Mutex::default()).unwrap();
        return;
    }
    let total = number("NDC_RANDOM_PROGRAMS").unwrap_or(USUALLY);
    let totals = Mutex::new(Counts::default());
    in_parallel(total, TOGETHER, |first, count| batch(first, count, &totals));
    let totals = totals.into_inner().unwrap();
    println!("{totals:?}");
    assert!(totals.values > 3 * total, "{totals:?}");
    assert!(totals.errors < total / 4, "{totals:?}");
}

/// A comparison of two numbers that are equal but for their last digits may come out differently; nothing else may happen.
#[test]
fn fast_math_moves_last_digits() {
    let total = number("NDC_RANDOM_PROGRAMS").unwrap_or(USUALLY) / 10;
    let found: Mutex<(u64, Vec<String>)> = Mutex::default();
    in_parallel(total, 1, |first, _| {
        let (finite, moved) = moved_by_fast_math(&[unit(first)])?;
        let mut found = found.lock().unwrap();
        found.0 += finite;
        found.1.extend(moved);
        Ok(())
    });
    let (finite, moved) = found.into_inner().unwrap();
    println!("{} of {finite} numbers moved", moved.len());
    assert!(finite > total && moved.len() as u64 <= finite / 500, "{:?}", moved.first());
}

/// Compares derivatives of some functions as one file, and one by one where that fails.
fn derivatives(first: u64, count: u64, order: Order) -> Result<Tally, String> {
    let targets = |from: u64, count: u64| -> Vec<Target> { (from..from + count).map(Target::of_seed).collect() };
    if let Ok(tally) = derivatives::compare(&targets(first, count), order) {
        return Ok(tally);
    }
    let mut tally = Tally::default();
    for seed in first..first + count {
        let of_one = derivatives::compare(&targets(seed, 1), order);
        tally.add(&of_one.map_err(|failure| format!("seed {seed}: {failure}"))?);
    }
    Ok(tally)
}

/// Compares the derivatives of as many functions, or of the one whose seed is given.
fn all_derivatives(total: u64, order: Order) -> Tally {
    if let Some(seed) = number("NDC_RANDOM_PROGRAM") {
        return derivatives(seed, 1, order).unwrap();
    }
    let tally = Mutex::new(Tally::default());
    in_parallel(total, DERIVATIVES_TOGETHER, |first, count| {
        let of_batch = derivatives(first, count, order)?;
        tally.lock().unwrap().add(&of_batch);
        Ok(())
    });
    let tally = tally.into_inner().unwrap();
    assert!(tally.compared > total / 2, "{tally:?}");
    assert!(tally.moving > total / 3, "{tally:?}");
    assert!(tally.errors < total / 8, "{tally:?}");
    tally
}

#[test]
fn reverse_forward_differences_and_evaluator_agree() {
    println!("{:?}", all_derivatives(number("NDC_RANDOM_PROGRAMS").unwrap_or(USUALLY), Order::First));
}

#[test]
fn second_derivatives_agree() {
    println!("{:?}", all_derivatives(number("NDC_RANDOM_PROGRAMS").unwrap_or(USUALLY) / 10, Order::Second));
}
