//! Functions of matrices: derivatives of first and second order, batching, masking, and native code's bits.

#[path = "native/harness.rs"]
#[allow(dead_code, reason = "each test file uses a part")]
mod harness;
mod support;

use ndc::autodiff::forward;
use ndc::eval::evaluate_tables;
use ndc::ir::LinearAlgebra::{self, *};
use ndc::ir::{ElementType, Graph, NodeId, Op, Reduction, Shape, Table, TensorType};
use ndc::ops::choice::SELECT;
use ndc::ops::comparison::GREATER;
use ndc::ops::structural::batch::batch;
use ndc::ops::trigonometric::SIN;
use ndc::optimize::optimize;
use support::*;

const ALL: &[LinearAlgebra] = &[
    Cholesky,
    TriangularSolve { upper: false, transposed: false },
    TriangularSolve { upper: false, transposed: true },
    TriangularSolve { upper: true, transposed: false },
    TriangularSolve { upper: true, transposed: true },
    Solve,
    Determinant,
    Cofactors,
    LogAbsDeterminant,
    DeterminantSign,
    SymmetricEigen,
];

/// Matrices `[batch…, n, n]` with distinct eigenvalues between about 1 and n.
fn matrices(shape: &[usize], random: &mut Random) -> Table {
    let n = shape[shape.len() - 1];
    let mut table = random.table(&real(shape));
    for (at, bits) in table.bits.iter_mut().enumerate() {
        let (row, column) = (at / n % n, at % n);
        let diagonal = if row == column { 1.5 + row as f64 } else { 0.0 };
        *bits = (0.4 * f64::from_bits(*bits) / n as f64 + diagonal).to_bits();
    }
    table
}

/// A function of inputs, with values for them.
fn case(
    function: LinearAlgebra,
    batch: &[usize],
    n: usize,
    k: usize,
    random: &mut Random,
) -> (Graph, NodeId, Vec<Table>) {
    let sizes = |last: usize| -> Vec<usize> { batch.iter().copied().chain([n, last]).collect() };
    let mut at = vec![matrices(&sizes(n), random)];
    if function.solves() {
        at.push(random.table(&real(&sizes(k))));
    }
    let mut graph = Graph::new();
    let nodes: Vec<NodeId> =
        at.iter().enumerate().map(|(place, table)| graph.input(format!("x{place}"), table.ty.clone())).collect();
    let node = graph.linear_algebra(function, &nodes);
    (graph, node, at)
}

#[test]
fn derivatives_of_first_order() {
    let mut random = Random(11);
    for function in ALL {
        for n in 1..=6 {
            println!("{function:?} {n}");
            let (graph, node, at) = case(*function, &[], n, 2, &mut random);
            check_derivatives(&graph, node, &at, &mut random);
        }
        let (graph, node, at) = case(*function, &[2, 3], 3, 1, &mut random);
        check_derivatives(&graph, node, &at, &mut random);
    }
}

#[test]
fn derivatives_of_second_order() {
    let mut random = Random(12);
    for function in ALL {
        for n in 1..=3 {
            println!("{function:?} {n}");
            let (mut graph, node, at) = case(*function, &[2], n, 2, &mut random);
            let bent = graph.pointwise(&SIN, &[node]);
            check_twice(&graph, bent, &at, &mut random);
        }
    }
}

#[test]
fn gradients_lie_where_a_matrix_is_read() {
    let mut random = Random(13);
    for function in ALL {
        let (mut graph, node, at) = case(*function, &[], 4, 2, &mut random);
        let output = weighted_sum(&mut graph, node, &mut random);
        let matrix = inputs(&graph)[0];
        let gradient = gradients(&mut graph, output, &[matrix])[0];
        let values = value(&graph, &at, gradient);
        for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
            let [entry, mirrored] = [values[row * 4 + column], values[column * 4 + row]];
            match function {
                Cholesky | SymmetricEigen => assert_eq!(entry, mirrored, "{function:?}"),
                TriangularSolve { upper, .. } if row != column && (row < column) != *upper => assert_eq!(entry, 0.0),
                _ => {}
            }
        }
    }
}

