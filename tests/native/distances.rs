//! Tables of squared distances and their extremes: one kernel each, with the evaluator's results.

use super::harness::{Random, compare, word};
use ndc::ir::{Axes, ElementType, Extreme, Graph, NodeId, Reduction, Shape, Table, TensorType};
use ndc::ops::arithmetic::{ADD, MULTIPLY, SUBTRACT};
use ndc::ops::roots::SQUARE;
use ndc::schedule::{Body, schedule};

/// Points, centroids, coordinates: parts of vectors and panels, one term, more terms than a panel, more rows on either side.
const SIZES: [(usize, usize, usize); 10] = [
    (40, 10, 3),
    (16, 16, 1),
    (17, 2, 9),
    (2, 150, 5),
    (33, 5, 2),
    (100, 31, 8),
    (9, 8, 256),
    (9, 7, 300),
    (8, 6, 600),
    (3, 90, 1),
];

/// What is asked of the distances.
const WANTED: [&str; 6] = ["table", "min", "max", "argmin", "argmax", "min and table"];

/// Small integers, whose sums are exact in any order; sometimes an infinity or NaN.
fn table(element: ElementType, sizes: &[usize], special: bool, random: &mut Random) -> Table {
    let mut number = || match random.below(if special { 40 } else { 38 }) {
        38 => f64::NAN,
        39 => f64::INFINITY,
        small => (small % 7) as f64 - 3.0,
    };
    let ty = TensorType::new(element, Shape::new(sizes));
    let bits = (0..ty.shape.count()).map(|_| word(element, number())).collect();
    Table { ty, bits }
}

/// The distances over `axes` of two inputs repeated to a shape, and what is wanted of them along an axis.
fn distances(
    graph: &mut Graph,
    inputs: [(NodeId, &[usize]); 2],
    shape: &[usize],
    terms: usize,
    (wanted, along): (&str, usize),
) {
    let repeated =
        inputs.map(|(input, axes)| graph.broadcast(input, Axes::new(axes.iter().copied()), &Shape::new(shape)));
    let difference = graph.pointwise(&SUBTRACT, &repeated);
    let square = match wanted {
        "max" => graph.pointwise(&SQUARE, &[difference]),
        _ => graph.pointwise(&MULTIPLY, &[difference, difference]),
    };
    let sum = graph.reduce(Reduction::Sum, square, Axes::new([terms]));
    let axes = Axes::new([along]);
    let result = match wanted {
        "table" => sum,
        "min" | "min and table" => graph.reduce(Reduction::Min, sum, axes),
        "max" => graph.reduce(Reduction::Max, sum, axes),
        "argmin" => graph.arg_reduce(Extreme::Min, sum, along),
        _ => graph.arg_reduce(Extreme::Max, sum, along),
    };
    graph.output("result", result);
    if wanted == "min and table" {
        graph.output("table", sum);
    }
}

fn kernels(graph: &Graph) -> (usize, usize) {
    let all = schedule(graph).kernels;
    (all.iter().filter(|kernel| matches!(kernel.body, Body::Distances { .. })).count(), all.len())
}

#[test]
fn distances_are_those_of_the_evaluator() {
    let mut random = Random(5);
    for (place, (n, k, d)) in SIZES.into_iter().enumerate() {
        for element in [ElementType::F32, ElementType::F64] {
            for wanted in WANTED {
                for (along, special) in [(0, false), (1, false), (0, true), (1, true)] {
                    let tables = [[n, d], [k, d]].map(|sizes| table(element, &sizes, special, &mut random));
                    let mut graph = Graph::new();
                    let [points, centroids] = [0, 1].map(|at| graph.input(format!("i{at}"), tables[at].ty.clone()));
                    let (order, shape): ([&[usize]; 2], _) = match place % 3 {
                        0 => ([&[0, 2], &[1, 2]], [n, k, d]),
                        1 => ([&[1, 2], &[0, 2]], [k, n, d]),
                        _ => ([&[0, 1], &[1, 2]], [n, d, k]),
                    };
                    let terms = if place % 3 == 2 { 1 } else { 2 };
                    let centroids = if terms == 1 { graph.transpose(centroids, Axes::new([1, 0])) } else { centroids };
                    distances(&mut graph, [(points, order[0]), (centroids, order[1])], &shape, terms, (wanted, along));
                    assert!(kernels(&graph).0 == 1, "{wanted} of {n} x {k} x {d}");
                    compare(&graph, &tables, &format!("{wanted} of {n} x {k} x {d} along {along}"));
                }
            }
        }
    }
}

