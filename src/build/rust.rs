//! The Rust module of an object file.

use super::Module;
use super::export::Export;
use super::identifiers::{Language, distinct, identifier};
use crate::embed::type_text;
use crate::ir::ElementType;
use crate::native::Port;
use std::fmt::Write;

/// The functions as Rust, to be included in a module.
pub fn module(module: &Module) -> String {
    let mut text = format!(
        "// Written by ndc {}; compiled from {}. Changes will be lost.\n",
        crate::native::built::VERSION,
        module.program.name()
    );
    for export in &module.exports {
        function(module, export, &mut text);
    }
    text
}

/// A function, with names for what differs.
const FUNCTION: &str = include_str!("function.txt");

/// Names that the text of a function uses, and those of Rust that no argument can have.
const OWN: &[&str] = &["ndc_call", "ndc_check_length", "Err", "None", "Ok", "Some"];

fn function(module: &Module, export: &Export, text: &mut String) {
    let (inputs, outputs) = (export.inputs(), export.outputs());
    let names = distinct(inputs.iter().chain(outputs).map(|port| port.name.as_str()), Language::Rust, OWN);
    let (given, made) = names.split_at(inputs.len());
    let numbers: Vec<(&Port, &String)> = outputs.iter().zip(made).filter(|(port, _)| is_number(port)).collect();
    text.push('\n');
    for line in documentation(export, &numbers, &format!("`{}`", export.signature)) {
        let _ = writeln!(text, "///{}{line}", if line.is_empty() { "" } else { " " });
    }
    let types: Vec<&str> = numbers.iter().map(|(port, _)| element(port.ty.element)).collect();
    let returned: Vec<&str> = numbers.iter().map(|(_, name)| name.as_str()).collect();
    let taken = inputs.iter().zip(given).map(|(port, name)| match is_number(port) {
        true => format!("{name}: {}", element(port.ty.element)),
        false => format!("{name}: &[{}]", element(port.ty.element)),
    });
    let written = outputs.iter().zip(made).filter(|(port, _)| !is_number(port));
    let written = written.map(|(port, name)| format!("{name}: &mut [{}]", element(port.ty.element)));
    let (declared, passed) = passed(export, (given, made));
    let pieces = [
        ("{name}", identifier(&export.name, Language::Rust)),
        ("{parameters}", taken.chain(written).collect::<Vec<_>>().join(", ")),
        ("{result}", one_or_tuple(&types)),
        ("{symbol}", module.symbol(export)),
        ("{declared}", declared),
        ("{checks}", checks(export, (given, made))),
        ("{passed}", passed),
        ("{returned}", one_or_tuple(&returned)),
    ];
    text.push_str(&pieces.iter().fold(FUNCTION.to_string(), |text, (name, piece)| text.replace(name, piece)));
}

fn is_number(port: &Port) -> bool {
    port.ty.shape.rank() == 0
}

fn one_or_tuple(items: &[&str]) -> String {
    match items {
        [one] => (*one).to_string(),
        several => format!("({})", several.join(", ")),
    }
}

fn documentation(export: &Export, numbers: &[(&Port, &String)], signature: &str) -> Vec<String> {
    let mut lines = export.documentation.clone();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(signature.to_string());
    lines.push(String::new());
    let returned: Vec<String> = numbers.iter().map(|(port, _)| format!("`{}`", port.name)).collect();
    let rest = "Tensors are slices, row by row; results that are tensors are written to the last arguments.";
    lines.push(match returned.is_empty() {
        true => rest.to_string(),
        false => format!("Returns {}. {rest}", returned.join(" and ")),
    });
    lines.push(String::new());
    lines.push("# Errors".to_string());
    lines.push("When a slice has another length, or the computation fails; results are then undefined.".to_string());
    lines
}

/// The parameters of the function in the object file, and what is passed.
fn passed(export: &Export, (given, made): (&[String], &[String])) -> (String, String) {
    let (mut declared, mut passed) = (Vec::new(), Vec::new());
    for (port, name) in export.inputs().iter().zip(given) {
        let ty = element(port.ty.element);
        declared.push(if is_number(port) { format!("{name}: {ty}") } else { format!("{name}: *const {ty}") });
        passed.push(if is_number(port) { name.clone() } else { format!("{name}.as_ptr()") });
    }
    for (port, name) in export.outputs().iter().zip(made) {
        declared.push(format!("{name}: *mut {}", element(port.ty.element)));
        passed.push(if is_number(port) { format!("&mut {name}") } else { format!("{name}.as_mut_ptr()") });
    }
    (declared.join(", "), passed.join(", "))
}

/// Checks of lengths, and places for results that are numbers.
fn checks(export: &Export, (given, made): (&[String], &[String])) -> String {
    let mut text = String::new();
    let all = export.inputs().iter().zip(given).chain(export.outputs().iter().zip(made));
    for (port, name) in all.filter(|(port, _)| !is_number(port)) {
        let (count, ty) = (port.ty.shape.count(), type_text(&port.ty));
        let _ =
            writeln!(text, "    ndc_check_length({:?}, {:?}, {ty:?}, {count}, {name}.len())?;", export.name, port.name);
    }
    for (port, name) in export.outputs().iter().zip(made).filter(|(port, _)| is_number(port)) {
        let _ = writeln!(text, "    let mut {name} = <{}>::default();", element(port.ty.element));
    }
    text
}

fn element(element: ElementType) -> &'static str {
    match element {
        ElementType::F32 => "f32",
        ElementType::F64 => "f64",
        ElementType::I64 => "i64",
        ElementType::Bool => "bool",
    }
}
