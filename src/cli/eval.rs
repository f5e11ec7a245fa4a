//! `ndc eval FILE --data new.csv`.

use super::Settings;
use super::compiling::Compiling;
use super::output::{report, say};
use super::set::Set;
use super::watch_training::confusion_table;
use crate::check::Options;
use crate::data::FileLoader;
use crate::driver::{check_file_with, on_large_stack};
use crate::report::events::Confusions;
use crate::report::{counted, significant};
use crate::trained::{Evaluated, Which, evaluated};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The digits of losses and metrics on a terminal.
const DIGITS: usize = 6;

/// What `ndc eval` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The .nd file
    file: PathBuf,
    /// The examples: a data set of the file by its name, or a file with the columns that loss and metrics need; without it,
    /// the data that the model was trained on
    #[arg(short, long, value_name = "SET|FILE")]
    data: Option<String>,
    /// How results are written
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    compiling: Compiling,
    /// Simplify further, with results that round differently and hold where everything is finite
    #[arg(long)]
    fast_math: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each number, six digits
    Text,
    /// One line of JSON, all digits
    Json,
}

/// Evaluates a trained model; whether all went well.
pub(super) fn eval(arguments: &Arguments) -> bool {
    let Arguments { file, data, which, set, settings, .. } = arguments;
    let mut loader = FileLoader::new();
    let options = Options { fast_math: arguments.fast_math, ..settings.options() };
    let mut checked = check_file_with(file, &set.overrides, &mut loader, options);
    if checked.has_errors() {
        report(&checked.diagnostics, &checked.sources, settings);
        return false;
    }
    let compiler = arguments.compiling.compiler(&checked, &loader, options);
    let result =
        on_large_stack(|| evaluated(which, (file, data.as_deref()), &checked.program, &mut checked.sources, compiler));
    match result {
        Ok(evaluated) => {
            say(&match arguments.format {
                Format::Text => text(&evaluated),
                Format::Json => json(&evaluated),
            });
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &checked.sources, settings);
            false
        }
    }
}

fn text(evaluated: &Evaluated) -> String {
    let Evaluated { data, examples, measures } = evaluated;
    let mut out = format!("{data}: {}\n", counted(*examples as u64, "example"));
    let rows = std::iter::once(("loss", measures.loss));
    for (name, value) in rows.chain(measures.metrics.iter().map(|(name, value)| (name.as_str(), *value))) {
        out.push_str(&format!("  {name:<12} {}\n", significant(value, DIGITS)));
    }
    out.extend(measures.confusions.iter().map(confusion_table));
    out
}

fn json(evaluated: &Evaluated) -> String {
    let Evaluated { data, examples, measures } = evaluated;
    // Numbers that are not finite become null.
    let metrics: serde_json::Map<String, serde_json::Value> =
        measures.metrics.iter().map(|(name, value)| (name.clone(), serde_json::json!(value))).collect();
    let mut object =
        serde_json::json!({ "data": data, "examples": examples, "loss": measures.loss, "metrics": metrics });
    if !measures.confusions.is_empty() {
        object["confusion"] = serde_json::json!(Confusions(&measures.confusions));
    }
    format!("{object}\n")
}
