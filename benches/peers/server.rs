//! The nd program of a row as a process that measures when it is told to, as `python/serve.py` does for peers.

use crate::ours::Ours;
use crate::rows::Row;
use serde_json::json;
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

/// How long a sample takes at least, in seconds.
const SAMPLE: f64 = 0.004;

/// Serves a row: one line when it is ready, and one for each line that is read.
pub fn serve(row: &Row, values: Option<&Path>) {
    let mut ours = Ours::new(row, values);
    let start = Instant::now();
    ours.step();
    let compilation = ours.compilation + start.elapsed().as_secs_f64();
    println!("{}", json!({ "check": ours.check(row), "compile": compilation }));
    let mut count = 1;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let seconds: f64 = line.trim().parse().expect("a number of seconds");
        println!("{}", json!({ "seconds": measured(&mut ours, &mut count, seconds) }));
    }
}

/// The median time of a step over samples of `count` steps, which is raised until a sample takes long enough.
fn measured(ours: &mut Ours, count: &mut usize, seconds: f64) -> f64 {
    let begun = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < 3 || begun.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        (0..*count).for_each(|_| ours.step());
        let taken = start.elapsed().as_secs_f64();
        if taken < SAMPLE / 2.0 {
            *count = (*count * 2).max((SAMPLE / taken * *count as f64) as usize);
            samples.clear();
        } else {
            samples.push(taken / *count as f64);
        }
    }
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
