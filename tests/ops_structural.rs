//! Every structural operation at random shapes: values at small examples, derivatives of first and second order,
//! batching against a loop over examples.

mod support;

use ndc::ir::{Axes, ElementType, Extreme, Graph, NodeId, Outside, Reduction, Shape, Steps, Table, TensorType};
use ndc::lower::batch::batch;
use ndc::ops::arithmetic::{MULTIPLY, POWER};
use ndc::ops::structural::{Fault, table};
use ndc::ops::trigonometric::SIN;
use support::*;

type Build = dyn Fn(&mut Graph, &[NodeId]) -> NodeId;

/// One application of an operation to inputs of the given types.
struct Case {
    name: &'static str,
    types: Vec<TensorType>,
    build: Box<Build>,
}

fn case(name: &'static str, shapes: &[&[usize]], build: impl Fn(&mut Graph, &[NodeId]) -> NodeId + 'static) -> Case {
    Case { name, types: shapes.iter().map(|sizes| real(sizes)).collect(), build: Box::new(build) }
}

/// Every operation, in each of its forms that its rules tell apart.
fn cases() -> Vec<Case> {
    vec![
        case("pointwise", &[&[2, 3], &[2, 3]], |g, x| {
            let sine = g.pointwise(&SIN, &[x[0]]);
            g.pointwise(&MULTIPLY, &[sine, x[1]])
        }),
        case("broadcast of a scalar", &[&[]], |g, x| g.splat(x[0], &Shape::new(&[2, 3]))),
        case("broadcast", &[&[2, 4]], |g, x| g.broadcast(x[0], Axes::new([1, 3]), &Shape::new(&[3, 2, 5, 4]))),
        case("reshape", &[&[2, 6]], |g, x| g.reshape(x[0], &Shape::new(&[3, 4]))),
        case("transpose", &[&[2, 3, 4]], |g, x| g.transpose(x[0], Axes::new([2, 0, 1]))),
        case("slice", &[&[2, 9]], |g, x| g.slice(x[0], 1, 1, 3, 3)),
        case("pad", &[&[3, 2]], |g, x| g.pad(x[0], 0, 1, 2, 7)),
        case("concatenate", &[&[2, 3], &[2, 1], &[2, 2]], |g, x| g.concatenate(x, 1)),
        case("concatenate with itself", &[&[2, 3]], |g, x| g.concatenate(&[x[0], x[0]], 0)),
        case("reverse", &[&[2, 5]], |g, x| g.reverse(x[0], 1)),
        case("sum", &[&[2, 3, 4]], |g, x| g.reduce(Reduction::Sum, x[0], Axes::new([0, 2]))),
        case("max", &[&[2, 3, 4]], |g, x| g.reduce(Reduction::Max, x[0], Axes::new([0, 2]))),
        case("min", &[&[3, 4]], |g, x| g.reduce(Reduction::Min, x[0], Axes::new([1]))),
        case("product", &[&[3, 5, 2]], |g, x| g.reduce(Reduction::Product, x[0], Axes::new([1]))),
        case("product of all", &[&[3, 3]], |g, x| g.reduce_all(Reduction::Product, x[0])),
        case("product over outer axes", &[&[2, 3, 2]], |g, x| g.reduce(Reduction::Product, x[0], Axes::new([0, 2]))),
        case("inner product", &[&[5], &[5]], |g, x| g.contract(x[0], x[1], 0, 1)),
        case("outer product", &[&[3], &[4]], |g, x| g.contract(x[0], x[1], 0, 0)),
        case("matrix times vector", &[&[3, 4], &[4]], |g, x| g.contract(x[0], x[1], 0, 1)),
        case("vector times matrix", &[&[4], &[3, 4]], |g, x| g.contract(x[0], x[1], 0, 1)),
        case("matrix product", &[&[3, 4], &[2, 4]], |g, x| g.contract(x[0], x[1], 0, 1)),
        case("contraction of everything", &[&[2, 3, 4, 5], &[2, 3, 2, 4, 5]], |g, x| g.contract(x[0], x[1], 1, 2)),
        case("batched product", &[&[2, 3, 4], &[2, 5, 4]], |g, x| g.contract(x[0], x[1], 1, 1)),
        case("batched inner product", &[&[2, 4], &[2, 4]], |g, x| g.contract(x[0], x[1], 1, 1)),
        case("product of a matrix with itself", &[&[3, 3]], |g, x| g.contract(x[0], x[0], 0, 1)),
        case("gather", &[&[4, 3]], |g, x| {
            let indices = integers(g, &[2, 3], &[0, 3, 1, 1, 2, 3]);
            g.gather(x[0], indices, 0)
        }),
        case("gather of scalars", &[&[4]], |g, x| {
            let index = g.integer(2);
            g.gather(x[0], index, 0)
        }),
        case("batched gather", &[&[2, 4, 3]], |g, x| {
            let indices = integers(g, &[2, 3], &[0, 3, 1, 1, 2, 1]);
            g.gather(x[0], indices, 1)
        }),
        case("scatter", &[&[2, 3, 2]], |g, x| {
            let indices = integers(g, &[2, 3], &[0, 3, 1, 1, 2, 3]);
            g.scatter_add(indices, x[0], 4, 0)
        }),
        case("batched scatter", &[&[2, 3, 2]], |g, x| {
            let indices = integers(g, &[2, 3], &[0, 3, 1, 1, 2, 2]);
            g.scatter_add(indices, x[0], 4, 1)
        }),
        case("gather of zeros outside", &[&[2, 4, 3]], |g, x| {
            let indices = integers(g, &[2, 3], &[0, -1, 1, 4, 2, i64::MIN]);
            g.gather_or(x[0], indices, 1, Outside::Zero)
        }),
        case("scatter that drops what is outside", &[&[2, 3, 2]], |g, x| {
            let indices = integers(g, &[2, 3], &[0, 3, -1, 1, i64::MAX, 4]);
            g.scatter_add_or(indices, x[0], 4, 0, Outside::Zero)
        }),
        case("window", &[&[2, 9, 2]], |g, x| g.window(x[0], 1, [4, 3], steps(1, 1, 2))),
        case("window with strides", &[&[10]], |g, x| g.window(x[0], 0, [3, 4], steps(0, 3, 1))),
        case("windows without overlap", &[&[2, 7]], |g, x| g.window(x[0], 1, [3, 2], steps(1, 2, 1))),
        case("windows of one element", &[&[7, 2]], |g, x| g.window(x[0], 0, [3, 1], steps(1, 2, 5))),
        case("a single window", &[&[7, 2]], |g, x| g.window(x[0], 0, [1, 3], steps(1, 5, 2))),
        case("windows that stand still", &[&[7, 2]], |g, x| g.window(x[0], 0, [4, 3], steps(1, 0, 2))),
        case("windows of equal elements", &[&[7, 2]], |g, x| g.window(x[0], 0, [3, 4], steps(1, 2, 0))),
        case("windows of one and the same element", &[&[7]], |g, x| g.window(x[0], 0, [2, 3], steps(3, 0, 0))),
        case("unwindow", &[&[2, 4, 3, 2]], |g, x| g.unwindow(x[0], 1, 9, steps(1, 1, 2))),
        case("unwindow with strides", &[&[3, 4]], |g, x| g.unwindow(x[0], 0, 12, steps(1, 3, 1))),
        case("unwindow without overlap", &[&[3, 2]], |g, x| g.unwindow(x[0], 0, 8, steps(1, 2, 1))),
        case("unwindow that stands still", &[&[3, 2]], |g, x| g.unwindow(x[0], 0, 8, steps(1, 0, 3))),
        case("unwindow of one place", &[&[2, 3]], |g, x| g.unwindow(x[0], 0, 3, steps(2, 0, 0))),
    ]
}

