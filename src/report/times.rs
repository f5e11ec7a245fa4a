//! The tables of `--time`.

use super::{duration, thousands};
use std::fmt::Write;
use std::time::Duration;

/// A stage of a command.
pub struct StageRow {
    /// What it does.
    pub what: String,
    /// How long it took.
    pub time: Duration,
}

/// A program that was compiled.
pub struct Row {
    /// What it is for, and where that stands.
    pub what: String,
    /// The times of its stages, in the order of the heading.
    pub times: [Duration; 5],
    /// Whether it came from the cache.
    pub cached: bool,
    /// Its operations, kernels, and bytes of machine code.
    pub extent: [usize; 3],
}

/// The heading of the compiled programs.
const HEADING: [&str; 9] =
    ["compiled", "lower", "optimise", "schedule", "generate", "link", "operations", "kernels", "code"];

/// The stages, then the programs if there are any.
pub fn time_table(stages: &[StageRow], programs: &[Row]) -> String {
    let mut out = String::new();
    let stages = stages.iter().map(|stage| vec![stage.what.clone(), duration(stage.time)]);
    let heading = vec!["stage".to_string(), "time".to_string()];
    aligned(std::iter::once(heading).chain(stages).collect(), &mut out);
    if !programs.is_empty() {
        out.push('\n');
        let heading = HEADING.map(str::to_string).to_vec();
        aligned(std::iter::once(heading).chain(programs.iter().map(cells)).collect(), &mut out);
    }
    out
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![row.what.clone()];
    // What comes from the cache is linked and no more.
    let shown = |(place, time): (usize, &Duration)| match row.cached && place + 1 < row.times.len() {
        true => "cached".to_string(),
        false => duration(*time),
    };
    cells.extend(row.times.iter().enumerate().map(shown));
    let [operations, kernels, code] = row.extent;
    cells.extend([thousands(operations as u64), thousands(kernels as u64), format!("{} B", thousands(code as u64))]);
    cells
}

/// The first column to the left, the others to the right.
fn aligned(rows: Vec<Vec<String>>, out: &mut String) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let _ = write!(out, "{:1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(out, "  {cell:>width$}");
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let stage = |what: &str, micros| StageRow { what: what.to_string(), time: Duration::from_micros(micros) };
        let row = |what: &str, cached| Row {
            what: what.to_string(),
            times: [1, 20, 300, 4000, 50].map(Duration::from_micros),
            cached,
            extent: [12, 3, 1456],
        };
        let table =
            time_table(&[stage("parse", 1250), stage("check", 40)], &[row("let at 1:9", false), row("p", true)]);
        let expected = "\
stage     time
parse  1.25 ms
check    40 µs

compiled     lower  optimise  schedule  generate   link  operations  kernels     code
let at 1:9    1 µs     20 µs    300 µs      4 ms  50 µs          12        3  1_456 B
p           cached    cached    cached    cached  50 µs          12        3  1_456 B
";
        assert_eq!(table, expected);
    }
}
