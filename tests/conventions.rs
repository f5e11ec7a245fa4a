//! What the definitions of operations state of hard points holds, and the page made from them is current.

#[path = "native/harness.rs"]
#[allow(dead_code, reason = "each test file uses a part")]
mod harness;
mod support;

use harness::{assert_same, native, run};
use ndc::autodiff::{forward, reverse};
use ndc::data::FileLoader;
use ndc::doc::conventions::{hard_points, values};
use ndc::doc::{conventions_page, markdown};
use ndc::driver::{check_text, on_large_stack};
use ndc::eval::evaluate_tables;
use ndc::ir::{ElementType, Graph, Meaning, NodeId, Pointwise, Shape, Table, TensorType};
use ndc::ops::POINTWISE;
use ndc::ops::structural::table;
use ndc::session::{Session, Silent};

const PAGE: &str = "docs/book/src/conventions.md";

fn real_operations() -> impl Iterator<Item = &'static Pointwise> {
    let real = |each: &&&Pointwise| matches!(each.meaning, Meaning::Unary { .. } | Meaning::Binary { .. });
    POINTWISE.iter().filter(real).copied()
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// The derivatives of an operation at some points in reverse and forward mode, by the evaluator; native code has the same.
fn derivatives(definition: &'static Pointwise, element: ElementType, points: &[Vec<f64>]) -> [Vec<Vec<f64>>; 2] {
    let mut graph = Graph::new();
    let shape = Shape::new(&[points.len()]);
    let ty = TensorType::new(element, shape.clone());
    let arity = definition.meaning.arity();
    let inputs: Vec<NodeId> = (0..arity).map(|at| graph.input(format!("x{at}"), ty.clone())).collect();
    let value = graph.pointwise(definition, &inputs);
    let one = graph.constant_like(value, 1.0);
    let backward = reverse(&mut graph, value, one, &inputs);
    let onward: Vec<NodeId> =
        inputs.iter().flat_map(|input| forward(&mut graph, &[value], &[*input], &[one])).collect();
    for (place, node) in [value].iter().chain(&backward).chain(&onward).enumerate() {
        graph.output(format!("y{place}"), *node);
    }
    let column = |at: usize| points.iter().map(|point| point[at]).collect::<Vec<f64>>();
    let tables: Vec<Table> = (0..arity).map(|at| table::reals(element, shape.clone(), &column(at))).collect();
    let results = evaluate_tables(&graph, &tables).expect("real arithmetic has no faults");
    for (native, evaluated) in run(&native(&graph), &tables).expect("no faults").iter().zip(&results) {
        assert_same(native, evaluated, definition.name);
    }
    let columns: Vec<Vec<f64>> = results.iter().map(table::numbers).collect();
    [1, 1 + arity].map(|first| {
        let of_point = |place: usize| (0..arity).map(|at| columns[first + at][place]).collect();
        (0..points.len()).map(of_point).collect()
    })
}

#[test]
fn kinks_are_as_stated_in_both_modes_and_both_precisions() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for definition in real_operations().filter(|each| !each.kinks.is_empty()) {
        let points: Vec<Vec<f64>> = definition.kinks.iter().map(|kink| kink.at.to_vec()).collect();
        for element in [ElementType::F64, ElementType::F32] {
            let modes = derivatives(definition, element, &points);
            for (kink, mode, found) in ["reverse", "forward"].iter().zip(&modes).flat_map(|(mode, found)| {
                definition.kinks.iter().zip(found).map(move |(kink, found)| (kink, mode, found))
            }) {
                count += 1;
                let rounded = |x: f64| if element == ElementType::F32 { f64::from(x as f32) } else { x };
                if !kink.derivatives.iter().zip(found).all(|(stated, found)| same(rounded(*stated), *found)) {
                    wrong.push(format!(
                        "{} {element:?} {mode} at {:?}: {found:?}, stated {:?}",
                        definition.name, kink.at, kink.derivatives
                    ));
                }
            }
        }
    }
    assert!(count > 200, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modes_and_native_code_agree_at_every_hard_point() {
    let mut wrong = Vec::new();
    for definition in real_operations() {
        let points = hard_points(definition);
        for element in [ElementType::F64, ElementType::F32] {
            let [backward, onward] = derivatives(definition, element, &points);
            for (point, (a, b)) in points.iter().zip(backward.iter().zip(&onward)) {
                if !a.iter().zip(b).all(|(a, b)| same(*a, *b)) {
                    wrong.push(format!("{} {element:?} at {point:?}: {a:?} backward, {b:?} forward", definition.name));
                }
            }
        }
        let shown = values(definition, &points);
        let [backward, _] = derivatives(definition, ElementType::F64, &points);
        let equal = |(shown, found): (&Vec<f64>, &Vec<f64>)| shown[1..].iter().zip(found).all(|(a, b)| same(*a, *b));
        assert!(shown.iter().zip(&backward).all(equal), "{}: the page shows something else", definition.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_of_conventions_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let stored = std::fs::read_to_string(path).expect("the page is there");
    let made = markdown(&conventions_page());
    let differs = stored.lines().zip(made.lines()).position(|(stored, made)| stored != made);
    let current = stored == made;
    assert!(current, "line {differs:?} is not what `cargo run -- doc --page conventions > {PAGE}` writes");
}

#[test]
fn the_page_has_every_operation_that_nd_can_write() {
    let page = markdown(&conventions_page());
    for definition in POINTWISE.iter().filter(|each| each.builtin || !each.operator.is_empty()) {
        assert!(page.contains(definition.documentation), "{}", definition.name);
    }
}

#[test]
fn the_example_of_every_operation_holds() {
    let mut text = String::new();
    for (expression, value) in POINTWISE.iter().map(|each| each.example).filter(|example| !example.0.is_empty()) {
        text.push_str(&format!("assert ({expression}) == {value}\n"));
    }
    let checked = check_text("examples.nd", None, text, &mut FileLoader::new(), Default::default());
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    let ran = on_large_stack(|| Session::new(&checked.program).expect("a session").run(&mut Silent));
    assert!(ran.is_ok(), "{:#?}", ran.unwrap_err());
}