fn steps(start: u32, outer: u32, inner: u32) -> Steps {
    Steps { start, outer, inner }
}

impl Case {
    fn graph(&self) -> (Graph, NodeId) {
        let mut graph = Graph::new();
        let inputs: Vec<NodeId> =
            self.types.iter().enumerate().map(|(at, ty)| graph.input(format!("x{at}"), ty.clone())).collect();
        let node = (self.build)(&mut graph, &inputs);
        (graph, node)
    }
}

#[test]
fn derivatives_of_every_operation() {
    let mut random = Random(1);
    for case in cases() {
        let (mut graph, node) = case.graph();
        println!("{}", case.name);
        let at = random.tables(&graph);
        check_derivatives(&graph, node, &at, &mut random);
        let bent = graph.pointwise(&SIN, &[node]);
        check_twice(&graph, bent, &at, &mut random);
    }
}

#[test]
fn batching_equals_a_loop_over_examples() {
    let (mut random, size) = (Random(2), 3);
    for case in cases() {
        // Every non-empty set of arguments may carry the examples.
        for carried in 1..1_usize << case.types.len() {
            println!("{} {carried:b}", case.name);
            let carries = |at: usize| carried >> at & 1 == 1;
            let mut graph = Graph::new();
            let (mut variables, mut placeholders, mut batched) = (Vec::new(), Vec::new(), Vec::new());
            for (at, ty) in case.types.iter().enumerate() {
                let sizes = if carries(at) { ty.shape.with_leading(size) } else { ty.shape.clone() };
                let input = graph.input(format!("x{at}"), TensorType::new(ty.element, sizes));
                if carries(at) {
                    let placeholder = graph.placeholder(ty.clone());
                    placeholders.push(placeholder);
                    batched.push(input);
                    variables.push(placeholder);
                } else {
                    variables.push(input);
                }
            }
            let root = (case.build)(&mut graph, &variables);
            let (node, leading) = batch(&mut graph, &[root], &placeholders, &batched, size)[0];
            assert!(leading);
            let at = random.tables(&graph);
            let whole = value(&graph, &at, node);
            for example in 0..size {
                let alone: Vec<Table> = at
                    .iter()
                    .enumerate()
                    .map(|(place, full)| if carries(place) { row(full, example) } else { full.clone() })
                    .collect();
                let (single, node) = case.graph();
                let expected = value(&single, &alone, node);
                let start = example * expected.len();
                assert_eq!(&whole[start..start + expected.len()], &expected[..], "{} {carried:b}", case.name);
            }
        }
    }
}

