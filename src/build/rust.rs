//! The Rust module of an object file.

use super::Module;
use super::export::{Export, type_text};
use super::identifiers::{Language, distinct, identifier};
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

/// Names that the body of a function uses.
const OWN: &[&str] = &["call"];

fn function(module: &Module, export: &Export, text: &mut String) {
    let (inputs, outputs) = (export.inputs(), export.outputs());
    let names = distinct(inputs.iter().chain(outputs).map(|port| port.name.as_str()), Language::Rust, OWN);
    let (given, made) = names.split_at(inputs.len());
    let is_number = |port: &Port| port.ty.shape.rank() == 0;
    let numbers: Vec<(&Port, &String)> = outputs.iter().zip(made).filter(|(port, _)| is_number(port)).collect();
    text.push('\n');
    let code = format!("`{}`", export.signature);
    for line in documentation(export, &numbers, &code) {
        let _ = writeln!(text, "///{}{line}", if line.is_empty() { "" } else { " " });
    }
    let result = match &numbers[..] {
        [] => "()".to_string(),
        [(port, _)] => element(port.ty.element).to_string(),
        several => {
            let types: Vec<&str> = several.iter().map(|(port, _)| element(port.ty.element)).collect();
            format!("({})", types.join(", "))
        }
    };
    let taken = inputs.iter().zip(given).map(|(port, name)| match is_number(port) {
        true => format!("{name}: {}", element(port.ty.element)),
        false => format!("{name}: &[{}]", element(port.ty.element)),
    });
    let written = outputs.iter().zip(made).filter(|(port, _)| !is_number(port));
    let written = written.map(|(port, name)| format!("{name}: &mut [{}]", element(port.ty.element)));
    let parameters: Vec<String> = taken.chain(written).collect();
    let name = identifier(&export.name, Language::Rust);
    let _ = writeln!(text, "#[allow(clippy::all, clippy::pedantic, non_snake_case, unsafe_code, dead_code)]");
    let _ = writeln!(
        text,
        "pub fn {name}({}) -> ::core::result::Result<{result}, ::ndc::built::Error> {{",
        parameters.join(", ")
    );
    body(module, export, (given, made), text);
    let returned: Vec<&str> = numbers.iter().map(|(_, name)| name.as_str()).collect();
    let _ = match &returned[..] {
        [one] => writeln!(text, "    ::core::result::Result::Ok({one})\n}}"),
        several => writeln!(text, "    ::core::result::Result::Ok(({}))\n}}", several.join(", ")),
    };
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

fn body(module: &Module, export: &Export, (given, made): (&[String], &[String]), text: &mut String) {
    let is_number = |port: &Port| port.ty.shape.rank() == 0;
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
    let _ = writeln!(text, "    unsafe extern \"C\" {{");
    let _ = writeln!(text, "        #[link_name = \"{}\"]", module.symbol(export));
    let _ = writeln!(text, "        fn call({}) -> i32;\n    }}", declared.join(", "));
    for (port, name) in export.inputs().iter().zip(given).chain(export.outputs().iter().zip(made)) {
        if is_number(port) {
            continue;
        }
        let count = port.ty.shape.count();
        let ty = type_text(&port.ty);
        let _ = writeln!(
            text,
            "    ::ndc::built::check_length({:?}, {:?}, {ty:?}, {count}, {name}.len())?;",
            export.name, port.name
        );
    }
    for (port, name) in export.outputs().iter().zip(made).filter(|(port, _)| is_number(port)) {
        let _ = writeln!(text, "    let mut {name} = <{}>::default();", element(port.ty.element));
    }
    let _ = writeln!(text, "    // SAFETY: every slice has the length that the code was compiled for.");
    let _ = writeln!(text, "    ::ndc::built::result(unsafe {{ call({}) }})?;", passed.join(", "));
}

fn element(element: ElementType) -> &'static str {
    match element {
        ElementType::F32 => "f32",
        ElementType::F64 => "f64",
        ElementType::I64 => "i64",
        ElementType::Bool => "bool",
    }
}
