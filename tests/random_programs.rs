//! Random well-typed programs, from text to values: native code and the reference evaluator agree on the graph that
//! is lowered from each, before it is optimised. Programs of small dyadic numbers must agree in every bit, programs of
//! elementary functions, gradients among them, within 1e-9 of the greater of both values and 1.
//!
//! `NDC_RANDOM_PROGRAMS=100000` tests so many; `NDC_RANDOM_PROGRAM=17` only the program of that seed, and shows it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "random_programs/compare.rs"]
mod compare;
#[path = "random_programs/expressions.rs"]
mod expressions;
#[path = "random_programs/generator.rs"]
mod generator;
#[path = "random_programs/random.rs"]
mod harness;
#[path = "random_programs/tensors.rs"]
mod tensors;

use compare::{Counts, compare, slopes};
use generator::{Generator, Kind, Unit};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many programs are tested when nothing is said.
const USUALLY: u64 = 10_000;
/// How many programs are checked and compiled together.
const TOGETHER: u64 = 10;

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

#[test]
fn native_code_and_evaluator_agree_on_programs() {
    if let Some(seed) = number("NDC_RANDOM_PROGRAM") {
        println!("{}", compare::file(&[unit(seed)]));
        batch(seed, 1, &Mutex::default()).unwrap();
        return;
    }
    let total = number("NDC_RANDOM_PROGRAMS").unwrap_or(USUALLY);
    let (next, totals, failures) = (AtomicU64::new(0), Mutex::new(Counts::default()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(TOGETHER, Ordering::SeqCst);
                    if first >= total || failures.lock().unwrap().len() >= 10 {
                        return;
                    }
                    let result = std::panic::catch_unwind(|| batch(first, TOGETHER.min(total - first), &totals));
                    match result {
                        Ok(Ok(())) => {}
                        Ok(Err(failure)) => failures.lock().unwrap().push(failure),
                        Err(_) => failures.lock().unwrap().push(format!("seeds from {first}: a panic")),
                    }
                }
            });
        }
    });
    let (totals, failures) = (totals.into_inner().unwrap(), failures.into_inner().unwrap());
    println!("{totals:?}");
    assert!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
    assert!(totals.values > 3 * total, "{totals:?}");
    assert!(totals.errors < total / 4, "{totals:?}");
}

#[test]
fn gradients_are_slopes() {
    let total = number("NDC_RANDOM_PROGRAMS").unwrap_or(USUALLY) / 10;
    let mut counts = (0, 0);
    // Even batches are exact.
    for seed in (0..total).map(|index| index / TOGETHER * 2 * TOGETHER + index % TOGETHER) {
        let unit = unit(seed);
        if unit.slopes.is_empty() {
            continue;
        }
        match slopes(&unit) {
            Ok((compared, skipped)) => counts = (counts.0 + compared, counts.1 + skipped),
            Err(failure) => panic!("seed {seed}: {failure}"),
        }
    }
    println!("{} slopes agree, {} were at a kink", counts.0, counts.1);
    assert!(counts.0 > total / 20, "{counts:?}");
}