/// One entry of the leading axis.
fn row(full: &Table, at: usize) -> Table {
    let shape: Shape = full.ty.shape.sizes()[1..].iter().copied().collect();
    let count = shape.count();
    Table { ty: TensorType::new(full.ty.element, shape), bits: full.bits[at * count..(at + 1) * count].to_vec() }
}

#[test]
fn batching_a_layer_is_one_contraction() {
    let mut graph = Graph::new();
    let weights = graph.input("W", real(&[10, 784]));
    let images = graph.input("x", real(&[32, 784]));
    let image = graph.placeholder(real(&[784]));
    let layer = graph.contract(weights, image, 0, 1);
    let (node, _) = batch(&mut graph, &[layer], &[image], &[images], 32)[0];
    assert_eq!(graph.node(node).arguments[..], [images, weights]);
    assert_eq!(graph.ty(node), &real(&[32, 10]));
}

#[test]
fn batching_gathers_with_indices_of_each_example() {
    for batch_axes in [0, 1] {
        let mut graph = Graph::new();
        let table_shape: &[usize] = if batch_axes == 0 { &[4, 2] } else { &[2, 4, 2] };
        let index_shape: &[usize] = if batch_axes == 0 { &[3] } else { &[2, 3] };
        let operand = graph.input("E", real(table_shape));
        let integer = |sizes: Shape| TensorType::new(ElementType::I64, sizes);
        let rows = graph.input("t", integer(Shape::new(index_shape).with_leading(2)));
        let variable = graph.placeholder(integer(Shape::new(index_shape)));
        let one = graph.gather(operand, variable, batch_axes);
        let (node, _) = batch(&mut graph, &[one], &[variable], &[rows], 2)[0];
        let mut random = Random(3);
        let numbers = random.table(&real(table_shape));
        let count = Shape::new(index_shape).count();
        let all: Vec<u64> = (0..2 * count).map(|_| random.below(4) as u64).collect();
        let indices = Table { ty: graph.ty(rows).clone(), bits: all };
        let whole = value(&graph, &[numbers.clone(), indices.clone()], node);
        let mut expected = Vec::new();
        for example in 0..2 {
            let mut single = Graph::new();
            let operand = single.input("E", real(table_shape));
            let rows = single.input("t", integer(Shape::new(index_shape)));
            let node = single.gather(operand, rows, batch_axes);
            expected.extend(value(&single, &[numbers.clone(), row(&indices, example)], node));
        }
        assert_eq!(whole, expected);
    }
}

