//! The standard library: each function's example holds, and everything public has documentation with an example.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::data::FileLoader;
use ndc::driver::{check_text, on_large_stack};
use ndc::library::LIBRARY;
use ndc::session::{Session, Silent};
use ndc::syntax::ast::{Item, ItemKind};

/// The documented items of a module with their names.
fn items(place: usize) -> Vec<(String, Item)> {
    let (file, diagnostics) = ndc::syntax::parse(ndc::source::SourceId(place as u32), LIBRARY[place].text);
    assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", LIBRARY[place].name);
    let named = file.items.into_iter().filter_map(|item| {
        let name = match &item.kind {
            ItemKind::Function(function) => function.name.text.clone(),
            ItemKind::Layer(layer) => layer.name.text.clone(),
            _ => return None,
        };
        Some((name, item))
    });
    named.collect()
}

/// The text after `Example:`, in one line.
fn example(item: &Item) -> Option<String> {
    let text = item.documentation.join(" ");
    text.split_once("Example: ").map(|(_, rest)| rest.to_string())
}

/// The program in the item's block of code, from "```nd" to "```".
fn block(item: &Item) -> Option<String> {
    let lines = item.documentation.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
    let lines = lines.skip_while(|line| line.trim() != "```nd").skip(1).take_while(|line| line.trim() != "```");
    let lines: Vec<&str> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The program that an example stands for: "`a` is b." claims that they are equal, other code is run as it is.
fn program(example: &str) -> String {
    let code: Vec<&str> = example.split('`').collect();
    let (first, rest) = (code[1], code[2]);
    let Some(value) = rest.trim_start().strip_prefix("is ") else { return first.to_string() };
    let value = if value.is_empty() { code[3] } else { value };
    let value = value.split(" within ").next().unwrap().trim_end_matches('.');
    let within = if example.contains("within the tolerance") { " within 1e-6" } else { "" };
    format!("assert ({first}) == {value}{within}")
}

fn failure(program: &str) -> Option<String> {
    let checked = check_text("example.nd", None, program.to_string(), &mut FileLoader::new(), Default::default());
    if checked.has_errors() {
        return Some(format!("{:#?}", checked.diagnostics));
    }
    let ran = on_large_stack(|| {
        let mut session = Session::new(&checked.program).map_err(|stopped| vec![*stopped])?;
        session.run(&mut Silent)
    });
    ran.err().map(|failures| format!("{failures:#?}"))
}

#[test]
fn every_example_holds() {
    let mut wrong = Vec::new();
    for (place, module) in LIBRARY.iter().enumerate() {
        for (name, item) in items(place) {
            for program in block(&item).into_iter().chain(example(&item).map(|example| program(&example))) {
                if let Some(failure) = failure(&program) {
                    wrong.push(format!("{}.{name}: {program}\n{failure}", module.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_has_documentation_and_an_example() {
    let mut wrong = Vec::new();
    for (place, module) in LIBRARY.iter().enumerate() {
        for (name, item) in items(place) {
            let shown = example(&item).is_some() || block(&item).is_some_and(|block| block.contains("assert "));
            if item.documentation.is_empty() || !shown {
                wrong.push(format!("{}.{name}", module.name));
            }
        }
    }
    assert!(wrong.is_empty(), "without documentation or example: {wrong:?}");
}