/// Each in a kernel alone, whatever extreme it is, where there are enough rows.
#[test]
fn an_extreme_alone_needs_no_table() {
    for wanted in WANTED {
        for along in [0, 1] {
            let mut graph = Graph::new();
            let ty = |sizes: &[usize]| TensorType::new(ElementType::F64, Shape::new(sizes));
            let (points, centroids) = (graph.input("p", ty(&[40, 3])), graph.input("c", ty(&[12, 3])));
            distances(&mut graph, [(points, &[0, 2]), (centroids, &[1, 2])], &[40, 12, 3], 2, (wanted, along));
            assert_eq!(kernels(&graph), if wanted == "min and table" { (1, 2) } else { (1, 1) }, "{wanted}");
        }
    }
}

/// Matrices in pairs, transposed and reversed ones, rows over two axes, and differences that something else reads.
#[test]
fn distances_of_views() {
    let mut random = Random(6);
    let element = ElementType::F64;
    for wanted in WANTED {
        let tables = [vec![4, 6, 5, 20], vec![4, 11, 5]].map(|sizes| table(element, &sizes, false, &mut random));
        let mut graph = Graph::new();
        let (a, b) = (graph.input("a", tables[0].ty.clone()), graph.input("b", tables[1].ty.clone()));
        let turned = graph.transpose(a, Axes::new([0, 1, 3, 2]));
        let rows = graph.reshape(turned, &Shape::new(&[4, 120, 5]));
        let back = graph.reverse(b, 2);
        distances(&mut graph, [(rows, &[0, 1, 3]), (back, &[0, 2, 3])], &[4, 120, 11, 5], 3, (wanted, 2));
        assert_eq!(kernels(&graph).0, 1, "{wanted}");
        compare(&graph, &tables, wanted);

        let tables = [vec![3, 4, 5], vec![10, 5]].map(|sizes| table(element, &sizes, false, &mut random));
        let mut graph = Graph::new();
        let (a, b) = (graph.input("a", tables[0].ty.clone()), graph.input("b", tables[1].ty.clone()));
        let shape = Shape::new(&[3, 4, 10, 5]);
        let (left, right) =
            (graph.broadcast(a, Axes::new([0, 1, 3]), &shape), graph.broadcast(b, Axes::new([2, 3]), &shape));
        let difference = graph.pointwise(&SUBTRACT, &[left, right]);
        let square = graph.pointwise(&MULTIPLY, &[difference, difference]);
        let sum = graph.reduce(Reduction::Sum, square, Axes::new([3]));
        let other = graph.pointwise(&ADD, &[difference, square]);
        let other = graph.reduce(Reduction::Sum, other, Axes::new([0, 1, 2]));
        graph.output("sum", sum);
        graph.output("other", other);
        assert_eq!(kernels(&graph).0, 1);
        compare(&graph, &tables, "a difference that is read");
    }
}

/// Sums that only look like distances: rows against one mean of theirs, a difference that is not squared, few elements.
#[test]
fn what_is_no_table_of_distances() {
    let ty = |sizes: &[usize]| TensorType::new(ElementType::F64, Shape::new(sizes));
    let squares = |a: &[usize], b: &[usize], axes: [&[usize]; 2], shape: &[usize]| {
        let mut graph = Graph::new();
        let (a, b) = (graph.input("a", ty(a)), graph.input("b", ty(b)));
        let last = shape.len() - 1;
        distances(&mut graph, [(a, axes[0]), (b, axes[1])], shape, last, ("table", 0));
        kernels(&graph).0
    };
    assert_eq!(squares(&[40, 10], &[40], [&[0, 1], &[0]], &[40, 10]), 0, "rows and their means");
    assert_eq!(squares(&[40, 10], &[10], [&[0, 1], &[1]], &[40, 10]), 0, "rows from one");
    assert_eq!(squares(&[5, 3], &[4, 3], [&[0, 2], &[1, 2]], &[5, 4, 3]), 0, "few");
    assert_eq!(squares(&[6, 7, 8], &[7, 8], [&[0, 1, 2], &[1, 2]], &[6, 7, 8]), 0, "nothing of the second alone");
    assert_eq!(squares(&[6, 8, 7, 9], &[7, 9], [&[0, 1, 2, 3], &[2, 3]], &[6, 8, 7, 9]), 0, "pairs behind rows");
}
