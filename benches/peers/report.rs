//! The table as text or as Markdown.

use crate::measure::Measured;
use crate::rows::{Limit, Row};

/// The rows measured so far.
pub struct Report {
    markdown: bool,
    lines: Vec<String>,
}

impl Report {
    /// No rows.
    pub fn new(markdown: bool) -> Self {
        Report { markdown, lines: Vec::new() }
    }

    /// Adds a row; as text it is printed at once.
    pub fn add(&mut self, row: &Row, measured: Measured) {
        let cells = cells(row, &measured);
        if self.markdown {
            self.lines.push(format!("| {} |", cells.join(" | ")));
            return;
        }
        if self.lines.is_empty() {
            print(&HEAD.map(str::to_string));
        }
        self.lines.push(String::new());
        print(&cells);
        for (name, result) in &measured.peers {
            if let Err(why) = result {
                println!("  {name} is not installed: {why}");
            }
        }
    }

    /// Prints what is not printed yet.
    pub fn finish(&self) {
        if self.markdown {
            println!("| {} |", HEAD.join(" | "));
            println!("|{}", " --- |".repeat(HEAD.len()));
            self.lines.iter().for_each(|line| println!("{line}"));
        }
    }
}

const HEAD: [&str; 7] = ["work", "ndc", "peers", "ratio", "at most", "", "first step"];
const WIDTHS: [usize; 7] = [63, 8, 66, 5, 7, 3, 10];

fn print(cells: &[String; 7]) {
    let padded = |(place, cell): (usize, &String)| match place {
        0 | 2 => format!("{cell:<width$}", width = WIDTHS[place]),
        _ => format!("{cell:>width$}", width = WIDTHS[place]),
    };
    let cells: Vec<String> = cells.iter().enumerate().map(padded).collect();
    println!("{}", cells.join("  ").trim_end());
}

fn cells(row: &Row, measured: &Measured) -> [String; 7] {
    let counted = measured.peers.iter().filter(|(name, _)| row.peers.contains(name));
    let best = counted.filter_map(|(_, result)| result.as_ref().ok()).copied().min_by(f64::total_cmp);
    let ratio = best.map(|best| measured.ours / best);
    let (limit, reached) = match row.limit {
        Limit::Ratio(limit) => (format!("{limit:.2}"), ratio.map(|ratio| ratio <= limit)),
        Limit::Seconds(limit) => (seconds(limit), Some(measured.ours <= limit)),
        Limit::Open => (String::new(), None),
    };
    let peers = measured.peers.iter().filter_map(|(name, result)| Some((name, result.as_ref().ok()?)));
    let peers: Vec<String> = peers.map(|(name, time)| format!("{} {}", short(name), seconds(*time))).collect();
    let verdict = match reached {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let compilation = if measured.compilation > 0.0 { seconds(measured.compilation) } else { String::new() };
    [
        row.work.to_string(),
        seconds(measured.ours),
        peers.join(", "),
        ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        limit,
        verdict.to_string(),
        compilation,
    ]
}

/// The name of a peer as readers know it.
fn short(name: &str) -> &str {
    match name {
        "cpp_manual" => "C++",
        "cpp_eigen_manual" => "C++/Eigen",
        "jax" => "JAX",
        "jax_loop" => "JAX loop",
        "jax_unrolled" => "JAX unrolled",
        "torch" => "PyTorch",
        "numpy_manual" => "NumPy",
        other => other,
    }
}

/// A time with three digits.
fn seconds(time: f64) -> String {
    let (factor, unit) = match time {
        time if time < 1e-6 => (1e9, "ns"),
        time if time < 1e-3 => (1e6, "µs"),
        time if time < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    let scaled = time * factor;
    let digits = if scaled < 10.0 { 2 } else { usize::from(scaled < 100.0) };
    format!("{scaled:.digits$} {unit}")
}
