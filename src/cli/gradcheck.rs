//! `ndc gradcheck FILE`.

use super::output::{report, say};
use super::{Messages, Threads};
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::gradcheck::file::{MOST_POINTS, Request, Session, Target, Verdict};
use crate::gradcheck::{Outcome, PAIRS};
use crate::report::{duration, significant};
use crate::source::Span;
use crate::subject::{Failure, parse_size};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

/// The heads of the columns that say how far methods are apart.
const METHODS: [&str; PAIRS.len()] = ["forward", "differences", "complex", "native"];
/// The width of such a column.
const WIDTH: usize = 13;
/// How long a check may take before it is shown that it goes on.
const PATIENCE: Duration = Duration::from_secs(1);

/// What `ndc gradcheck` is told beside the file.
#[derive(clap::Args, Clone)]
pub(super) struct Arguments {
    /// Check one function, model or loss in place of all
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// Check at this point: arguments as in a call, such as "x = 1.5, W = [[1, 2], [3, 4]]"
    #[arg(long, value_name = "ARGUMENTS", requires = "of")]
    at: Option<String>,
    /// A size that a signature leaves open; without it, small sizes are chosen
    #[arg(long, value_name = "NAME=N", value_parser = parse_size)]
    size: Vec<(String, i64)>,
    /// How many points; 3, or 1 with --at
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_POINTS))]
    points: Option<u64>,
    /// The seed of points, directions, and random initial values
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Accept the `derivative` of this function as it is: everything else is checked with it
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
    #[command(flatten)]
    pub(super) threads: Threads,
}

/// What came of all targets.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// Checks the derivatives of a file; whether all that were compared agree.
pub(super) fn gradcheck(file: &Path, arguments: &Arguments, messages: &Messages) -> bool {
    match checked(file, arguments, messages) {
        Ok(tally) => tally.failed == 0,
        Err(Failure { diagnostics, sources }) => {
            report(&diagnostics, &sources, messages);
            false
        }
    }
}

fn checked(file: &Path, arguments: &Arguments, messages: &Messages) -> Result<Tally, Failure> {
    let begun = Instant::now();
    let request = Request {
        of: arguments.of.as_deref(),
        at: arguments.at.as_deref(),
        sizes: &arguments.size,
        points: arguments.points,
        seed: arguments.seed,
        allow: &arguments.allow,
    };
    let mut loader = FileLoader::new();
    let mut session = Session::new(file, request, &mut loader)?;
    let (warnings, sources) = session.warnings();
    report(warnings, sources, messages);
    let targets = session.targets();
    let mut tally = Tally::default();
    let table = Table::new(&targets);
    let mut told = HashSet::new();
    for (place, target) in targets.iter().enumerate() {
        let progress = Progress::begin(&target.name);
        let verdict = session.check(target)?;
        drop(progress);
        if place == 0 {
            say(&table.head());
        }
        let known = matches!(&verdict, Verdict::Failed { message, .. } if !told.insert(place_of(message)));
        say(&table.row(target, &verdict, known));
        match verdict {
            Verdict::Passed(_) => tally.passed += 1,
            Verdict::Skipped(_) => tally.skipped += 1,
            Verdict::Failed { message, sources, .. } => {
                if !known {
                    report(&[*message], &sources, messages);
                }
                tally.failed += 1;
            }
        }
    }
    let Tally { passed, failed, skipped } = tally;
    say(&format!("{passed} ok, {failed} failed, {skipped} skipped, in {}\n", duration(begun.elapsed())));
    Ok(tally)
}

/// What makes a message the same as another.
fn place_of(message: &Diagnostic) -> (&'static str, Option<Span>) {
    (message.code, message.primary.as_ref().map(|label| label.span))
}

/// The report as a table whose rows are written one by one.
struct Table {
    names: usize,
}

impl Table {
    fn new(targets: &[Target]) -> Self {
        let names = targets.iter().map(|target| target.name.chars().count()).max().unwrap_or(0);
        Table { names: names.max("reverse mode against".len()) }
    }

    fn head(&self) -> String {
        let heads: Vec<String> = METHODS.iter().map(|head| format!("{head:>WIDTH$}")).collect();
        format!("{:<names$}  points{}\n", "reverse mode against", heads.concat(), names = self.names)
    }

    /// A row; `known` says that the message of its failure has been shown before.
    fn row(&self, target: &Target, verdict: &Verdict, known: bool) -> String {
        let (outcome, result) = match verdict {
            Verdict::Passed(outcome) => (Some(outcome), format!("ok{}", remarks(outcome))),
            Verdict::Failed { outcome, .. } => {
                (outcome.as_ref(), if known { "FAILED, as above" } else { "FAILED" }.to_string())
            }
            Verdict::Skipped(reason) => {
                return format!("{:<names$}  skipped: {reason}\n", target.name, names = self.names);
            }
        };
        let points = outcome.map_or(String::new(), |outcome| outcome.points.to_string());
        let cells: Vec<String> = PAIRS.iter().map(|pair| format!("{:>WIDTH$}", cell(outcome, *pair))).collect();
        let line = format!("{:<names$}  {points:>6}{}  {result}", target.name, cells.concat(), names = self.names);
        format!("{}\n", line.trim_end())
    }
}

/// How far a pair is apart at most, relative to the derivative; a dash where it was never compared.
fn cell(outcome: Option<&Outcome>, pair: crate::gradcheck::Pair) -> String {
    let readings = outcome.map_or(&[][..], |outcome| &outcome.readings);
    match readings.iter().filter_map(|reading| reading.apart(pair)).reduce(f64::max) {
        Some(apart) => significant(apart, 2),
        None => "-".to_string(),
    }
}

fn remarks(outcome: &Outcome) -> String {
    let mut remarks = String::new();
    if outcome.all_zero {
        remarks.push_str(", the derivative is 0 at all points");
    }
    match outcome.passed_over {
        0 => {}
        1 => remarks.push_str(", except along 1 direction, where it is not smooth"),
        directions => remarks.push_str(&format!(", except along {directions} directions, where it is not smooth")),
    }
    match outcome.kinks {
        0 => {}
        1 => remarks.push_str(", 1 point at a kink replaced"),
        kinks => remarks.push_str(&format!(", {kinks} points at kinks replaced")),
    }
    remarks
}

/// A sign on a terminal that a check goes on, if it takes long; it vanishes at the end.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn begin(name: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Progress { bar: None };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} checking {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(name.to_string());
        bar.enable_steady_tick(PATIENCE);
        Progress { bar: Some(bar) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
