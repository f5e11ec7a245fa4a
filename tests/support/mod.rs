//! Graphs of a few inputs under test: evaluation, random tables, and checks of derivatives along random directions.
#![allow(dead_code, reason = "each test file uses a part")]

use ndc::autodiff::{forward, reverse};
use ndc::eval::evaluate_nodes;
use ndc::ir::{ElementType, Graph, NodeId, Op, Reduction, Shape, Table, TensorType};
use ndc::ops::arithmetic::MULTIPLY;
use ndc::ops::structural::table;

/// A small generator of reproducible numbers (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between -1 and 1.
    pub fn number(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// Numbers between -1 and 1 in the inputs' shapes.
    pub fn tables(&mut self, graph: &Graph) -> Vec<Table> {
        graph.inputs().iter().map(|input| self.table(&input.ty)).collect()
    }

    pub fn table(&mut self, ty: &TensorType) -> Table {
        let bits = (0..ty.shape.count()).map(|_| table::word(ty.element, self.number())).collect();
        Table { ty: ty.clone(), bits }
    }
}

/// A real type of double precision.
pub fn real(sizes: &[usize]) -> TensorType {
    TensorType::new(ElementType::F64, Shape::new(sizes))
}

/// A table of double precision.
pub fn reals(sizes: &[usize], values: &[f64]) -> Table {
    table::reals(ElementType::F64, Shape::new(sizes), values)
}

/// A constant table of integers.
pub fn integers(graph: &mut Graph, sizes: &[usize], values: &[i64]) -> NodeId {
    let ty = TensorType::new(ElementType::I64, Shape::new(sizes));
    graph.constant_table(Table { ty, bits: values.iter().map(|value| *value as u64).collect() })
}

/// The input nodes of a graph, in order.
pub fn inputs(graph: &Graph) -> Vec<NodeId> {
    let node = |index| graph.ids().find(|id| graph.node(*id).op == Op::Input(index)).expect("every input has a node");
    (0..graph.inputs().len() as u32).map(node).collect()
}

/// The numbers of one node.
pub fn value(graph: &Graph, inputs: &[Table], node: NodeId) -> Vec<f64> {
    ndc::ir::verify::verify(graph, "test").expect("the graph is well-formed");
    table::numbers(&evaluate_nodes(graph, inputs, &[node]).expect("no faults")[0])
}

/// The sum of all elements of a node times constants between -1 and 1.
pub fn weighted_sum(graph: &mut Graph, node: NodeId, random: &mut Random) -> NodeId {
    let ty = graph.ty(node).clone();
    let weights = random.table(&ty);
    let weights = graph.constant_table(weights);
    let product = graph.pointwise(&MULTIPLY, &[node, weights]);
    graph.reduce_all(Reduction::Sum, product)
}

/// Gradients of a scalar node by inputs.
pub fn gradients(graph: &mut Graph, output: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    let one = graph.constant_like(output, 1.0);
    reverse(graph, output, one, wrt)
}

fn dot(left: &[Vec<f64>], right: &[Vec<f64>]) -> f64 {
    left.iter().flatten().zip(right.iter().flatten()).map(|(a, b)| a * b).sum()
}

/// Reverse mode, forward mode and central differences agree on a random function of a node, along a random direction.
pub fn check_derivatives(graph: &Graph, node: NodeId, at: &[Table], random: &mut Random) {
    let mut graph = graph.clone();
    let output = weighted_sum(&mut graph, node, random);
    let wrt: Vec<NodeId> = inputs(&graph).into_iter().filter(|id| graph.ty(*id).element.is_real()).collect();
    let directions: Vec<Table> = wrt.iter().map(|id| random.table(graph.ty(*id))).collect();
    let tangents: Vec<NodeId> = directions.iter().map(|table| graph.constant_table(table.clone())).collect();
    let pushed = forward(&mut graph, &[output], &wrt, &tangents)[0];
    let pulled = gradients(&mut graph, output, &wrt);
    let forward_slope = value(&graph, at, pushed)[0];
    let gradient: Vec<Vec<f64>> = pulled.iter().map(|id| value(&graph, at, *id)).collect();
    let along: Vec<Vec<f64>> = directions.iter().map(table::numbers).collect();
    let reverse_slope = dot(&gradient, &along);
    let moved = |step: f64| {
        let mut next = directions.iter();
        let shift = |table: &Table| {
            if !table.ty.element.is_real() {
                return table.clone();
            }
            let direction = table::numbers(next.next().expect("a direction for every real input"));
            let numbers: Vec<f64> = table::numbers(table).iter().zip(direction).map(|(x, d)| x + step * d).collect();
            table::reals(table.ty.element, table.ty.shape.clone(), &numbers)
        };
        let tables: Vec<Table> = at.iter().map(shift).collect();
        value(&graph, &tables, output)[0]
    };
    let slope = |step: f64| (moved(step) - moved(-step)) / (2.0 * step);
    let difference = (4.0 * slope(5e-4) - slope(1e-3)) / 3.0;
    let scale = difference.abs().max(1e-2);
    assert!((forward_slope - reverse_slope).abs() <= 1e-12 * scale, "forward {forward_slope}, reverse {reverse_slope}");
    assert!((reverse_slope - difference).abs() <= 1e-7 * scale, "reverse {reverse_slope}, differences {difference}");
}

/// Like [`check_derivatives`], and for the gradient's own derivatives too.
pub fn check_twice(graph: &Graph, node: NodeId, at: &[Table], random: &mut Random) {
    check_derivatives(graph, node, at, random);
    let mut graph = graph.clone();
    let output = weighted_sum(&mut graph, node, random);
    let wrt: Vec<NodeId> = inputs(&graph).into_iter().filter(|id| graph.ty(*id).element.is_real()).collect();
    for gradient in gradients(&mut graph, output, &wrt) {
        check_derivatives(&graph, gradient, at, random);
    }
}
