//! The layers of a file as a table: what each gives, its parameters and their numbers.

use crate::check::program::{LayerOutput, Param, Program};
use crate::report::thousands;

/// The headings of the columns.
pub(super) const HEADINGS: [&str; 5] = ["layer", "output", "parameters", "numbers", "bytes"];

/// A line for each layer, and for each parameter of none, then the sums.
pub(super) fn layers(program: &Program) -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    let mut listed = 0;
    let mut params = program.params.iter().peekable();
    while let Some(param) = params.next() {
        let Some(place) = program.layers.iter().position(|layer| holder(param) == Some(&layer.path)) else {
            rows.push(row(program, "", String::new(), &[param]));
            continue;
        };
        // Layers without parameters stand where they are declared.
        rows.extend(program.layers.get(listed..place).unwrap_or_default().iter().map(bare));
        listed = listed.max(place + 1);
        let mut own = vec![param];
        while let Some(next) = params.next_if(|next| holder(next) == holder(param)) {
            own.push(next);
        }
        let layer = &program.layers[place];
        rows.push(row(program, &layer.path, output(layer), &own));
    }
    rows.extend(program.layers[listed..].iter().map(bare));
    let (numbers, bytes) = size(program, program.params.iter());
    rows.push(["all".to_string(), String::new(), String::new(), thousands(numbers), thousands(bytes)]);
    rows
}

/// The path of the layer that a parameter belongs to, if it belongs to one.
fn holder(param: &Param) -> Option<&str> {
    param.name.rsplit_once('.').map(|(layer, _)| layer)
}

/// The line of a layer that has no parameters of its own.
fn bare(layer: &LayerOutput) -> [String; 5] {
    [layer.path.clone(), output(layer), String::new(), String::new(), String::new()]
}

/// What a layer gives; several where it is called on several shapes.
fn output(layer: &LayerOutput) -> String {
    layer.outputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
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
