//! The Python file of a shared library.

use super::Module;
use super::export::Export;
use super::identifiers::{Language, distinct, identifier};
use crate::native::Port;
use std::fmt::Write;

/// What every file has: a call of a function of the library on numpy arrays.
const CALL: &str = include_str!("call.py");

/// The functions as Python, by ctypes and numpy.
pub fn module(module: &Module) -> String {
    let mut text = format!(
        "# Written by ndc {}; compiled from {}. Changes will be lost.\n",
        crate::native::built::VERSION,
        module.program.name()
    );
    text.push_str(&CALL.replace("MODULE", &module.name).replace("PREFIX_", &module.prefix));
    for export in &module.exports {
        function(module, export, &mut text);
    }
    text
}

/// Names that the file uses itself.
const OWN: &[&str] = &["ctypes", "numpy", "pathlib", "sys"];

fn function(module: &Module, export: &Export, text: &mut String) {
    let names = distinct(export.inputs().iter().map(|port| port.name.as_str()), Language::Python, OWN);
    let symbol = module.symbol(export);
    let name = identifier(&export.name, Language::Python);
    let _ = writeln!(text, "\n\ndef {name}({}):", names.join(", "));
    let mut lines = export.documentation.clone();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(export.signature.clone());
    let quoted = lines.join("\n    ").replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let _ = writeln!(text, "    \"\"\"{quoted}\n    \"\"\"");
    let values: Vec<String> =
        export.inputs().iter().zip(&names).map(|(port, name)| format!("({}, {name})", described(port))).collect();
    let results: Vec<String> = export.outputs().iter().map(described).collect();
    let _ = writeln!(text, "    return _call(\"{symbol}\", {}, {})", tuple(&values), tuple(&results));
}

/// `"x", "float64", (100, 3)`
fn described(port: &Port) -> String {
    let element = match port.ty.element {
        crate::ir::ElementType::F32 => "float32",
        crate::ir::ElementType::F64 => "float64",
        crate::ir::ElementType::I64 => "int64",
        crate::ir::ElementType::Bool => "bool",
    };
    let sizes: Vec<String> = port.ty.shape.sizes().iter().map(usize::to_string).collect();
    format!("({:?}, \"{element}\", {})", port.name, tuple(&sizes))
}

/// A tuple of Python.
fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        several => format!("({})", several.join(", ")),
    }
}
