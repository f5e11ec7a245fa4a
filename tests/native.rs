//! Native code against the evaluator.

#[path = "native/chains.rs"]
mod chains;
#[path = "native/distances.rs"]
mod distances;
#[path = "native/generator.rs"]
mod generator;
#[path = "native/harness.rs"]
mod harness;

use generator::generate;
use harness::{Random, assert_same, compare, from_bytes, native, number, run, to_bytes, word};
use ndc::codegen::{BoundCall, CallError, RunErrorKind, asm_text, clif_text};
use ndc::eval::evaluate_tables;
use ndc::ir::{Axes, ElementType, Graph, Meaning, NodeId, Pointwise, Reduction, Shape, Table, TensorType};
use ndc::ops::{self, arithmetic, rounding};
use ndc::runtime::{Element, Tensor};
use ndc::schedule::{Body, Place, print::print, schedule};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn vector(element: ElementType, values: &[f64]) -> Table {
    let ty = TensorType::new(element, Shape::new(&[values.len()]));
    Table { ty, bits: values.iter().map(|value| word(element, *value)).collect() }
}

fn input(graph: &mut Graph, name: &str, table: &Table) -> NodeId {
    graph.input(name, table.ty.clone())
}

#[test]
fn random_graphs_agree_with_the_evaluator() {
    let first = setting("NATIVE_SEED", 1);
    for seed in first..first + setting("NATIVE_GRAPHS", 300) {
        let case = generate(seed);
        compare(&case.graph, &case.inputs, &format!("seed {seed}"));
    }
}

/// The element types of an operation's arguments on which it is tested.
fn argument_types(definition: &Pointwise) -> Vec<Vec<ElementType>> {
    use ElementType::{Bool, F32, F64, I64};
    let numbers = |arity: usize, integer: bool| {
        let elements = if integer { vec![F32, F64, I64] } else { vec![F32, F64] };
        elements.into_iter().map(|element| vec![element; arity]).collect()
    };
    match &definition.meaning {
        Meaning::Unary { integer, .. } => numbers(1, integer.is_some()),
        Meaning::Binary { integer, .. } => numbers(2, integer.is_some()),
        Meaning::Comparison { .. } => vec![vec![F32; 2], vec![F64; 2], vec![I64; 2], vec![Bool; 2]],
        Meaning::Not => vec![vec![Bool]],
        Meaning::Logic(_) => vec![vec![Bool; 2]],
        Meaning::Select => [F32, F64, I64, Bool].iter().map(|element| vec![Bool, *element, *element]).collect(),
        Meaning::Convert(_) => vec![vec![F32], vec![F64], vec![I64], vec![Bool]],
    }
}

/// Values of one argument: the definition's probe points, then random numbers.
fn values(definition: &Pointwise, place: usize, element: ElementType, count: usize, random: &mut Random) -> Vec<u64> {
    let probes = definition.probes.iter().filter_map(|probe| probe.get(place).copied());
    let special = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e-300, 2.5, -2.5];
    let mut known: Vec<f64> = probes.collect();
    if element.is_real() {
        known.extend((0..special.len()).map(|at| special[(at * (place + 1) + place) % special.len()]));
    }
    let value = |at: usize| known.get(at).copied().unwrap_or_else(|| random.real(20.0));
    (0..count).map(value).map(|value| word(element, value)).collect()
}

/// One operation on `count` elements; `splat` is the argument that is one element for all, if any.
fn check_operation(definition: &'static Pointwise, elements: &[ElementType], count: usize, splat: Option<usize>) {
    let mut graph = Graph::new();
    let mut random = Random(count as u64);
    let shape = Shape::new(&[count]);
    let (mut inputs, mut nodes) = (Vec::new(), Vec::new());
    for (place, element) in elements.iter().enumerate() {
        let is_splat = splat == Some(place);
        let own = if is_splat { Shape::scalar() } else { shape.clone() };
        let bits = values(definition, place, *element, own.count(), &mut random);
        let ty = TensorType::new(*element, own);
        let node = graph.input(format!("x{place}"), ty.clone());
        nodes.push(if is_splat { graph.splat(node, &shape) } else { node });
        inputs.push(Table { ty, bits });
    }
    let result = graph.pointwise(definition, &nodes);
    graph.output("y", result);
    let what = format!("{} on {elements:?}, {count} elements, {splat:?} for all", definition.name);
    match (run(&native(&graph), &inputs), evaluate_tables(&graph, &inputs)) {
        (Ok(results), Ok(expected)) => {
            for (place, (a, b)) in results[0].bits.iter().zip(&expected[0].bits).enumerate() {
                let element = expected[0].ty.element;
                let nan = number(element, *a).is_nan() && number(element, *b).is_nan();
                let (x, y) = (number(element, *a), number(element, *b));
                assert!(a == b || nan, "{what}, element {place}: {x:?} is not {y:?}");
            }
        }
        (Err(_), Err(_)) => {}
        (result, expected) => panic!("{what}: {result:?}, {expected:?}"),
    }
}

