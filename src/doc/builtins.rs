//! The page of built-in functions, made from the tables that the compiler works with.

use super::{Entry, Page, Section};
use crate::check::builtins::BUILTINS;
use crate::ir::Pointwise;
use crate::ops::POINTWISE;

/// The page of what needs no definition in nd.
pub fn builtin_page() -> Page {
    let functions = BUILTINS.iter().map(|builtin| Entry {
        name: builtin.name.to_string(),
        signature: builtin.signature.to_string(),
        documentation: builtin.documentation.to_string(),
    });
    let pointwise = POINTWISE.iter().filter(|definition| definition.builtin).map(|definition| pointwise(definition));
    Page {
        name: "builtins".to_string(),
        introduction: "What every program can use without a definition in nd.".to_string(),
        sections: vec![
            Section { title: "Functions", entries: functions.collect() },
            Section { title: "Pointwise functions", entries: pointwise.collect() },
        ],
    }
}

/// A function of numbers, which works on tensors element by element.
fn pointwise(definition: &Pointwise) -> Entry {
    let parameters = match definition.meaning.arity() {
        1 => "x",
        2 => "a, b",
        _ => "c, a, b",
    };
    let mut documentation = definition.documentation.to_string();
    if !definition.conventions.is_empty() {
        documentation.push_str(&format!("\n\nConventions: {}", definition.conventions));
    }
    let (expression, value) = definition.example;
    if !expression.is_empty() {
        documentation.push_str(&format!("\n\nExample: `{expression}` is `{value}`."));
    }
    Entry { name: definition.name.to_string(), signature: format!("{}({parameters})", definition.name), documentation }
}
