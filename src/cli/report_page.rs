//! The page of `ndc run --report`: what is said of the run itself, and the graphs of its losses.

use super::layers::{HEADINGS, layers};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{MessageFormat, render};
use crate::driver::{Checked, LossGraph, losses};
use crate::page::{About, Collector, html};
use crate::picture::folding::Folding;
use crate::picture::{Picture, Shown, Text};
use crate::report::duration;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest drawing of a graph that the page has, in bytes.
const LONGEST_GRAPH: usize = 150_000;

/// The page about a run.
pub(super) fn page(
    file: &Path,
    checked: &Checked,
    seen: &Collector,
    failures: &[Diagnostic],
    took: Duration,
) -> String {
    let own = checked.sources.iter().find(|(_, source)| !source.library).map_or("", |(_, source)| source.text.as_str());
    let failure = (!failures.is_empty()).then(|| render(failures, &checked.sources, MessageFormat::Full, false));
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let layers = std::iter::once(HEADINGS.map(str::to_string)).chain(layers(&checked.program)).collect();
    let (graphs, facts) = (graphs(checked), facts(checked, took));
    let about = About { file: name, text: own.to_string(), failure, layers, graphs, facts };
    html(seen, &checked.sources, &about)
}

/// The graphs of the losses of one example, but those too large to be read.
fn graphs(checked: &Checked) -> Vec<String> {
    let mut graphs = Vec::new();
    for LossGraph { train, graph, beside } in losses(checked) {
        let picture = Picture::new(&graph, &checked.sources, &Folding::default(), &beside);
        let title = match &train.name {
            Some(name) => format!("the loss of {name}"),
            None => "the loss of one example".to_string(),
        };
        let text = Text { title, result: "loss".to_string(), notes: Vec::new() };
        let drawn = picture.svg(&text, Shown::Structure, &[]);
        graphs.extend((drawn.len() <= LONGEST_GRAPH).then_some(drawn));
    }
    graphs
}

fn facts(checked: &Checked, took: Duration) -> Vec<(String, String)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    [
        ("command", format!("ndc {}", arguments.join(" "))),
        ("seed", checked.program.seed.to_string()),
        ("precision", format!("{:?}", checked.program.real()).to_lowercase()),
        ("ndc", env!("CARGO_PKG_VERSION").to_string()),
        ("machine", format!("{} {}, {threads} processors", std::env::consts::OS, std::env::consts::ARCH)),
        ("ended", now()),
        ("took", duration(took)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value))
    .collect()
}

/// The time as `2026-11-27 01:30:00 UTC`.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(day);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

/// The date of a day since 1970.
fn date(mut day: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (day, expected) in
            [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_784, (2026, 11, 27))]
        {
            assert_eq!(date(day), expected, "{day}");
        }
    }
}