#[test]
fn batching_equals_a_loop_over_examples() {
    let (mut random, size) = (Random(14), 3);
    for function in ALL {
        let arguments = 1 + usize::from(function.solves());
        for carried in 1..1_usize << arguments {
            let (single, alone, at) = case(*function, &[2], 3, 2, &mut random);
            let mut graph = Graph::new();
            let (mut variables, mut placeholders, mut batched, mut tables) = (vec![], vec![], vec![], vec![]);
            for (place, table) in at.iter().enumerate() {
                if carried >> place & 1 == 0 {
                    variables.push(graph.input("x", table.ty.clone()));
                    tables.push(table.clone());
                    continue;
                }
                let ty = TensorType::new(table.ty.element, table.ty.shape.with_leading(size));
                batched.push(graph.input("x", ty.clone()));
                placeholders.push(graph.placeholder(table.ty.clone()));
                variables.push(*placeholders.last().unwrap());
                let bits = (0..size).flat_map(|each| table.bits.iter().map(move |bits| (each, bits)));
                let bits = bits.map(|(each, bits)| (f64::from_bits(*bits) * (1.0 + each as f64)).to_bits()).collect();
                tables.push(Table { ty, bits });
            }
            let root = graph.linear_algebra(*function, &variables);
            let (node, leading) = batch(&mut graph, &[root], &placeholders, &batched, size)[0];
            assert!(leading);
            let whole = value(&graph, &tables, node);
            for example in 0..size {
                let lone = |(place, table): (usize, &Table)| {
                    let count = table.bits.len();
                    let start = if carried >> place & 1 == 1 { example * count } else { 0 };
                    Table { ty: table.ty.clone(), bits: tables[place].bits[start..start + count].to_vec() }
                };
                let lone: Vec<Table> = at.iter().enumerate().map(lone).collect();
                let expected = value(&single, &lone, alone);
                let found = &whole[example * expected.len()..][..expected.len()];
                assert_eq!(found, &expected[..], "{function:?} {carried:b}");
            }
        }
    }
}

#[test]
fn native_code_has_the_evaluators_bits() {
    let mut random = Random(15);
    for element in [ElementType::F64, ElementType::F32] {
        for function in ALL {
            for (batch, n, k) in
                [(&[][..], 1, 1), (&[3], 2, 1), (&[], 5, 3), (&[2, 2], 4, 2), (&[], 20, 7), (&[2], 3, 0)]
            {
                let (_, _, tables) = case(*function, batch, n, k, &mut random);
                let mut graph = Graph::new();
                let tables: Vec<Table> = tables.iter().map(|table| in_precision(table, element)).collect();
                let nodes: Vec<NodeId> = tables.iter().map(|table| graph.input("x", table.ty.clone())).collect();
                // Read through a view, used afterwards, and differentiated.
                let turned = graph.transpose_matrix(nodes[0]);
                let arguments: Vec<NodeId> = [turned].iter().chain(&nodes[1..]).copied().collect();
                let result = graph.linear_algebra(*function, &arguments);
                let after = graph.pointwise(&SIN, &[result]);
                graph.output("result", result);
                graph.output("after", after);
                harness::compare(&graph, &tables, &format!("{function:?} {element:?} {batch:?} {n} {k}"));
            }
        }
    }
}

fn in_precision(table: &Table, element: ElementType) -> Table {
    let bits = table.bits.iter().map(|bits| element.word(f64::from_bits(*bits))).collect();
    Table { ty: TensorType::new(element, table.ty.shape.clone()), bits }
}

#[test]
fn native_gradients_agree() {
    let mut random = Random(16);
    for function in ALL {
        let (mut graph, node, at) = case(*function, &[2], 3, 2, &mut random);
        let output = weighted_sum(&mut graph, node, &mut random);
        let wrt = inputs(&graph);
        for gradient in gradients(&mut graph, output, &wrt) {
            graph.output("gradient", gradient);
        }
        let graph = optimize(&graph);
        let expected = evaluate_tables(&graph, &at).unwrap();
        let found = harness::run(&harness::native(&graph), &at).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            for (a, b) in found.bits.iter().zip(&expected.bits) {
                let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
                assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "{function:?}: {a} is not {b}");
            }
        }
    }
}

