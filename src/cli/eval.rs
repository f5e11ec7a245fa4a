//! `ndc eval FILE --data new.csv`.

use super::output::{report, say};
use super::using::Using;
use super::watch_training::confusion_table;
use crate::driver::on_large_stack;
use crate::report::events::Confusions;
use crate::report::{counted, significant};
use crate::trained::{Evaluated, Question, evaluated};
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
    pub(super) using: Using,
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
    let Arguments { file, data, using, .. } = arguments;
    let settings = &using.settings;
    let mut model = using.open(file, Question::Measures(data.as_deref()), &using.set.overrides);
    if model.checked.has_errors() {
        report(&model.checked.diagnostics, &model.checked.sources, settings);
        return false;
    }
    report(&model.warnings, &model.checked.sources, settings);
    let compiler = using.compiler(&model);
    let result = on_large_stack(|| evaluated(&using.which, (file, data.as_deref()), &mut model, compiler));
    match result {
        Ok(evaluated) => {
            say(&match arguments.format {
                Format::Text => text(&evaluated),
                Format::Json => json(&evaluated),
            });
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &model.checked.sources, settings);
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
