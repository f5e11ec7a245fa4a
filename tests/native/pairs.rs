//! Loops without states, whose steps go two at a time: the evaluator's bits for all operations, and the first error.

use super::harness::{compare, native};
use super::loops::{Parts, make};
use super::{BOOL, F64, I64, apply, forward, tables, ty, whole};
use ndc::codegen::{CallError, RunErrorKind, clif_text};
use ndc::ir::{ElementType, Ends, Graph, Meaning, Shape, Table};
use ndc::ops::{arithmetic, choice, comparison};
use ndc::schedule::schedule;
use ndc::source::{SourceId, Span};

/// Numbers at which choices are made, and others.
const NUMBERS: [f64; 11] = [0.0, -0.0, 1.0, -1.0, 0.5, 3.25, -2.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324];

/// Tables of such numbers, of whole numbers below 5, and of truth values, different in each row.
fn hard(graph: &Graph) -> Vec<Table> {
    let word = |element: ElementType, place: usize| match element {
        F64 => NUMBERS[place % NUMBERS.len()].to_bits(),
        I64 => (place % 5) as u64,
        _ => (place % 3 % 2) as u64,
    };
    let table = |(at, input): (usize, &ndc::ir::Input)| {
        let places = (0..input.ty.shape.count()).map(|place| word(input.ty.element, place * (2 * at + 1) + at));
        Table { ty: input.ty.clone(), bits: places.collect() }
    };
    graph.inputs().iter().enumerate().map(table).collect()
}

fn is_paired(graph: &Graph) -> bool {
    clif_text(&schedule(graph)).unwrap().contains("insertlane")
}

#[test]
fn operations_on_reals_have_the_evaluators_bits() {
    for definition in ndc::ops::POINTWISE {
        let arity = definition.meaning.arity();
        if !matches!(definition.meaning, Meaning::Unary { .. } | Meaning::Binary { .. } | Meaning::Comparison { .. }) {
            continue;
        }
        let rows = [ty(F64, &[3]), ty(F64, &[3])];
        let run = make(forward(23), &[], &rows, &[], |graph, inputs| {
            let (a, b) = (inputs[1], inputs[2]);
            let sum = apply(graph, &arithmetic::ADD, &[a, b]);
            let more = apply(graph, &arithmetic::MULTIPLY, &[sum, b]);
            let made = apply(graph, definition, &[more, a][..arity]);
            let beside = apply(graph, definition, &[b, sum][..arity]);
            (vec![], vec![made, more, beside])
        });
        let graph = whole(&run);
        compare(&graph, &hard(&graph), definition.name);
    }
}

/// A step that computes with reals, truth values and whole numbers, looks rows up, and calls functions.
fn step(parts: Parts) -> Graph {
    let rows = [ty(F64, &[3]), ty(I64, &[]), ty(BOOL, &[3]), ty(F64, &[])];
    let run = make(parts, &[], &rows, &[ty(F64, &[5, 3]), ty(I64, &[5]), ty(F64, &[])], |graph, inputs| {
        let [step, x, index, flags, factor, lookup, numbers, scale] = inputs[..] else { panic!("eight inputs") };
        let found = graph.gather(lookup, index, 0);
        let number = graph.gather(numbers, index, 0);
        let number = apply(graph, &arithmetic::ADD, &[number, step]);
        let real = apply(graph, &choice::TO_F64, &[number]);
        let scaled = apply(graph, &arithmetic::MULTIPLY, &[real, scale]);
        let [scaled, factor] = [scaled, factor].map(|each| graph.splat(each, &Shape::new(&[3])));
        let sum = apply(graph, &arithmetic::ADD, &[x, found]);
        let masked = apply(graph, &arithmetic::MASKED_MULTIPLY, &[sum, factor]);
        let less = apply(graph, &comparison::LESS, &[masked, scaled]);
        let either = apply(graph, &comparison::OR, &[less, flags]);
        let neither = apply(graph, &comparison::NOT, &[either]);
        let chosen = apply(graph, &choice::SELECT, &[either, scaled, sum]);
        let sine = apply(graph, ndc::ops::find("sin").unwrap(), &[chosen]);
        let dot = graph.contract(chosen, x, 0, 1);
        let as_number = apply(graph, &choice::TO_F64, &[neither]);
        let total = apply(graph, &arithmetic::SUBTRACT, &[sine, as_number]);
        let both = graph.concatenate(&[total, x], 0);
        (vec![], vec![both, either, number, dot, neither])
    });
    whole(&run)
}

