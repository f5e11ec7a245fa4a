//! A profile as a table of kernels, the longest first.

use super::places::Places;
use super::{KernelTime, Profile};
use crate::report::{duration, significant, thousands};
use std::fmt::Write;
use std::time::Duration;

/// Below this share of all kernels a rate says nothing.
const TIMED: f64 = 1e-4;

/// The head of the table.
const HEAD: [&str; 7] = ["share", "time", "calls", "GFLOP/s", "GB/s", "lines", "kernel"];

/// The columns that are aligned to the right.
const RIGHT: usize = 5;

/// The profile as text, with so many kernels at most.
pub fn table(profile: &Profile, places: &Places, most: usize) -> String {
    let mut rows = Vec::new();
    add(profile, places, &longest(profile, most), None, 0, &mut rows);
    let mut out = heading(profile, places);
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or_default()
        })
        .collect();
    line(&mut out, &HEAD.map(str::to_string), &widths);
    rows.iter().for_each(|row| line(&mut out, row, &widths));
    let count = profile.kernels.len();
    if rows.len() < count {
        let _ = writeln!(out, "  and {} more: --limit {count}", count - rows.len());
    }
    out
}

fn heading(profile: &Profile, places: &Places) -> String {
    let place = profile.span.map_or(String::new(), |span| format!(" at {}", places.place(span)));
    let run = time(profile.seconds);
    let unit = profile.unit;
    let runs = thousands(profile.runs);
    let kernels = match profile.kernels.len() {
        1 => "1 kernel".to_string(),
        count => format!("{count} kernels"),
    };
    let workspace = thousands(profile.workspace_bytes as u64);
    format!("{}{place}: {run} a {unit} (least of {runs}), {kernels}, workspace {workspace} bytes\n", profile.title)
}

/// Whether each kernel is one of so many that take longest; no loop takes less than what is within.
fn longest(profile: &Profile, most: usize) -> Vec<bool> {
    let mut kernels: Vec<usize> = (0..profile.kernels.len()).collect();
    kernels.sort_by(|a, b| profile.kernels[*b].total.total_cmp(&profile.kernels[*a].total));
    let mut longest = vec![false; kernels.len()];
    kernels.into_iter().take(most).for_each(|kernel| longest[kernel] = true);
    longest
}

/// The kernels of a loop or of the whole, each followed by those within.
fn add(
    profile: &Profile,
    places: &Places,
    shown: &[bool],
    within: Option<usize>,
    depth: usize,
    rows: &mut Vec<[String; 7]>,
) {
    let whole = profile.kernel_seconds().max(f64::MIN_POSITIVE);
    for kernel in profile.within(within).into_iter().filter(|kernel| shown[*kernel]) {
        let share = profile.kernels[kernel].total / whole;
        rows.push(row(&profile.kernels[kernel], share, places, depth));
        add(profile, places, shown, Some(kernel), depth + 1, rows);
    }
}

fn row(kernel: &KernelTime, share: f64, places: &Places, depth: usize) -> [String; 7] {
    let rate = |amount: f64| match amount > 0.0 && kernel.seconds > 0.0 && share >= TIMED {
        true => significant(amount / kernel.seconds / 1e9, 3),
        false => String::new(),
    };
    [
        format!("{:.1} %", 100.0 * share),
        time(kernel.total),
        significant(kernel.calls, 4),
        rate(kernel.operations),
        rate(kernel.bytes),
        places.lines(&kernel.places),
        format!("{}{}", "  ".repeat(depth), kernel.text),
    ]
}

fn line(out: &mut String, cells: &[String; 7], widths: &[usize]) {
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let _ = match column < RIGHT {
            true => write!(text, "  {cell:>width$}"),
            false => write!(text, "  {cell:<width$}"),
        };
    }
    let _ = writeln!(out, "{}", text.trim_end());
}

/// A time, of single operations too.
pub(super) fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{} ns", significant(s * 1e9, 3)),
        s => duration(Duration::from_secs_f64(s)),
    }
}