/// `if c { f(A, B) } else { 0 }` summed, for a batch of which only the first is taken, by its arguments.
fn masked(function: LinearAlgebra, bad: f64) {
    let mut random = Random(17);
    let (_, _, good) = case(function, &[], 3, 2, &mut random);
    let mut graph = Graph::new();
    let mut arguments = Vec::new();
    let mut tables = Vec::new();
    for table in &good {
        let ty = TensorType::new(ElementType::F64, table.ty.shape.with_leading(2));
        arguments.push(graph.input("x", ty.clone()));
        let bits = table.bits.iter().copied().chain(table.bits.iter().map(|_| bad.to_bits())).collect();
        tables.push(Table { ty, bits });
    }
    let chosen = graph.input("c", real(&[2]));
    tables.push(reals(&[2], &[1.0, -1.0]));
    let result = graph.linear_algebra(function, &arguments);
    let shape = graph.ty(result).shape.clone();
    let zero = graph.constant_like(result, 0.0);
    let level = graph.broadcast(chosen, ndc::ir::Axes::new([0]), &shape);
    let taken = graph.pointwise(&GREATER, &[level, zero]);
    let selected = graph.pointwise(&SELECT, &[taken, result, zero]);
    let bent = graph.pointwise(&SIN, &[selected]);
    let total = graph.reduce_all(Reduction::Sum, bent);
    for first in gradients(&mut graph, total, &arguments) {
        let ty = graph.ty(first).clone();
        let half = |values: Vec<f64>| {
            let count = ty.shape.count() / 2;
            assert!(values[..count].iter().all(|value| value.is_finite()), "{function:?} of {bad}: {values:?}");
            assert!(values[count..].iter().all(|value| *value == 0.0), "{function:?} of {bad}: {values:?}");
        };
        half(value(&graph, &tables, first));
        let sum = weighted_sum(&mut graph, first, &mut random);
        for (second, argument) in gradients(&mut graph, sum, &arguments).into_iter().zip(&arguments) {
            let values = value(&graph, &tables, second);
            let count = graph.ty(*argument).shape.count() / 2;
            assert!(values[..count].iter().all(|value| value.is_finite()), "{function:?} of {bad}, twice");
            assert!(values[count..].iter().all(|value| *value == 0.0), "{function:?} of {bad}, twice: {values:?}");
        }
    }
}

#[test]
fn nothing_of_a_matrix_that_was_not_taken() {
    for function in ALL {
        for bad in [f64::NAN, 0.0, f64::INFINITY, -1.0] {
            masked(*function, bad);
        }
    }
}

#[test]
fn nothing_of_a_right_hand_side_that_was_not_taken() {
    // One matrix, two right-hand sides as columns, of which only the first is used.
    for function in [Solve, TriangularSolve { upper: false, transposed: true }] {
        let mut random = Random(18);
        let mut graph = Graph::new();
        let (a, b) = (graph.input("A", real(&[3, 3])), graph.input("b", real(&[3, 2])));
        let at = [matrices(&[3, 3], &mut random), reals(&[3, 2], &[1.0, f64::NAN, 2.0, f64::NAN, 3.0, f64::INFINITY])];
        let result = graph.linear_algebra(function, &[a, b]);
        let zero = graph.constant_like(result, 0.0);
        let ty = TensorType::new(ElementType::Bool, Shape::new(&[3, 2]));
        let taken = graph.constant_table(Table { ty, bits: vec![1, 0, 1, 0, 1, 0] });
        let selected = graph.pointwise(&SELECT, &[taken, result, zero]);
        let total = graph.reduce_all(Reduction::Sum, selected);
        let slopes = gradients(&mut graph, total, &[a, b]);
        assert!(value(&graph, &at, slopes[0]).iter().all(|value| value.is_finite()), "{function:?}");
        let by_right = value(&graph, &at, slopes[1]);
        assert_eq!([by_right[1], by_right[3], by_right[5]], [0.0; 3], "{function:?}");
    }
}

#[test]
fn equal_eigenvalues_have_symmetric_derivatives() {
    // The sum of the squares of the eigenvalues of 2 I is that of the squared entries: its gradient is 4 I.
    let mut graph = Graph::new();
    let a = graph.input("A", real(&[3, 3]));
    let eigen = graph.linear_algebra(SymmetricEigen, &[a]);
    let values = graph.slice(eigen, 0, 0, 1, 1);
    let square = graph.pointwise(&ndc::ops::arithmetic::MULTIPLY, &[values, values]);
    let total = graph.reduce_all(Reduction::Sum, square);
    let gradient = gradients(&mut graph, total, &[a])[0];
    let identity = |scale: f64| (0..9).map(|at| if at % 4 == 0 { scale } else { 0.0 }).collect::<Vec<f64>>();
    assert_eq!(value(&graph, &[reals(&[3, 3], &identity(2.0))], gradient), identity(4.0));
    let direction = graph.real_table(ElementType::F64, Shape::new(&[3, 3]), &identity(1.0));
    let pushed = forward(&mut graph, &[total], &[a], &[direction])[0];
    assert_eq!(value(&graph, &[reals(&[3, 3], &identity(2.0))], pushed), [12.0]);
}