fn gradient_of(reduction: Reduction, values: &[f64]) -> Vec<f64> {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[values.len()]));
    let y = graph.reduce_all(reduction, x);
    let gradient = gradients(&mut graph, y, &[x])[0];
    value(&graph, &[reals(&[values.len()], values)], gradient)
}

#[test]
fn extremes_share_evenly_among_ties() {
    assert_eq!(gradient_of(Reduction::Max, &[1.0, 3.0, 3.0, 2.0]), [0.0, 0.5, 0.5, 0.0]);
    assert_eq!(gradient_of(Reduction::Min, &[1.0, 1.0, 1.0, 2.0]), [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0]);
    assert_eq!(gradient_of(Reduction::Max, &[f64::INFINITY, 1.0, f64::INFINITY]), [0.5, 0.0, 0.5]);
}

#[test]
fn products_with_zeros() {
    assert_eq!(gradient_of(Reduction::Product, &[2.0, 3.0, 4.0]), [12.0, 8.0, 6.0]);
    assert_eq!(gradient_of(Reduction::Product, &[2.0, 0.0, 4.0]), [0.0, 8.0, 0.0]);
    assert_eq!(gradient_of(Reduction::Product, &[2.0, 0.0, 0.0]), [0.0, 0.0, 0.0]);
    assert_eq!(gradient_of(Reduction::Product, &[5.0]), [1.0]);
    assert_eq!(gradient_of(Reduction::Product, &[]), [0.0; 0]);
    // The second derivative of a b c by a and b is c, at zeros too.
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[3]));
    let y = graph.reduce_all(Reduction::Product, x);
    let gradient = gradients(&mut graph, y, &[x])[0];
    let first = graph.slice(gradient, 0, 0, 1, 1);
    let first = graph.reduce_all(Reduction::Sum, first);
    let second = gradients(&mut graph, first, &[x])[0];
    assert_eq!(value(&graph, &[reals(&[3], &[0.0, 0.0, 7.0])], second), [0.0, 7.0, 0.0]);
}

#[test]
fn empty_reductions() {
    for (reduction, expected) in [
        (Reduction::Sum, 0.0),
        (Reduction::Product, 1.0),
        (Reduction::Max, f64::NEG_INFINITY),
        (Reduction::Min, f64::INFINITY),
    ] {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[2, 0]));
        let y = graph.reduce(reduction, x, Axes::new([1]));
        assert_eq!(value(&graph, &[reals(&[2, 0], &[])], y), [expected, expected]);
        let total = graph.reduce_all(Reduction::Sum, y);
        let gradient = gradients(&mut graph, total, &[x])[0];
        assert_eq!(value(&graph, &[reals(&[2, 0], &[])], gradient), [0.0; 0]);
    }
}