#[test]
fn every_pointwise_operation_has_the_evaluators_bits() {
    for definition in ops::POINTWISE {
        for elements in argument_types(definition) {
            for count in [1, 7, 37, 300] {
                check_operation(definition, &elements, count, None);
            }
            for splat in 0..elements.len() {
                check_operation(definition, &elements, 300, Some(splat));
            }
        }
    }
}

#[test]
fn updated_inputs_are_replaced_in_place_only_when_nobody_reads_them_later() {
    for count in [3, 400] {
        let data: Vec<f64> = (0..count).map(f64::from).collect();
        let (a, b) = (vector(ElementType::F64, &data), vector(ElementType::F64, &vec![2.0; data.len()]));
        let mut graph = Graph::new();
        let (x, y) = (input(&mut graph, "x", &a), input(&mut graph, "y", &b));
        let sum = graph.pointwise(&arithmetic::ADD, &[x, y]);
        let turned = graph.reverse(x, 0);
        let other = graph.pointwise(&arithmetic::MULTIPLY, &[turned, sum]);
        let copies = |graph: &Graph| {
            let kernels = schedule(graph).kernels;
            kernels.iter().filter(|kernel| matches!(kernel.body, Body::Copy { .. })).count()
        };
        graph.updating_output("x", sum, 0);
        assert_eq!(copies(&graph), 0);
        compare(&graph, &[a.clone(), b.clone()], "in place");
        graph.output("other", other);
        compare(&graph, &[a, b], "read afterwards");
    }
}

#[test]
fn outputs_may_be_inputs_constants_views_and_the_same_node() {
    let a = vector(ElementType::F64, &[1.0, 2.0, 3.0]);
    let b = vector(ElementType::F64, &[4.0, 5.0, 6.0]);
    let mut graph = Graph::new();
    let (x, y) = (input(&mut graph, "x", &a), input(&mut graph, "y", &b));
    let sum = graph.pointwise(&arithmetic::ADD, &[x, y]);
    let turned = graph.reverse(sum, 0);
    let constant = graph.real_table(ElementType::F64, Shape::new(&[2]), &[7.0, 8.0]);
    graph.updating_output("exchanged y", y, 0);
    graph.updating_output("exchanged x", x, 1);
    for node in [x, sum, sum, turned, constant] {
        graph.output("plain", node);
    }
    compare(&graph, &[a, b], "exchange");
}

#[test]
fn bound_calls_go_on_from_the_last_run() {
    let start = vector(ElementType::F32, &[1.0; 20]);
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", &start);
    let two = graph.constant_like(x, 2.0);
    let doubled = graph.pointwise(&arithmetic::MULTIPLY, &[x, two]);
    graph.updating_output("x", doubled, 0);
    let mut call = BoundCall::new(native(&graph));
    call.set(0, &Tensor::from(vec![1.0f32; 20])).unwrap();
    for _ in 0..10 {
        call.run().unwrap();
    }
    assert_eq!(call.input_tensor(0), Tensor::from(vec![1024.0f32; 20]));
    assert_eq!(call.output_tensor(0), Tensor::from(vec![1024.0f32; 20]));
    assert!(matches!(call.set(0, &Tensor::from(vec![1.0f64; 20])), Err(CallError::Arguments(_))));
    assert!(matches!(call.set(1, &Tensor::from(vec![1.0f32; 20])), Err(CallError::Arguments(_))));
}

#[test]
fn calls_check_their_arguments() {
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", &vector(ElementType::F64, &[0.0; 3]));
    let y = graph.pointwise(&arithmetic::ADD, &[x, x]);
    graph.output("y", y);
    let executable = native(&graph);
    let mut workspace = executable.workspace();
    let mut outputs = executable.output_tensors();
    let good = Tensor::from(vec![1.0, 2.0, 3.0]);
    executable.call(&[&good], &mut outputs, &mut workspace).unwrap();
    assert_eq!(outputs[0], Tensor::from(vec![2.0, 4.0, 6.0]));
    for bad in [Tensor::from(vec![1.0, 2.0]), Tensor::from(vec![1.0f32; 3]), good.clone().reshaped(&[3, 1])] {
        let refused = executable.call(&[&bad], &mut outputs, &mut workspace);
        assert!(matches!(refused, Err(CallError::Arguments(_))), "{refused:?}");
    }
    assert!(executable.call(&[], &mut outputs, &mut workspace).is_err());
    assert!(executable.call(&[&good], &mut [], &mut workspace).is_err());
    assert!(executable.call(&[&good], &mut [Tensor::zeros(Element::F64, &[4])], &mut workspace).is_err());
}

