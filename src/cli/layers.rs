//! The layers of a file as a table: what each gives, its parameters and their numbers.

use crate::check::program::{LayerOutput, Param, Program};
use crate::report::thousands;

/// The headings of the columns.
pub(super) const HEADINGS: [&str; 5] = ["layer", "output", "parameters", "numbers", "bytes"];

/// A line for each layer, and for each parameter of none, in order of declaration; then the sums.
pub(super) fn layers(program: &Program) -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    let mut left = program.layers.iter();
    for param in &program.params {
        let place = program.layers.iter().position(|layer| holder(param) == Some(&layer.path));
        let Some(place) = place else {
            rows.push(row(program, "", String::new(), &[param]));
            continue;
        };
        // All layers down to its own, unless they have had their lines.
        let until = (place + 1).saturating_sub(program.layers.len() - left.len());
        rows.extend(left.by_ref().take(until).map(|layer| layer_row(program, layer)));
    }
    rows.extend(left.map(|layer| layer_row(program, layer)));
    let (numbers, bytes) = size(program, program.params.iter());
    rows.push(["all".to_string(), String::new(), String::new(), thousands(numbers), thousands(bytes)]);
    rows
}

fn layer_row(program: &Program, layer: &LayerOutput) -> [String; 5] {
    // What it gives; several where it is called on several shapes.
    let output = layer.outputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let own: Vec<&Param> = program.params.iter().filter(|param| holder(param) == Some(&layer.path)).collect();
    match own[..] {
        [] => [layer.path.clone(), output, String::new(), String::new(), String::new()],
        _ => row(program, &layer.path, output, &own),
    }
}

/// The path of the layer that a parameter belongs to, if it belongs to one.
fn holder(param: &Param) -> Option<&str> {
    param.name.rsplit_once('.').map(|(layer, _)| layer)
}

fn row(program: &Program, layer: &str, output: String, params: &[&Param]) -> [String; 5] {
    let shapes: Vec<String> = params.iter().map(|param| described(param)).collect();
    let (numbers, bytes) = size(program, params.iter().copied());
    [layer.to_string(), output, shapes.join(", "), thousands(numbers), thousands(bytes)]
}

fn described(param: &Param) -> String {
    let name = param.name.rsplit_once('.').map_or(param.name.as_str(), |(_, name)| name);
    let sizes: Vec<String> = param.shape.sizes().iter().map(usize::to_string).collect();
    let sizes = if sizes.is_empty() { String::new() } else { format!(" [{}]", sizes.join(", ")) };
    let special = match (param.running, param.frozen) {
        (true, _) => " (running)",
        (false, true) => " (frozen)",
        (false, false) => "",
    };
    format!("{name}{sizes}{special}")
}

/// The numbers of parameters, and their bytes.
pub(super) fn size<'a>(program: &Program, params: impl Iterator<Item = &'a Param>) -> (u64, u64) {
    let numbers: usize = params.map(|param| param.shape.count()).sum();
    (numbers as u64, (numbers * program.real().bytes()) as u64)
}
