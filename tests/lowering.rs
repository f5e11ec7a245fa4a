//! Claims of whole programs, computed by the reference evaluator: what `lower` makes of the language.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::check::program::{Action, Claim, Program, Typed};
use ndc::data::FileLoader;
use ndc::driver::{check_file, on_large_stack};
use ndc::eval::evaluate_tables;
use ndc::ir::Table;
use ndc::lower::value::lower_values;
use std::path::Path;

/// The values of expressions, if they read nothing but literals.
fn values(program: &Program, expressions: &[&Typed]) -> Option<Vec<Table>> {
    let lowered = lower_values(program, expressions);
    lowered.sources.is_empty().then(|| evaluate_tables(&lowered.graph, &[]).unwrap())
}

fn agree(left: &Table, right: &Table) -> bool {
    let element = left.ty.element;
    left.ty == right.ty
        && left.bits.iter().zip(&right.bits).all(|(a, b)| {
            let (a, b) = (element.number(*a), element.number(*b));
            a == b || (a - b).abs() <= 1e-9 * b.abs().max(1.0)
        })
}

/// Checks the claims of a program that read no `let` of it; returns how many there are.
fn claims(title: &str, program: &Program) -> usize {
    let mut checked = 0;
    for action in &program.actions {
        let Action::Assert(assert) = action else { continue };
        let holds = match &assert.claim {
            Claim::Condition(condition) => {
                values(program, &[condition]).map(|all| all[0].bits.iter().all(|bit| *bit != 0))
            }
            Claim::Equal(left, right, _) => values(program, &[left, right]).map(|all| {
                let (left, right) = all.split_at(all.len() / 2);
                left.len() == right.len() && left.iter().zip(right).all(|(a, b)| agree(a, b))
            }),
            Claim::Fails { .. } => None,
        };
        assert_ne!(holds, Some(false), "{title} at {:?}", assert.span);
        checked += usize::from(holds.is_some());
    }
    checked
}

#[test]
fn the_evaluator_agrees_with_what_programs_claim() {
    for name in ["records", "loops", "functions", "implicit"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/run/{name}.nd"));
        let checked = check_file(&path, &mut FileLoader::new(), Default::default());
        assert!(!checked.has_errors(), "{name}: {:#?}", checked.diagnostics);
        let count: usize = on_large_stack(|| {
            checked.program.tests.iter().map(|test| claims(&format!("{name} \"{}\"", test.name), &test.program)).sum()
        });
        assert!(count >= 5, "{name}: only {count} claims read nothing but literals");
    }
}