#[test]
fn arg_reductions_take_the_first() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[2, 4]));
    let (greatest, least) = (graph.arg_reduce(Extreme::Max, x, 1), graph.arg_reduce(Extreme::Min, x, 1));
    let down = graph.arg_reduce(Extreme::Max, x, 0);
    let at = [reals(&[2, 4], &[1.0, 3.0, 3.0, 1.0, 5.0, f64::NAN, 9.0, -1.0])];
    assert_eq!(value(&graph, &at, greatest), [1.0, 1.0]);
    assert_eq!(value(&graph, &at, least), [0.0, 1.0]);
    assert_eq!(value(&graph, &at, down), [1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn faults_name_the_node() {
    let mut graph = Graph::new();
    let (a, b) = (graph.integer(i64::MAX), graph.integer(0));
    let one = graph.integer(1);
    let operand = graph.input("E", real(&[3]));
    let far = graph.integer(3);
    let cases = [
        (graph.pointwise(&ndc::ops::arithmetic::ADD, &[a, one]), Fault::Overflow),
        (graph.pointwise(&ndc::ops::rounding::FLOOR_DIVIDE, &[a, b]), Fault::DivisionByZero),
        (graph.pointwise(&ndc::ops::arithmetic::REMAINDER, &[a, b]), Fault::DivisionByZero),
        (graph.gather(operand, far, 0), Fault::OutOfRange { index: 3, size: 3 }),
    ];
    for (node, fault) in cases {
        let error = ndc::eval::evaluate_nodes(&graph, &[reals(&[3], &[1.0; 3])], &[node]).unwrap_err();
        assert_eq!((error.node, error.fault), (node, fault));
        assert!(error.to_string().contains(&format!("%{}", node.0)), "{error}");
    }
}

#[test]
fn single_precision_rounds_at_every_node() {
    let mut graph = Graph::new();
    let ty = TensorType::scalar(ElementType::F32);
    let x = graph.input("x", ty.clone());
    let exponent = graph.constant_like(x, 0.5);
    let root = graph.pointwise(&POWER, &[x, exponent]);
    let at = [table::reals(ElementType::F32, Shape::scalar(), &[2.0])];
    assert_eq!(value(&graph, &at, root), [f64::from(std::f32::consts::SQRT_2)]);
}

#[test]
fn windows_hold_what_their_steps_say() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[7]));
    let at = [reals(&[7], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    let windows = graph.window(x, 0, [3, 2], steps(1, 2, 1));
    assert_eq!(value(&graph, &at, windows), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let windows = graph.window(x, 0, [3, 2], steps(0, 1, 3));
    assert_eq!(value(&graph, &at, windows), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    let counts = graph.unwindow(windows, 0, 7, steps(0, 1, 1));
    assert_eq!(value(&graph, &at, counts), [0.0, 4.0, 6.0, 5.0, 0.0, 0.0, 0.0]);
    let none = graph.window(x, 0, [0, 3], steps(6, 1, 1));
    assert_eq!(value(&graph, &at, none), [0.0; 0]);
    let zeros = graph.unwindow(none, 0, 2, steps(0, 1, 1));
    assert_eq!(value(&graph, &at, zeros), [0.0; 2]);
}

#[test]
fn rows_outside_are_zeros_where_that_is_asked_for() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[3]));
    let at = [reals(&[3], &[1.0, 2.0, 3.0])];
    let indices = integers(&mut graph, &[4], &[-1, 2, 3, 0]);
    let rows = graph.gather_or(x, indices, 0, Outside::Zero);
    assert_eq!(value(&graph, &at, rows), [0.0, 3.0, 0.0, 1.0]);
    let few = integers(&mut graph, &[3], &[-1, 1, 2]);
    let sums = graph.scatter_add_or(few, x, 2, 0, Outside::Zero);
    assert_eq!(value(&graph, &at, sums), [0.0, 2.0]);
    let empty = graph.slice(x, 0, 0, 1, 0);
    let nothing = graph.gather_or(empty, indices, 0, Outside::Zero);
    assert_eq!(value(&graph, &at, nothing), [0.0; 4]);
}
