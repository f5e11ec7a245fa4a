//! The rules of the optimiser as a page, from its tables.

use super::Page;
use crate::optimize::{Exactness, Rule, TABLES, Table};

/// The name of the page.
pub const RULES_PAGE: &str = "optimizer";

/// What stands at the head of the page.
const INTRODUCTION: &str = include_str!("rules.md");

/// How both sides of a rule agree, in a few words.
fn agreement(exactness: Exactness) -> &'static str {
    match exactness {
        Exactness::Exact => "exact",
        Exactness::UpToSignOfZero => "exact up to the sign of zero",
        Exactness::Rounding => "rounds differently",
        Exactness::Fast => "`--fast-math` only",
    }
}

fn line(rule: &Rule) -> String {
    format!("| `{}` | {} |\n", rule.equation.replace('|', "\\|"), agreement(rule.exactness))
}

fn section(table: &Table) -> String {
    let lines: String = table.rules.iter().map(line).collect();
    format!("\n## {}\n\n| rule | both sides |\n| --- | --- |\n{lines}", table.title)
}

/// The page of rules, table by table.
pub fn rules_page() -> Page {
    Page {
        name: RULES_PAGE.to_string(),
        title: "What the optimiser does".to_string(),
        introduction: INTRODUCTION.to_string() + &TABLES.iter().map(section).collect::<String>(),
        sections: Vec::new(),
    }
}
