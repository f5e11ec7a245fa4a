//! What a run shows: printed values, progress on a terminal, plain lines in a pipe, and a closing report.

use super::output::say;
use super::rate_finding::table;
use crate::report::{counted, duration, number, significant, thousands, value_text};
use crate::session::{Confusion, LearningRates, Leaves, Observer, TrainingEnd, TrainingProgress, TrainingStart};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Significant digits in progress and reports.
const DIGITS: usize = 6;
/// Entries of a parameter that the closing report shows.
const SHOWN: usize = 8;
/// Parameters that the closing report shows.
const MOST_PARAMETERS: usize = 24;

/// Shows a run to the user.
pub(super) struct Watcher {
    terminal: bool,
    bar: Option<ProgressBar>,
    start: Option<TrainingStart>,
}

impl Watcher {
    pub(super) fn new() -> Self {
        Watcher { terminal: std::io::stderr().is_terminal(), bar: None, start: None }
    }
}

impl Observer for Watcher {
    fn text(&mut self, text: &str) {
        say(&format!("{text}\n"));
    }

    fn value(&mut self, source: &str, value: &Leaves) {
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        say(&format!("{source} = {}\n", value_text(value)));
    }

    fn training_started(&mut self, start: &TrainingStart) {
        say(&format!("{}\n", headline(start)));
        if self.terminal {
            let bar = match start.steps {
                Some(steps) => ProgressBar::new(steps),
                None => ProgressBar::new_spinner(),
            };
            let template = match start.steps {
                Some(_) => "{bar:24} {percent:>3}%  {msg}  {speed}  {eta} left",
                None => "{spinner} {msg}  {speed}  {elapsed}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.with_key("speed", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{} steps/s", thousands(state.per_sec() as u64));
                }));
            }
            self.bar = Some(bar);
        }
        self.start = Some(start.clone());
    }

    fn training_progress(&mut self, progress: &TrainingProgress) {
        let mut message = measures(progress.loss, &progress.metrics);
        if let Some((loss, metrics)) = &progress.validation {
            message.push_str(&format!("  validation {}", measures(*loss, metrics)));
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(progress.step);
                bar.set_message(format!("epoch {}  {message}", thousands(progress.epoch)));
            }
            None if progress.milestone => {
                let speed = rate(progress.step, progress.elapsed);
                let left = self.start.as_ref().and_then(|start| remaining(progress, start.steps));
                let left = left.map_or(String::new(), |left| format!("  {} left", duration(left)));
                let (epoch, step) = (thousands(progress.epoch), thousands(progress.step));
                say(&format!("  epoch {epoch:>9}  step {step:>9}  {message}  {speed}{left}\n"));
            }
            None => {}
        }
    }

    fn learning_rates_tried(&mut self, found: &LearningRates) {
        say(&table(found));
    }

    fn training_ended(&mut self, end: &TrainingEnd) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        say(&closing(end));
    }
}

fn headline(start: &TrainingStart) -> String {
    let name = start.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let data = match &start.data {
        Some((data, rows)) => {
            format!(
                " on {data} ({} examples, {} a step)",
                thousands(*rows as u64),
                thousands(start.examples_per_step() as u64)
            )
        }
        None => String::new(),
    };
    let count = counted(start.trainable as u64, "trainable value");
    let resumed = match &start.resumed {
        Some((path, step)) => format!(", going on from step {} of {path}", thousands(*step)),
        None => String::new(),
    };
    format!("training{name}{data}: {count}, compiled in {}{resumed}", duration(start.compiled_in))
}

/// `1 step`, `2_000 steps`.
fn measures(loss: f64, metrics: &[(String, f64)]) -> String {
    let metrics = metrics.iter().map(|(name, value)| format!("  {name} {}", significant(*value, DIGITS)));
    format!("loss {}{}", significant(loss, DIGITS), metrics.collect::<String>())
}

fn rate(steps: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { format!("{} steps/s", thousands((steps as f64 / seconds) as u64)) } else { String::new() }
}

fn remaining(progress: &TrainingProgress, steps: Option<u64>) -> Option<Duration> {
    let left = steps?.checked_sub(progress.step).filter(|left| *left > 0)?;
    Some(progress.elapsed.mul_f64(left as f64 / progress.step as f64))
}

/// The closing report: what was reached, and the parameters.
fn closing(end: &TrainingEnd) -> String {
    let name = end.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let (steps, epochs) = (counted(end.steps, "step"), counted(end.epochs, "epoch"));
    let speed = rate(end.steps, end.elapsed);
    let mut out =
        format!("trained{name}: {steps}, {epochs} in {} ({speed}){}\n", duration(end.elapsed), end.ending.told());
    let rows = std::iter::once(("loss".to_string(), end.loss)).chain(end.metrics.iter().cloned());
    let validation = end.validation.as_ref().map(|(loss, metrics)| {
        std::iter::once(*loss).chain(metrics.iter().map(|(_, value)| *value)).collect::<Vec<f64>>()
    });
    for (place, (name, value)) in rows.enumerate() {
        let beside = validation.as_ref().and_then(|values| values.get(place));
        let beside = beside.map_or(String::new(), |value| format!("  validation {}", significant(*value, DIGITS)));
        out.push_str(&format!("  {name:<12} {}{beside}\n", significant(value, DIGITS)));
    }
    for confusion in &end.confusions {
        out.push_str(&confusion_table(confusion));
    }
    if let Some(best) = &end.best {
        let restored = if best.restored { ", whose parameters are restored" } else { "" };
        let (monitor, value) = (&best.monitor, significant(best.value, DIGITS));
        out.push_str(&format!("  best epoch   {}, {monitor} {value}{restored}\n", thousands(best.epoch)));
    }
    let width = end.params.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    for (name, shape, values) in end.params.iter().take(MOST_PARAMETERS) {
        let shape = if shape.rank() == 0 { String::new() } else { shape.to_string() };
        out.push_str(&format!("  {name:<width$}  {shape:<10} {}\n", shown(values)));
    }
    if end.params.len() > MOST_PARAMETERS {
        out.push_str(&format!("  … and {} parameters more\n", end.params.len() - MOST_PARAMETERS));
    }
    out
}

/// A row for each true class, a column for each predicted one.
pub(super) fn confusion_table(confusion: &Confusion) -> String {
    let cells = confusion.counts.iter().flatten().map(|count| thousands(*count).len());
    let names = confusion.classes.iter().map(|class| class.chars().count());
    let width = cells.chain(names.clone()).max().unwrap_or(0);
    let names = names.max().unwrap_or(0);
    let mut out = format!("  {} (rows: true class, columns: predicted)\n", confusion.name);
    let line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("  {cell:>width$}")).collect();
        format!("    {name:<names$}{cells}\n")
    };
    out.push_str(&line("", confusion.classes.clone()));
    for (class, counts) in confusion.classes.iter().zip(&confusion.counts) {
        out.push_str(&line(class, counts.iter().map(|count| thousands(*count)).collect()));
    }
    out
}

/// A few values, or the range of many.
fn shown(values: &[f64]) -> String {
    if values.len() <= SHOWN {
        return values.iter().map(|value| significant(*value, DIGITS)).collect::<Vec<_>>().join("  ");
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let [least, mean, most] = [least, mean, most].map(|value| number(significant(value, 4).parse().unwrap_or(value)));
    format!("from {least} to {most}, mean {mean}")
}
