//! The page of built-in functions, made from the tables that the compiler works with.

use super::conventions::{conventions, written};
use super::{Entry, Page, Section};
use crate::check::builtins::BUILTINS;
use crate::ir::Pointwise;
use crate::ops::POINTWISE;

/// The name of the page.
pub const BUILTINS_PAGE: &str = "builtins";

/// The page of what needs no definition in nd.
pub fn builtin_page() -> Page {
    let functions = BUILTINS.iter().map(|builtin| Entry {
        name: builtin.name.to_string(),
        signature: builtin.signature.to_string(),
        documentation: builtin.documentation.to_string(),
    });
    let pointwise = POINTWISE.iter().filter(|definition| definition.builtin).map(|definition| pointwise(definition));
    Page {
        name: BUILTINS_PAGE.to_string(),
        title: BUILTINS_PAGE.to_string(),
        introduction: "What every program can use without a definition in nd.".to_string(),
        sections: vec![
            Section { title: "Functions", entries: functions.collect() },
            Section { title: "Pointwise functions", entries: pointwise.collect() },
        ],
    }
}

/// A function of numbers, which works on tensors element by element.
fn pointwise(definition: &'static Pointwise) -> Entry {
    let mut documentation = definition.documentation.to_string();
    documentation.push_str(&format!("\n\n{}", conventions(definition)));
    let (expression, value) = definition.example;
    if !expression.is_empty() {
        documentation.push_str(&format!("\n\nExample: `{expression}` is `{value}`."));
    }
    Entry { name: definition.name.to_string(), signature: written(definition), documentation }
}
