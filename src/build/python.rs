//! The Python file of a shared library.

use super::Module;
use super::export::Export;
use super::identifiers::{Language, distinct};
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
    let names = distinct(module.exports.iter().map(|export| export.name.as_str()), Language::Python, OWN);
    for (export, name) in module.exports.iter().zip(names) {
        function(module, export, &name, &mut text);
    }
    text
}

/// Names that the file uses itself, Python's own among them.
const OWN: &[&str] = &[
    "ctypes",
    "numpy",
    "pathlib",
    "sys",
    "_ENDING",
    "_NUMBERS",
    "_array",
    "_call",
    "_library",
    "RuntimeError",
    "TypeError",
    "ValueError",
    "getattr",
    "len",
    "str",
    "tuple",
];

fn function(module: &Module, export: &Export, name: &str, text: &mut String) {
    let names = distinct(export.inputs().iter().map(|port| port.name.as_str()), Language::Python, OWN);
    let symbol = module.symbol(export);
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