#[test]
fn steps_of_all_kinds_go_in_pairs() {
    for trips in [8, 9, 31] {
        for backward in [false, true] {
            for ends in [Ends::AfterTrips, Ends::AfterCount] {
                let graph = step(Parts { trips, backward, ends });
                let mut inputs = hard(&graph);
                if ends == Ends::AfterCount {
                    inputs[0].bits[0] = 7;
                }
                compare(&graph, &inputs, &format!("{trips} steps, backward: {backward}, {ends:?}"));
                assert_eq!(is_paired(&graph), ends == Ends::AfterTrips);
            }
        }
    }
}

#[test]
fn short_loops_and_others_go_step_by_step() {
    let real = ty(F64, &[]);
    let with_state = make(forward(20), std::slice::from_ref(&real), &[], &[], |graph, inputs| {
        (vec![apply(graph, &arithmetic::ADD, &[inputs[1], inputs[1]])], vec![])
    });
    for graph in [whole(&with_state), step(forward(7))] {
        assert!(!is_paired(&graph));
        compare(&graph, &tables(&graph), "step by step");
    }
}

/// Two rows are looked up in each step; one of them may not be there.
#[test]
fn the_first_error_is_that_of_the_first_step() {
    let spans = [10, 30].map(|start| Span::new(SourceId(0), start, start + 5));
    let (rows, lookup) = ([ty(I64, &[]), ty(I64, &[])], [ty(F64, &[4, 3])]);
    let run = make(forward(11), &[], &rows, &lookup, |graph, inputs| {
        let [_, first, second, lookup] = inputs[..] else { panic!("four inputs") };
        let found = [(first, spans[0]), (second, spans[1])].map(|(index, span)| {
            graph.current_span = Some(span);
            let row = graph.gather(lookup, index, 0);
            graph.current_span = None;
            row
        });
        let sum = apply(graph, &arithmetic::ADD, &found);
        let product = apply(graph, &arithmetic::MULTIPLY, &[sum, found[0]]);
        let product = apply(graph, &arithmetic::MULTIPLY, &[product, product]);
        (vec![], vec![apply(graph, &arithmetic::SUBTRACT, &[product, sum])])
    });
    let graph = whole(&run);
    assert!(is_paired(&graph));
    let good = || -> Vec<Table> {
        let mut inputs = tables(&graph);
        inputs[..2]
            .iter_mut()
            .for_each(|rows| rows.bits.iter_mut().enumerate().for_each(|(at, bits)| *bits = at as u64 % 4));
        inputs
    };
    compare(&graph, &good(), "no error");
    let executable = native(&graph);
    // Where the first and where the second is not there, by row, and which of them ends the program.
    let cases =
        [(Some(0), None, 0), (Some(10), None, 0), (None, Some(7), 1), (Some(5), Some(4), 1), (Some(4), Some(5), 0)];
    for (first, second, expected) in cases {
        let mut inputs = good();
        for (rows, at) in inputs.iter_mut().zip([first, second]) {
            if let Some(at) = at {
                rows.bits[at] = 4;
            }
        }
        let tensors: Vec<_> = inputs.iter().map(ndc::eval::convert::tensor).collect();
        let inputs: Vec<_> = tensors.iter().collect();
        let mut outputs = executable.output_tensors();
        let error = executable.call(&inputs, &mut outputs, &mut executable.workspace()).unwrap_err();
        let CallError::Run(error) = error else { panic!("{error}") };
        assert_eq!((error.kind, error.span), (RunErrorKind::Index, Some(spans[expected])), "{first:?}, {second:?}");
    }
}
