//! The file of counts, and how others differ from them.

use crate::folder::repository;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A count differs if it is off by more than this part of what the file has.
const TOLERANCE: f64 = 0.02;

const HEAD: &str = "\
# Instructions of the hot paths with AVX2 on one thread, counted by `cargo bench --bench instructions -- --write`.
";

/// The counts by name.
pub struct Counts(BTreeMap<String, u64>);

fn path() -> PathBuf {
    repository().join("benches/instructions.txt")
}

impl Counts {
    /// What the file has.
    pub fn read() -> Self {
        let text = std::fs::read_to_string(path()).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let entry = |line: &str| {
            let (name, count) = line.rsplit_once(' ').expect("a name and a count");
            (name.trim_end().to_string(), count.replace('_', "").parse().expect("a count"))
        };
        Counts(lines.map(entry).collect())
    }

    /// Writes the file.
    pub fn write(&self) {
        let lines: Vec<String> = self.0.iter().map(|(name, count)| entry(name, *count) + "\n").collect();
        std::fs::write(path(), format!("{HEAD}{}", lines.concat())).expect("the file can be written");
    }

    /// Sets a count.
    pub fn set(&mut self, name: &str, count: u64) {
        self.0.insert(name.to_string(), count);
    }

    /// Drops the counts of cases that are no more.
    pub fn keep_only(&mut self, names: &[&str]) {
        self.0.retain(|name, _| names.contains(&name.as_str()));
    }

    /// Whether a count is not the one of the file, or the file has none.
    pub fn differs(&self, name: &str, count: u64) -> bool {
        self.0.get(name).is_none_or(|kept| count.abs_diff(*kept) as f64 > TOLERANCE * *kept as f64)
    }

    /// A count and how it differs from the one of the file.
    pub fn line(&self, name: &str, count: u64) -> String {
        let difference = match self.0.get(name) {
            None => "  new".to_string(),
            Some(_) if !self.differs(name, count) => String::new(),
            Some(kept) => format!("  {:+.1} %", 100.0 * (count as f64 / *kept as f64 - 1.0)),
        };
        entry(name, count) + &difference
    }
}

/// The name and the count with marks between thousands.
fn entry(name: &str, count: u64) -> String {
    let digits = count.to_string();
    let mut marked = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            marked.push('_');
        }
        marked.push(digit);
    }
    format!("{name:<36} {marked:>15}")
}
