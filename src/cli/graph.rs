//! `ndc graph FILE --of NAME`.

use super::output::{report, say};
use super::{Asked, Settings};
use crate::check::subject::Subject as Kind;
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use crate::diagnostics::catalog::subjects::no_such_call;
use crate::driver::on_large_stack;
use crate::ir::Table;
use crate::picture::folding::{Folding, names};
use crate::picture::{Picture, Shown, Text};
use crate::session::native;
use crate::subject::{Subject, open};
use std::fs;
use std::path::Path;

/// The most characters of a title.
const LONGEST_TITLE: usize = 90;

/// Draws a function, model or loss; whether all went well.
pub(super) fn graph(
    file: &Path,
    asked: &Asked,
    sum: bool,
    folding: &Folding,
    output: Option<&Path>,
    settings: &Settings,
) -> bool {
    let subject = match open(file, asked.request(), &mut FileLoader::new(), settings.options()) {
        Ok(subject) => subject,
        Err(failure) => {
            report(&failure.diagnostics, &failure.sources, settings);
            return false;
        }
    };
    report(&subject.checked.diagnostics, &subject.checked.sources, settings);
    let drawn = on_large_stack(|| drawing(&subject, asked, sum, folding)).and_then(|drawing| match output {
        None => Ok(drawing),
        Some(path) => {
            let failed = |error| Box::new(cannot_write(&path.display().to_string(), &error));
            fs::write(path, drawing).map_err(failed).map(|()| format!("wrote {}\n", path.display()))
        }
    });
    match drawn {
        Ok(text) => {
            say(&text);
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &subject.checked.sources, settings);
            false
        }
    }
}

/// The picture as SVG.
fn drawing(subject: &Subject, asked: &Asked, sum: bool, folding: &Folding) -> Result<String, Box<Diagnostic>> {
    let known = names(&subject.graph);
    if let Some(unknown) = folding.unfold.iter().find(|name| !known.contains(name)) {
        return Err(Box::new(no_such_call(unknown, &asked.of, known.iter().map(String::as_str))));
    }
    // Arguments are on the left; what else the function reads stands beside its use.
    let beside_use: Vec<bool> = subject.inputs.iter().map(|input| !input.is_argument()).collect();
    let picture = Picture::new(&subject.graph, &subject.checked.sources, folding, &beside_use);
    let mut text = Text { title: title(asked), result: asked.of.clone(), notes: Vec::new() };
    let shown = shown(subject, asked, sum, &picture, &mut text);
    let inputs: Vec<Table> = subject.inputs.iter().map(|input| input.value.clone()).collect();
    let tables = match shown {
        Shown::Structure => Vec::new(),
        shown => native::run(&picture.probe(shown), &inputs)?,
    };
    if picture.diagram.boxes > 0 {
        text.notes.push("boxes are calls; --unfold NAME and --depth N draw their inside".to_string());
    }
    Ok(picture.svg(&text, shown, &tables))
}

/// What can be shown, with a note about what is not.
fn shown(subject: &Subject, asked: &Asked, sum: bool, picture: &Picture, text: &mut Text) -> Shown {
    let is_loss = matches!(subject.kind, Kind::Loss { .. });
    let needs_arguments = subject.inputs.iter().any(|input| input.is_argument());
    if asked.at.is_none() && !is_loss && needs_arguments {
        text.notes.push("--at \"…\" gives the arguments, for values and derivatives".to_string());
        return Shown::Structure;
    }
    if is_loss {
        let example = if asked.at.is_none() { "the first example" } else { "one example" };
        text.notes.push(format!("the loss of {example} at the initial parameters"));
    }
    if picture.has_scalar_result() {
        return Shown::Derivatives;
    }
    if sum {
        text.result = format!("the sum of {}", asked.of);
        return Shown::Derivatives;
    }
    text.notes.push("the result is not one number: --sum draws the derivatives of the sum of its elements".to_string());
    Shown::Values
}

fn title(asked: &Asked) -> String {
    let whole = match &asked.at {
        Some(at) => format!("{} at {}", asked.of, at.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => asked.of.clone(),
    };
    match whole.chars().count() > LONGEST_TITLE {
        true => whole.chars().take(LONGEST_TITLE - 1).chain(['…']).collect(),
        false => whole,
    }
}
