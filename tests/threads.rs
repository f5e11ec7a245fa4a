//! Any number of threads gives the same bits.

#[path = "native/harness.rs"]
#[allow(dead_code, reason = "each test file uses a part")]
mod harness;

use harness::{Random, native, to_bytes};
use ndc::codegen::{BoundCall, Executable, RunErrorKind};
use ndc::ir::{Axes, ElementType, Extreme, Graph, NodeId, Reduction, Shape, Steps, Table, TensorType};
use ndc::ops::arithmetic::{ADD, MULTIPLY};
use ndc::ops::exponential::EXP;
use ndc::ops::trigonometric::TANH;
use ndc::runtime::threads::set_count;
use std::sync::{Arc, Mutex, PoisonError};

/// Tests that set the number of threads run one after another.
static ALONE: Mutex<()> = Mutex::new(());

fn results(executable: &Arc<Executable>, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut bound = BoundCall::new(executable.clone());
    for (index, bytes) in inputs.iter().enumerate() {
        bound.input_mut(index).copy_from_slice(bytes);
    }
    bound.run().expect("a run without errors");
    (0..executable.outputs().len()).map(|index| bound.output(index).to_vec()).collect()
}

/// Runs a graph on 1, 2, 3, 4 threads, and in a pool of the host.
fn same_bits(what: &str, build: impl Fn(&mut Graph, ElementType) -> NodeId) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for element in [ElementType::F32, ElementType::F64] {
        let mut graph = Graph::default();
        let result = build(&mut graph, element);
        graph.output("result", result);
        let executable = native(&graph);
        let mut random = Random(7);
        let inputs: Vec<Vec<u8>> = executable.inputs().iter().map(|port| random_bytes(&port.ty, &mut random)).collect();
        set_count(1);
        let expected = results(&executable, &inputs);
        for threads in [2, 3, 4] {
            set_count(threads);
            assert!(results(&executable, &inputs) == expected, "{what}, {element:?}: {threads} threads");
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        for bits in pool.broadcast(|_| results(&executable, &inputs)) {
            assert!(bits == expected, "{what}, {element:?}: in a pool of the host");
        }
    }
}

/// An input of the graph.
fn input(graph: &mut Graph, element: ElementType, sizes: &[usize]) -> NodeId {
    let name = format!("x{}", graph.inputs().len());
    graph.input(name, TensorType::new(element, Shape::new(sizes)))
}

/// Numbers in -1..1, or row numbers below 50.
fn random_bytes(ty: &TensorType, random: &mut Random) -> Vec<u8> {
    let bits = (0..ty.shape.count()).map(|_| match ty.element {
        ElementType::I64 => random.below(50) as u64,
        element => harness::word(element, random.real(1.0)),
    });
    to_bytes(&Table { ty: ty.clone(), bits: bits.collect() })
}

/// A product of which neither rows nor columns fill tiles and panels, in all orientations.
#[test]
fn products() {
    for (m, k, n) in
        [(150, 50, 130), (1, 750, 701), (701, 750, 1), (1900, 100, 3), (97, 30, 193), (13, 300, 150), (192, 4096, 1)]
    {
        for orientation in 0..4 {
            same_bits(&format!("{m} x {k} by {k} x {n}, {orientation}"), |graph, element| {
                let turned = |graph: &mut Graph, rows, columns, turn| match turn {
                    false => input(graph, element, &[rows, columns]),
                    true => {
                        let other = input(graph, element, &[columns, rows]);
                        graph.transpose(other, Axes::new([1, 0]))
                    }
                };
                let left = turned(graph, m, k, orientation & 1 != 0);
                let right = turned(graph, n, k, orientation & 2 != 0);
                graph.contract(left, right, 0, 1)
            });
        }
    }
}

#[test]
fn batches_of_products() {
    for (batch, m, k, n) in [(21, 40, 20, 33), (3, 100, 30, 70), (400, 3, 50, 9)] {
        same_bits(&format!("{batch} products {m} x {k} by {k} x {n}"), |graph, element| {
            let left = input(graph, element, &[batch, m, k]);
            let right = input(graph, element, &[batch, n, k]);
            graph.contract(left, right, 1, 1)
        });
    }
}