#[test]
fn run_time_errors_name_the_node() {
    for count in [1, 300] {
        let mut graph = Graph::new();
        let x = graph.input("x", TensorType::new(ElementType::I64, Shape::new(&[count])));
        let table = graph.input("table", TensorType::new(ElementType::F64, Shape::new(&[5])));
        let rows = graph.gather(table, x, 0);
        let doubled = graph.pointwise(&arithmetic::ADD, &[x, x]);
        let ten = graph.constant_like(x, 10.0);
        let divided = graph.pointwise(&rounding::FLOOR_DIVIDE, &[ten, x]);
        for node in [rows, doubled, divided] {
            graph.output("y", node);
        }
        let mut call = BoundCall::new(native(&graph));
        let mut outcome = |value: i64| {
            call.set(0, &Tensor::from(vec![value; count])).unwrap();
            call.run().map_err(|error| (error.kind, error.node))
        };
        assert_eq!(outcome(2), Ok(()));
        assert_eq!(outcome(5), Err((RunErrorKind::Index, rows)));
        assert_eq!(outcome(-1), Err((RunErrorKind::Index, rows)));
        assert_eq!(outcome(0), Err((RunErrorKind::Integer, divided)));
        let huge = outcome(i64::MAX).unwrap_err();
        assert!(huge == (RunErrorKind::Integer, doubled) || huge == (RunErrorKind::Index, rows));
        assert_eq!(outcome(1), Ok(()));
    }
}

#[test]
fn dead_buffers_are_used_again() {
    let data = vector(ElementType::F64, &[1.5; 2000]);
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", &data);
    let mut value = graph.reshape(x, &Shape::new(&[40, 50]));
    for _ in 0..30 {
        let rows = graph.reduce(Reduction::Max, value, Axes::new([1]));
        let spread = graph.broadcast(rows, Axes::new([0]), &Shape::new(&[40, 50]));
        let turned = graph.reverse(value, 0);
        value = graph.pointwise(&arithmetic::SUBTRACT, &[spread, turned]);
    }
    graph.output("y", value);
    let plan = schedule(&graph);
    assert!(plan.workspace_bytes < 5 * 2000 * 8, "{}", plan.workspace_bytes);
    compare(&graph, &[data], "reuse");
}

#[test]
fn long_scalar_programs_are_cut_and_stay_right() {
    let mut random = Random(5);
    let mut graph = Graph::new();
    let table = vector(ElementType::F64, &[0.5, -0.25, 2.0, 1.0]);
    let x = input(&mut graph, "x", &table);
    let mut pool: Vec<NodeId> = (0..4).map(|at| graph.slice(x, 0, at, 1, 1)).collect();
    for _ in 0..3000 {
        let back = pool.len().min(200);
        let (a, b) = (pool[pool.len() - 1 - random.below(back)], pool[pool.len() - 1]);
        let operation = [&arithmetic::ADD, &arithmetic::SUBTRACT][random.below(2)];
        let sum = graph.pointwise(operation, &[a, b]);
        let half = graph.constant_like(sum, 0.5);
        let value = graph.pointwise(&arithmetic::MULTIPLY, &[sum, half]);
        pool.push(value);
    }
    graph.updating_output("x", x, 0);
    for place in [500, 1500, pool.len() - 1] {
        graph.output("y", pool[place]);
    }
    assert!(schedule(&graph).kernels.len() > 5);
    compare(&graph, &[table], "long");
}

#[test]
fn threads_share_a_program() {
    let case = generate(77);
    let executable = native(&case.graph);
    let expected = run(&executable, &case.inputs);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(run(&executable, &case.inputs), expected);
                }
            });
        }
    });
}

#[test]
fn every_stage_can_be_printed() {
    let data = vector(ElementType::F64, &[1.0; 300]);
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", &data);
    let y = graph.pointwise(&arithmetic::MULTIPLY, &[x, x]);
    let sum = graph.reduce_all(Reduction::Sum, y);
    graph.output("sum", sum);
    let plan = schedule(&graph);
    assert!(print(&plan).contains("accumulate"), "{}", print(&plan));
    assert!(clif_text(&plan).unwrap().contains("call_indirect"));
    assert!(asm_text(&plan).unwrap().contains("ret"));
    assert!(plan.buffers.iter().any(|buffer| buffer.place == Place::Output(0)));
    let again = from_bytes(&data.ty, &to_bytes(&data));
    assert_same(&again, &data, "round trip");
}
