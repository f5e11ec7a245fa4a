//! Compiled programs give their memory back. A test program of its own: others that run at once would be measured too.

use ndc::codegen::compile;
use ndc::ir::{ElementType, Graph, Shape, TensorType};
use ndc::ops::arithmetic::MULTIPLY;
use ndc::schedule::schedule;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[test]
fn dropped_programs_free_their_memory() {
    let mut graph = Graph::new();
    let x = graph.input("x", TensorType::new(ElementType::F64, Shape::new(&[3])));
    let y = graph.pointwise(&MULTIPLY, &[x, x]);
    graph.output("y", y);
    let plan = schedule(&graph);
    let cycle = |count: usize| (0..count).for_each(|_| drop(compile(&plan).expect("compiles")));
    cycle(1000);
    let before = resident();
    cycle(10_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 20, "grew by {grown} bytes");
}
