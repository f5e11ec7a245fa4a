//! Everything that code names is in the registry: object files are made of all operations and of the steps of all examples.

use ndc::codegen::portable::{Processor, Unit, object_file};
use ndc::data::FileLoader;
use ndc::driver::{check_file, on_large_stack, steps};
use ndc::ir::{Axes, ElementType, Graph, Meaning, NodeId, Reduction, Shape, TensorType};
use ndc::native::Registry;
use ndc::ops::POINTWISE;
use ndc::optimize::optimize;
use ndc::schedule::{Schedule, schedule};
use std::path::Path;

fn assert_portable(what: &str, schedule: &Schedule) {
    for processor in [Processor::Baseline, Processor::Avx2] {
        let unit = Unit { symbol: "f", name: what, schedule, places: Vec::new() };
        let made = object_file("names", &[unit], "f_error_message", processor);
        assert!(made.is_ok_and(|bytes| bytes.starts_with(b"\x7fELF") || !cfg!(target_os = "linux")), "{what}");
    }
}

#[test]
fn names_and_addresses_agree() {
    let registry = Registry::get();
    assert!(registry.len() > 1000);
    let address = registry.address("exp strip_f64").unwrap();
    // Another name is right too, of a function that is the same to the last instruction.
    let name = registry.name(address).unwrap();
    assert_eq!(registry.address(name), Some(address));
    assert_eq!(registry.address("no such function"), None);
}

#[test]
fn every_operation_can_be_built() {
    for definition in POINTWISE.iter().copied() {
        for (element, count) in
            [(ElementType::F64, 1), (ElementType::F64, 1000), (ElementType::F32, 1), (ElementType::F32, 1000)]
        {
            assert_portable(definition.name, &schedule(&of_elements(definition, element, count)));
        }
    }
}

/// The operation on elements of a type, as a scalar and as long vectors with one operand or all of them long; on integers and
/// truth values where it takes those alone or too.
fn of_elements(definition: &'static ndc::ir::Pointwise, element: ElementType, count: usize) -> Graph {
    let mut graph = Graph::new();
    let shape = if count == 1 { Shape::scalar() } else { Shape::new(&[count]) };
    let input = |graph: &mut Graph, element| {
        let name = format!("x{}", graph.inputs().len());
        graph.input(name, TensorType::new(element, shape.clone()))
    };
    let mut kinds = vec![element];
    let own = match &definition.meaning {
        Meaning::Not => vec![vec![ElementType::Bool]],
        Meaning::Logic(_) => vec![vec![ElementType::Bool; 2]],
        Meaning::Select => vec![vec![ElementType::Bool, element, element]],
        meaning => {
            let integers = match meaning {
                Meaning::Unary { integer, .. } => integer.is_some(),
                Meaning::Binary { integer, .. } => integer.is_some(),
                _ => true,
            };
            if integers {
                kinds.push(ElementType::I64);
            }
            kinds.iter().map(|kind| vec![*kind; meaning.arity()]).collect()
        }
    };
    for types in own {
        let nodes: Vec<NodeId> = types.iter().map(|element| input(&mut graph, *element)).collect();
        let value = graph.pointwise(definition, &nodes);
        graph.output(format!("value{}", graph.outputs().len()), value);
        if count > 1 && graph.ty(value).element.is_real() {
            let sum = graph.reduce_all(Reduction::Sum, value);
            graph.output(format!("sum{}", graph.outputs().len()), sum);
        }
    }
    graph
}

#[test]
fn the_steps_of_all_examples_can_be_built() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "nd") {
            continue;
        }
        let checked = check_file(&path, &mut FileLoader::new(), Default::default());
        assert!(!checked.has_errors(), "{}", path.display());
        on_large_stack(|| {
            for step in steps(&checked) {
                assert_portable(&path.display().to_string(), &step.schedule);
                count += 1;
            }
        });
    }
    assert!(count > 10, "{count} steps");
}

#[test]
fn reductions_and_products_can_be_built() {
    for element in [ElementType::F32, ElementType::F64, ElementType::I64] {
        for reduction in [Reduction::Sum, Reduction::Product, Reduction::Max, Reduction::Min] {
            let mut graph = Graph::new();
            let x = graph.input("x", TensorType::new(element, Shape::new(&[70, 300])));
            let whole = graph.reduce_all(reduction, x);
            let rows = graph.reduce(reduction, x, Axes::new([1]));
            let columns = graph.reduce(reduction, x, Axes::new([0]));
            let product = graph.contract(x, x, 0, 1);
            for (name, node) in [("whole", whole), ("rows", rows), ("columns", columns), ("product", product)] {
                graph.output(name, node);
            }
            assert_portable(&format!("{reduction:?}"), &schedule(&optimize(&graph)));
        }
    }
}
