//! `ndc predict FILE --input new.csv`.

use super::output::{report, say_bytes};
use super::using::Using;
use super::write::write_whole;
use crate::checkpoint::same_file;
use crate::data::npy_bytes;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use crate::diagnostics::catalog::stored::overwrites;
use crate::driver::on_large_stack;
use crate::ir::{ElementType, Table};
use crate::overrides::Override;
use crate::report::predictions::Predictions;
use crate::session::native;
use crate::trained::{Model, Question, predictions};
use clap::{Args, ValueEnum};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What `ndc predict` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The .nd file
    file: PathBuf,
    /// The examples: a file of any format that `data` reads, with the columns that the prediction needs
    #[arg(short, long, value_name = "FILE")]
    input: PathBuf,
    /// The file to write; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What is written; without it, what the name of the output says, or CSV
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// What is predicted, in place of the block's `predict`: an expression of one example
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    of: Option<String>,
    #[command(flatten)]
    pub(super) using: Using,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line of names, then a line for each example
    Csv,
    /// A line of JSON for each example
    Json,
    /// An array of NumPy
    Npy,
}

/// Predicts and writes; whether all went well.
pub(super) fn predict(arguments: &Arguments) -> bool {
    let Arguments { file, of, using, .. } = arguments;
    let (which, settings) = (&using.which, &using.settings);
    let mut overrides = using.set.overrides.clone();
    overrides.extend(of.as_ref().map(|of| Override {
        name: format!("{}.predict", which.train.as_deref().unwrap_or("train")),
        value: of.clone(),
    }));
    let mut model = using.open(file, Question::Predictions, &overrides);
    // What is only to be noted of the data for training does not concern other data.
    if model.checked.has_errors() {
        report(&model.checked.diagnostics, &model.checked.sources, settings);
        return false;
    }
    report(&model.warnings, &model.checked.sources, settings);
    let compiler = using.compiler(&model);
    let predicted = || {
        refuse_what_is_read(arguments, &model)?;
        on_large_stack(|| predictions(which, (file, &arguments.input), &mut model, compiler))
    };
    let written = predicted().and_then(|predictions| write(&predictions, arguments));
    if let Err(diagnostic) = &written {
        report(std::slice::from_ref(&**diagnostic), &model.checked.sources, settings);
    }
    written.is_ok()
}

/// Makes sure that the output is none of the files that are read.
fn refuse_what_is_read(arguments: &Arguments, model: &Model) -> Result<(), Box<Diagnostic>> {
    let Some(output) = &arguments.output else { return Ok(()) };
    let own = [(arguments.input.clone(), "the examples"), (arguments.file.clone(), "the program")];
    let data = model.checked.program.files.iter().map(|file| (file.location.clone(), "data of the program"));
    let params = model.params().map(|path| (path.to_path_buf(), "the trained parameters"));
    match own.into_iter().chain(data).chain(params).find(|(path, _)| same_file(path, output)) {
        Some((_, what)) => Err(Box::new(overwrites(&output.display().to_string(), what, None))),
        None => Ok(()),
    }
}

fn write(predictions: &Predictions, arguments: &Arguments) -> Result<(), Box<Diagnostic>> {
    let by_name = arguments.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    let format = arguments.format.unwrap_or(match by_name {
        Some("npy") => Format::Npy,
        Some("json" | "jsonl" | "ndjson") => Format::Json,
        _ => Format::Csv,
    });
    let bytes = match format {
        Format::Csv => predictions.csv().into_bytes(),
        Format::Json => predictions.json_lines().into_bytes(),
        Format::Npy => npy(&predictions.values),
    };
    match &arguments.output {
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) {
                return Err(Box::new(cannot_write(&path.display().to_string(), &ErrorKind::NotFound.into())));
            }
            write_whole(path, &bytes)
        }
        None => {
            say_bytes(&bytes);
            Ok(())
        }
    }
}

fn npy(table: &Table) -> Vec<u8> {
    let kind = match table.ty.element {
        ElementType::F64 => "f8",
        ElementType::F32 => "f4",
        ElementType::I64 => "i8",
        ElementType::Bool => "b1",
    };
    npy_bytes(kind, table.ty.shape.sizes(), &native::to_bytes(table))
}
