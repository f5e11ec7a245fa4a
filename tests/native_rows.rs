//! Kernels that fold rows and read the results in the same rows again, against the evaluator.

#[path = "native/harness.rs"]
mod harness;

use harness::{Random, compare, native, number, run, word};
use ndc::autodiff::reverse;
use ndc::codegen::RunErrorKind;
use ndc::eval::evaluate_tables;
use ndc::ir::{Axes, ElementType, Graph, NodeId, Outside, Reduction, Shape, Table, TensorType};
use ndc::ops::{arithmetic, choice, choice::conversion, comparison, exponential, roots};
use ndc::optimize::optimize;
use ndc::schedule::{Body, Extent, Kernel, StripKernel, schedule};

fn strips(graph: &Graph) -> Vec<StripKernel> {
    let kernels = schedule(graph).kernels.into_iter();
    kernels.filter_map(|kernel| if let Body::Strip(strip) = kernel.body { Some(strip) } else { None }).collect()
}

/// The sizes of rows, and how many: single rows and columns, strips that are not full, primes, rows longer than a strip
/// and longer than the longest that are walked as rows.
const SIZES: [(usize, usize); 16] = [
    (1, 300),
    (40, 1),
    (2, 17),
    (17, 2),
    (3, 11),
    (7, 32),
    (31, 33),
    (50, 10),
    (257, 3),
    (5, 256),
    (3, 257),
    (13, 100),
    (2, 1009),
    (3, 4096),
    (2, 5000),
    (1031, 2),
];

fn matrix(element: ElementType, (outer, n): (usize, usize), random: &mut Random) -> Table {
    let ty = TensorType::new(element, Shape::new(&[outer, n]));
    let bits = (0..ty.shape.count()).map(|_| word(element, random.real(3.0))).collect();
    Table { ty, bits }
}

/// A value of each row, for all elements of the row.
fn along(graph: &mut Graph, rows: NodeId, like: NodeId) -> NodeId {
    let shape = graph.ty(like).shape.clone();
    graph.broadcast(rows, Axes::new([0]), &shape)
}

fn fold(graph: &mut Graph, reduction: Reduction, x: NodeId) -> NodeId {
    graph.reduce(reduction, x, Axes::new([1]))
}

/// `x - max`, its exponential, and the logarithm of the sum of the exponentials.
fn log_softmax(graph: &mut Graph, x: NodeId) -> NodeId {
    let greatest = fold(graph, Reduction::Max, x);
    let greatest = along(graph, greatest, x);
    let shifted = graph.pointwise(&arithmetic::SUBTRACT, &[x, greatest]);
    let weights = graph.pointwise(&exponential::EXP, &[shifted]);
    let sum = fold(graph, Reduction::Sum, weights);
    let sum = graph.pointwise(&exponential::LOG, &[sum]);
    let sum = along(graph, sum, x);
    graph.pointwise(&arithmetic::SUBTRACT, &[shifted, sum])
}

fn layer_norm(graph: &mut Graph, x: NodeId, n: usize) -> NodeId {
    let mean_of = |graph: &mut Graph, x: NodeId| {
        let sum = fold(graph, Reduction::Sum, x);
        let count = graph.constant_like(sum, n as f64);
        let mean = graph.pointwise(&arithmetic::DIVIDE, &[sum, count]);
        along(graph, mean, x)
    };
    let mean = mean_of(graph, x);
    let centred = graph.pointwise(&arithmetic::SUBTRACT, &[x, mean]);
    let squares = graph.pointwise(&arithmetic::MULTIPLY, &[centred, centred]);
    let variance = mean_of(graph, squares);
    let epsilon = graph.constant_like(variance, 1e-3);
    let variance = graph.pointwise(&arithmetic::ADD, &[variance, epsilon]);
    let deviation = graph.pointwise(&roots::SQRT, &[variance]);
    graph.pointwise(&arithmetic::DIVIDE, &[centred, deviation])
}