/// A convolution, and its adjoint by the image, whose windows overlap.
#[test]
fn convolutions() {
    const EVERY: Steps = Steps { start: 0, outer: 1, inner: 1 };
    for (images, channels, side, size, filters) in [(4, 3, 20, 3, 16), (1, 4, 26, 5, 13), (7, 1, 28, 3, 16)] {
        let places = side - size + 1;
        same_bits(&format!("{images} images, {side} x {side}"), |graph, element| {
            let image = input(graph, element, &[images, channels, side, side]);
            let kernel = input(graph, element, &[filters, channels, size, size]);
            let rows = graph.window(image, 2, [places, size], EVERY);
            let windows = graph.window(rows, 4, [places, size], EVERY);
            let windows = graph.transpose(windows, Axes::new([0, 2, 4, 1, 3, 5]));
            graph.contract(windows, kernel, 0, 3)
        });
        same_bits(&format!("by {images} images, {side} x {side}"), |graph, element| {
            let adjoint = input(graph, element, &[images, places, places, filters]);
            let kernel = input(graph, element, &[channels, size, size, filters]);
            let windows = graph.contract(adjoint, kernel, 0, 1);
            let windows = graph.transpose(windows, Axes::new([0, 3, 1, 4, 2, 5]));
            let columns = graph.unwindow(windows, 4, side, EVERY);
            graph.unwindow(columns, 2, side, EVERY)
        });
    }
}

#[test]
fn elementwise_work_and_copies() {
    same_bits("a chain", |graph, element| {
        let (x, y) = (input(graph, element, &[100, 411]), input(graph, element, &[411, 100]));
        let bend = graph.pointwise(&TANH, &[x]);
        let turned = graph.transpose(y, Axes::new([1, 0]));
        let product = graph.pointwise(&MULTIPLY, &[bend, turned]);
        let whole = graph.pointwise(&EXP, &[product]);
        graph.pointwise(&ADD, &[whole, product])
    });
    same_bits("a copy", |graph, element| {
        let (x, y) = (input(graph, element, &[400, 500]), input(graph, element, &[700, 500]));
        let both = graph.concatenate(&[x, y], 0);
        graph.pad(both, 1, 7, 2, 1100)
    });
    same_bits("sums over windows", |graph, element| {
        let windows = input(graph, element, &[30, 90, 7, 40]);
        graph.unwindow(windows, 1, 96, Steps { start: 0, outer: 1, inner: 1 })
    });
}

#[test]
fn rows_by_number() {
    same_bits("a gather", |graph, element| {
        let (table, rows) = (input(graph, element, &[50, 300]), input(graph, ElementType::I64, &[2000]));
        graph.gather(table, rows, 0)
    });
    same_bits("a scatter", |graph, element| {
        let (rows, updates) = (input(graph, ElementType::I64, &[3000]), input(graph, element, &[3000, 300]));
        graph.scatter_add(rows, updates, 50, 0)
    });
    same_bits("the greatest of each row", |graph, element| {
        let table = input(graph, element, &[3000, 200]);
        graph.arg_reduce(Extreme::Max, table, 1)
    });
}

/// What goes wrong is found on any thread, and the first that does is told.
#[test]
fn failures() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut graph = Graph::default();
    let table = input(&mut graph, ElementType::F64, &[50, 300]);
    let rows = input(&mut graph, ElementType::I64, &[2000]);
    let gathered = graph.gather(table, rows, 0);
    graph.output("gathered", gathered);
    let numbers = input(&mut graph, ElementType::I64, &[400_000]);
    let squares = graph.pointwise(&MULTIPLY, &[numbers, numbers]);
    graph.output("squares", squares);
    let mut bound = BoundCall::new(native(&graph));
    let mut run_with = |row: i64, number: i64| {
        for (index, place, value) in [(1, 1990, row), (2, 399_000, number)] {
            bound.input_mut(index)[8 * place..8 * place + 8].copy_from_slice(&value.to_le_bytes());
        }
        bound.run().map_err(|error| error.kind)
    };
    for threads in [1, 4] {
        set_count(threads);
        assert_eq!(run_with(49, 3), Ok(()));
        assert_eq!(run_with(50, 3), Err(RunErrorKind::Index));
        assert_eq!(run_with(49, i64::MAX), Err(RunErrorKind::Integer));
        assert_eq!(run_with(49, 3), Ok(()));
    }
}

/// Strips whose sums and extremes are folded unit by unit, the last of them not whole.
#[test]
fn strips_with_reductions() {
    for count in [65_536, 65_537, 100_000, 7 * 32_768 + 1024, 333_333] {
        same_bits(&format!("reductions of {count}"), |graph, element| {
            let x = input(graph, element, &[count]);
            let slow = graph.pointwise(&TANH, &[x]);
            let product = graph.pointwise(&MULTIPLY, &[slow, x]);
            let shifted = graph.pointwise(&ADD, &[product, x]);
            for (kind, value) in [(Reduction::Sum, product), (Reduction::Max, shifted), (Reduction::Sum, shifted)] {
                let reduced = graph.reduce_all(kind, value);
                graph.output("reduced", reduced);
            }
            shifted
        });
    }
}