#[test]
fn the_determinant_of_a_singular_matrix_has_its_derivative() {
    let mut graph = Graph::new();
    let a = graph.input("A", real(&[3, 3]));
    let determinant = graph.linear_algebra(Determinant, &[a]);
    let at = reals(&[3, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    check_derivatives(&graph, determinant, std::slice::from_ref(&at), &mut Random(19));
    let gradient = gradients(&mut graph, determinant, &[a])[0];
    let expected = [-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0];
    for (found, expected) in value(&graph, &[at], gradient).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-13, "{found} is not {expected}");
    }
}

/// The value and the gradients by the matrix of a solution and a determinant, whose matrix is large enough for factors.
fn solved_and_differentiated(batch: &[usize], n: usize, random: &mut Random) -> (Graph, Vec<Table>) {
    let (mut graph, solution, at) = case(Solve, batch, n, 2, random);
    let matrix = inputs(&graph)[0];
    let logarithm = graph.linear_algebra(LogAbsDeterminant, &[matrix]);
    for node in [solution, logarithm] {
        graph.output("value", node);
        let output = weighted_sum(&mut graph, node, random);
        let wrt = inputs(&graph);
        for gradient in gradients(&mut graph, output, &wrt) {
            graph.output("gradient", gradient);
        }
    }
    (graph, at)
}

#[test]
fn a_matrix_is_factored_once_for_values_and_gradients() {
    let mut random = Random(19);
    for (batch, n) in [(&[][..], 8), (&[], 13), (&[3], 9)] {
        let (graph, at) = solved_and_differentiated(batch, n, &mut random);
        let optimized = optimize(&graph);
        assert_eq!([Factors, Solve, LogAbsDeterminant].map(|each| count_of(&optimized, each)), [1, 0, 0]);
        assert!(count_of(&optimized, FactoredSolve { transposed: true }) > 0);
        let native = harness::run(&harness::native(&optimized), &at).unwrap();
        let expected = evaluate_tables(&graph, &at).unwrap();
        for found in [native, evaluate_tables(&optimized, &at).unwrap()] {
            for (a, b) in found.iter().zip(&expected).flat_map(|(a, b)| a.bits.iter().zip(&b.bits)) {
                let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
                assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{n}: {a} is not {b}");
            }
        }
    }
    let (small, _) = solved_and_differentiated(&[], 7, &mut random);
    assert_eq!(count_of(&optimize(&small), Factors), 0, "finding the factors of a small matrix again costs less");
}

fn count_of(graph: &Graph, function: LinearAlgebra) -> usize {
    graph.ids().filter(|id| graph.node(*id).op == Op::LinearAlgebra(function)).count()
}

#[test]
fn factors_of_a_singular_matrix_give_nothing() {
    let mut graph = Graph::new();
    let matrix = graph.input("x", real(&[8, 8]));
    let right = graph.input("b", real(&[8, 1]));
    let solution = graph.linear_algebra(Solve, &[matrix, right]);
    let logarithm = graph.linear_algebra(LogAbsDeterminant, &[matrix]);
    graph.output("solution", solution);
    graph.output("logarithm", logarithm);
    let optimized = optimize(&graph);
    for (entry, logarithm) in [(1.0, f64::NEG_INFINITY), (f64::NAN, f64::NAN), (f64::INFINITY, f64::NAN)] {
        let table = |sizes: &[usize]| {
            let ty = real(sizes);
            Table { bits: vec![entry.to_bits(); ty.shape.count()], ty }
        };
        let found = evaluate_tables(&optimized, &[table(&[8, 8]), table(&[8, 1])]).unwrap();
        assert!(found[0].bits.iter().all(|bits| f64::from_bits(*bits).is_nan()), "{entry}");
        assert_eq!(f64::from_bits(found[1].bits[0]).to_bits() >> 51, logarithm.to_bits() >> 51, "{entry}");
    }
}