/// A graph with the weighted sum of `of(x)` and its gradient.
fn with_gradient(sizes: (usize, usize), element: ElementType, of: impl Fn(&mut Graph, NodeId) -> NodeId) -> Graph {
    let mut graph = Graph::new();
    let ty = TensorType::new(element, Shape::new(&[sizes.0, sizes.1]));
    let (x, weights) = (graph.input("x", ty.clone()), graph.input("weights", ty));
    let y = of(&mut graph, x);
    let weighted = graph.pointwise(&arithmetic::MULTIPLY, &[weights, y]);
    let sum = graph.reduce_all(Reduction::Sum, weighted);
    let one = graph.constant_like(sum, 1.0);
    let slopes = reverse(&mut graph, sum, one, &[x]);
    graph.output("y", y);
    graph.output("sum", sum);
    graph.output("slope", slopes[0]);
    optimize(&graph)
}

/// The functions under test, with their gradients.
fn functions(sizes: (usize, usize), element: ElementType) -> [(&'static str, Graph); 2] {
    let normed = with_gradient(sizes, element, |graph, x| layer_norm(graph, x, sizes.1));
    [("log_softmax", with_gradient(sizes, element, log_softmax)), ("layer norm", normed)]
}

#[test]
fn softmax_and_layer_norm_are_those_of_the_evaluator_at_all_sizes() {
    for (element, tolerance) in [(ElementType::F32, 2e-4), (ElementType::F64, 1e-12)] {
        for (seed, sizes) in SIZES.into_iter().enumerate() {
            let mut random = Random(seed as u64);
            let inputs = [(); 2].map(|()| matrix(element, sizes, &mut random));
            for (name, graph) in functions(sizes, element) {
                let results = run(&native(&graph), &inputs).expect("no faults");
                let expected = evaluate_tables(&graph, &inputs).expect("no faults");
                for (place, (result, expected)) in results.iter().zip(&expected).enumerate() {
                    let (result, expected) = (numbers(result), numbers(expected));
                    let scale = expected.iter().fold(1.0, |greatest: f64, x| greatest.max(x.abs()));
                    for (a, b) in result.iter().zip(&expected) {
                        let error = (a - b).abs() / scale;
                        assert!(error <= tolerance, "{name} of {sizes:?}, output {place}: {a} is not {b}");
                    }
                }
            }
        }
    }
}

/// One row alone is computed in flat strips, by the same tree of additions.
#[test]
fn rows_have_the_bits_of_each_row_alone() {
    for element in [ElementType::F32, ElementType::F64] {
        for sizes in SIZES.into_iter().filter(|(outer, n)| *outer > 1 && *n > 32) {
            let mut random = Random(sizes.1 as u64);
            let inputs = [(); 2].map(|()| matrix(element, sizes, &mut random));
            let alone = functions((1, sizes.1), element).map(|(_, graph)| native(&graph));
            for ((name, graph), alone) in functions(sizes, element).into_iter().zip(alone) {
                let together = run(&native(&graph), &inputs).expect("no faults");
                for row in 0..sizes.0 {
                    let inputs = inputs.each_ref().map(|table| one_row(table, row, sizes.1));
                    let results = run(&alone, &inputs).expect("no faults");
                    for place in [0, 2] {
                        let part = one_row(&together[place], row, sizes.1);
                        assert_eq!(part.bits, results[place].bits, "{name} of {sizes:?}, row {row}, output {place}");
                    }
                }
            }
        }
    }
}

fn numbers(table: &Table) -> Vec<f64> {
    table.bits.iter().map(|bits| number(table.ty.element, *bits)).collect()
}

fn one_row(table: &Table, row: usize, n: usize) -> Table {
    let ty = TensorType::new(table.ty.element, Shape::new(&[1, n]));
    Table { ty, bits: table.bits[row * n..(row + 1) * n].to_vec() }
}

#[test]
fn values_and_gradients_of_rows_are_one_kernel() {
    for (_, graph) in functions((64, 100), ElementType::F32) {
        let strips = strips(&graph);
        assert_eq!(strips.len(), 1, "{}", ndc::schedule::print::print(&schedule(&graph)));
        assert_eq!((strips[0].count, strips[0].row), (6400, Some(100)));
    }
}

/// Random programs over elements and rows.
struct Rows {
    random: Random,
    graph: Graph,
    elements: Vec<NodeId>,
    rows: Vec<NodeId>,
    /// An index into each row, and what one outside means.
    index: (NodeId, Outside),
}

impl Rows {
    fn pick(&mut self, extent: Extent) -> NodeId {
        let pool = if extent == Extent::Elements { &self.elements } else { &self.rows };
        let recent = pool.len().saturating_sub(if self.random.below(2) == 0 { 3 } else { pool.len() });
        pool[recent + self.random.below(pool.len() - recent)]
    }

    fn operation(&mut self, extent: Extent) -> NodeId {
        let (x, y, z) = (self.pick(extent), self.pick(extent), self.pick(extent));
        let graph = &mut self.graph;
        let result = match self.random.below(6) {
            0 => graph.pointwise(&arithmetic::ADD, &[x, y]),
            1 => graph.pointwise(&arithmetic::SUBTRACT, &[x, y]),
            2 => graph.pointwise(&arithmetic::MULTIPLY, &[x, y]),
            3 => graph.pointwise(&choice::MAX, &[x, y]),
            4 => {
                let less = graph.pointwise(&comparison::LESS, &[x, y]);
                graph.pointwise(&choice::SELECT, &[less, y, z])
            }
            _ => {
                let half = graph.constant_like(x, 0.5);
                graph.pointwise(&arithmetic::MULTIPLY, &[x, half])
            }
        };
        let (least, greatest) = (graph.constant_like(result, -64.0), graph.constant_like(result, 64.0));
        let result = graph.pointwise(&choice::MAX, &[result, least]);
        graph.pointwise(&choice::MIN, &[result, greatest])
    }

    /// How many elements of a row, or whether any, is greater than another.
    fn counted(&mut self) -> NodeId {
        let (x, y) = (self.pick(Extent::Elements), self.pick(Extent::Elements));
        let element = self.graph.ty(x).element;
        let greater = self.graph.pointwise(&comparison::GREATER, &[x, y]);
        if self.random.below(2) == 0 {
            let any = fold(&mut self.graph, Reduction::Max, greater);
            return self.graph.pointwise(conversion(element), &[any]);
        }
        let whole = self.graph.pointwise(&choice::TO_I64, &[greater]);
        let count = fold(&mut self.graph, Reduction::Sum, whole);
        self.graph.pointwise(conversion(element), &[count])
    }

    fn step(&mut self) {
        match self.random.below(10) {
            8 => {
                let x = self.pick(Extent::Elements);
                let picked = self.graph.gather_or(x, self.index.0, 1, self.index.1);
                self.rows.push(picked);
            }
            9 => {
                let (value, n) = (self.pick(Extent::Rows), self.graph.ty(self.elements[0]).shape[1]);
                let placed = self.graph.scatter_add_or(self.index.0, value, n, 1, self.index.1);
                self.elements.push(placed);
            }
            0 | 1 => {
                let reduction = [Reduction::Sum, Reduction::Max, Reduction::Min, Reduction::Sum][self.random.below(4)];
                let x = self.pick(Extent::Elements);
                let folded = fold(&mut self.graph, reduction, x);
                self.rows.push(folded);
            }
            2 => {
                let counted = self.counted();
                self.rows.push(counted);
            }
            3 | 4 => {
                let (rows, like) = (self.pick(Extent::Rows), self.elements[0]);
                let spread = along(&mut self.graph, rows, like);
                self.elements.push(spread);
            }
            5 => {
                let value = self.operation(Extent::Rows);
                self.rows.push(value);
            }
            _ => {
                let value = self.operation(Extent::Elements);
                self.elements.push(value);
            }
        }
    }

    fn outputs(&mut self) {
        for index in 0..1 + self.random.below(3) {
            let extent = [Extent::Elements, Extent::Rows][self.random.below(2)];
            let node = self.pick(extent);
            self.graph.output(format!("y{index}"), node);
        }
        let x = self.pick(Extent::Elements);
        let columns = self.graph.reduce(Reduction::Sum, x, Axes::new([0]));
        self.graph.output("columns", columns);
        let updated = self.pick(Extent::Elements);
        self.graph.updating_output("x", updated, 0);
        let updated = self.pick(Extent::Rows);
        self.graph.updating_output("rows", updated, 1);
    }
}

/// Small multiples of a power of two: every order of summation is exact.
fn coarse(element: ElementType, sizes: &[usize], random: &mut Random) -> Table {
    let ty = TensorType::new(element, Shape::new(sizes));
    let bits = (0..ty.shape.count()).map(|_| word(element, random.below(17) as f64 - 8.0)).collect();
    Table { ty, bits }
}

/// An index into each row, or also just outside.
fn indices((outer, n): (usize, usize), outside: bool, random: &mut Random) -> Table {
    let ty = TensorType::new(ElementType::I64, Shape::new(&[outer]));
    let mut index = || if outside { random.below(n + 2) as i64 - 1 } else { random.below(n) as i64 };
    Table { bits: (0..outer).map(|_| index() as u64).collect(), ty }
}

/// The cross-entropy of logits with its gradient.
fn cross_entropy(sizes: (usize, usize), element: ElementType) -> Graph {
    let mut graph = Graph::new();
    let x = graph.input("x", TensorType::new(element, Shape::new(&[sizes.0, sizes.1])));
    let class = graph.input("class", TensorType::new(ElementType::I64, Shape::new(&[sizes.0])));
    let logarithms = log_softmax(&mut graph, x);
    let picked = graph.gather(logarithms, class, 1);
    let sum = graph.reduce_all(Reduction::Sum, picked);
    let one = graph.constant_like(sum, 1.0);
    let slopes = reverse(&mut graph, sum, one, &[x]);
    graph.output("picked", picked);
    graph.output("slope", slopes[0]);
    optimize(&graph)
}

#[test]
fn cross_entropy_and_its_gradient_are_one_kernel() {
    let graph = cross_entropy((64, 100), ElementType::F64);
    let plan = schedule(&graph);
    let of_rows = |kernel: &Kernel| matches!(&kernel.body, Body::Strip(strip) if strip.row == Some(100));
    assert!(plan.kernels.len() == 1 && of_rows(&plan.kernels[0]), "{}", ndc::schedule::print::print(&plan));
}

#[test]
fn a_class_that_is_not_there_is_an_error() {
    let graph = cross_entropy((3, 100), ElementType::F64);
    let mut random = Random(1);
    let x = matrix(ElementType::F64, (3, 100), &mut random);
    for class in [100, u64::MAX] {
        let ty = TensorType::new(ElementType::I64, Shape::new(&[3]));
        let classes = Table { ty, bits: vec![0, class, 99] };
        assert_eq!(run(&native(&graph), &[x.clone(), classes]), Err(RunErrorKind::Index));
    }
}

#[test]
fn random_programs_of_rows_agree_with_the_evaluator() {
    let mut walked = 0;
    for seed in 0..160 {
        let mut random = Random(seed);
        let (outer, n) = SIZES[random.below(SIZES.len())];
        let element = [ElementType::F32, ElementType::F64][random.below(2)];
        let outside = [Outside::Zero, Outside::Error][random.below(2)];
        let inputs = [
            coarse(element, &[outer, n], &mut random),
            coarse(element, &[outer], &mut random),
            indices((outer, n), outside == Outside::Zero || random.below(20) == 0, &mut random),
        ];
        let mut graph = Graph::new();
        let (x, row) = (graph.input("x", inputs[0].ty.clone()), graph.input("rows", inputs[1].ty.clone()));
        let index = (graph.input("index", inputs[2].ty.clone()), outside);
        let mut rows = Rows { random, graph, elements: vec![x], rows: vec![row], index };
        for _ in 0..4 + rows.random.below(40) {
            rows.step();
        }
        rows.outputs();
        walked += usize::from(strips(&rows.graph).iter().any(|strip| strip.row.is_some()));
        compare(&rows.graph, &inputs, &format!("seed {seed}, rows of {outer} x {n}"));
    }
    assert!(walked > 40, "only {walked} programs have kernels of rows");
}
