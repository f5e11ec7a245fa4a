//! Chains of light operations: random ones of every light operation at every length around the edges of strips, on numbers
//! with every hard point, against the evaluator, bit for bit.

use crate::harness::{Random, native, number, run, word};
use ndc::codegen::clif_text;
use ndc::eval::evaluate_tables;
use ndc::ir::{Axes, ElementType, Graph, Instruction, Meaning, NodeId, Pointwise, Reduction, Shape, Table, TensorType};
use ndc::ops::{self, arithmetic, choice, comparison, exponential};
use ndc::schedule::{Body, StripKernel, Target, print::print, schedule};

const HARD: [f64; 14] =
    [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e-300, 1e-40, 2.5, -2.5, 0.5, 1e20];

/// A program in the making: values by type, all of one length.
struct Chains {
    random: Random,
    graph: Graph,
    inputs: Vec<Table>,
    element: ElementType,
    count: usize,
    reals: Vec<NodeId>,
    truths: Vec<NodeId>,
    integers: Vec<NodeId>,
    /// What is reduced, how, and by which output.
    reduced: Vec<(NodeId, Reduction, usize)>,
    /// Whether inputs have infinities and their like.
    hard: bool,
}

impl Chains {
    fn new(seed: u64, element: ElementType, count: usize) -> Self {
        let (random, graph) = (Random(seed), Graph::new());
        let (reals, truths, integers) = (Vec::new(), Vec::new(), Vec::new());
        let (inputs, reduced) = (Vec::new(), Vec::new());
        Chains { random, graph, inputs, element, count, reals, truths, integers, reduced, hard: true }
    }

    fn input(&mut self, element: ElementType, count: usize) -> NodeId {
        let hard = self.hard;
        let value = |random: &mut Random| match random.below(3) {
            0 if hard => HARD[random.below(HARD.len())],
            _ => random.real(4.0),
        };
        let bits = (0..count).map(|_| word(element, value(&mut self.random))).collect();
        let shape = if count == 1 { Shape::scalar() } else { Shape::new(&[count]) };
        let ty = TensorType::new(element, shape);
        let node = self.graph.input(format!("x{}", self.inputs.len()), ty.clone());
        self.inputs.push(Table { ty, bits });
        node
    }

    fn inputs(&mut self) {
        for _ in 0..3 {
            let node = self.input(self.element, self.count);
            self.reals.push(node);
        }
        let truth = self.input(ElementType::Bool, self.count);
        self.truths.push(truth);
        let integer = self.input(ElementType::I64, self.count);
        self.integers.push(integer);
        for element in [self.element, ElementType::Bool] {
            let one = self.input(element, 1);
            let all = self.graph.splat(one, &Shape::new(&[self.count]));
            let pool = if element == ElementType::Bool { &mut self.truths } else { &mut self.reals };
            pool.push(all);
        }
    }

    fn any(&mut self, element: ElementType) -> NodeId {
        let pool = match element {
            ElementType::Bool => &self.truths,
            ElementType::I64 => &self.integers,
            _ => &self.reals,
        };
        pool[self.random.below(pool.len())]
    }

    /// Adds an operation on values that are there.
    fn step(&mut self, definition: &'static Pointwise) {
        let real = self.element;
        let number =
            if self.element == ElementType::F64 && self.random.below(3) == 0 { ElementType::I64 } else { real };
        let types: Vec<ElementType> = match &definition.meaning {
            Meaning::Comparison { .. } => vec![number; 2],
            Meaning::Not => vec![ElementType::Bool],
            Meaning::Logic(_) => vec![ElementType::Bool; 2],
            Meaning::Select => {
                let chosen = if self.random.below(4) == 0 { ElementType::Bool } else { number };
                vec![ElementType::Bool, chosen, chosen]
            }
            Meaning::Convert(ElementType::Bool) => vec![real],
            Meaning::Convert(_) => vec![ElementType::Bool],
            meaning => vec![real; meaning.arity()],
        };
        let arguments: Vec<NodeId> = types.iter().map(|element| self.any(*element)).collect();
        let made = self.graph.pointwise(definition, &arguments);
        match self.graph.ty(made).element {
            ElementType::Bool => self.truths.push(made),
            ElementType::I64 => self.integers.push(made),
            _ => self.reals.push(made),
        }
    }

    /// Reduces a value, whole or where it is a table to its columns.
    fn reduce(&mut self) {
        let kinds = [Reduction::Sum, Reduction::Sum, Reduction::Product, Reduction::Max, Reduction::Min];
        let kind = kinds[self.random.below(kinds.len())];
        let value = self.any(self.element);
        let columns = [1, 1, 2, 4, 8, 16, 3, 5].into_iter().filter(|columns| self.count.is_multiple_of(*columns));
        let columns: Vec<usize> = columns.collect();
        let columns = columns[self.random.below(columns.len())];
        let table = self.graph.reshape(value, &Shape::new(&[self.count / columns, columns]));
        self.reduce_rows(kind, table);
    }

    fn reduce_rows(&mut self, kind: Reduction, table: NodeId) {
        let reduced = self.graph.reduce(kind, table, Axes::new([0]));
        self.reduced.push((table, kind, self.graph.outputs().len()));
        self.graph.output("reduced", reduced);
    }

    /// What the evaluator gives, but for reductions, whose order is that of the runtime: those of its values on their own.
    fn expected(&self) -> Vec<Table> {
        let mut graph = self.graph.clone();
        let outputs = graph.outputs().len();
        self.reduced.iter().for_each(|(table, ..)| graph.output("table", *table));
        let mut expected = evaluate_tables(&graph, &self.inputs).expect("light operations do not fail");
        for ((_, kind, output), table) in self.reduced.iter().zip(expected.split_off(outputs)) {
            let mut alone = Graph::new();
            let input = alone.input("table", table.ty.clone());
            let reduced = alone.reduce(*kind, input, Axes::new([0]));
            alone.output("reduced", reduced);
            assert!(strips(&alone).iter().all(|strip| strip.chains.is_empty()));
            expected[*output] = run(&native(&alone), &[table]).expect("reductions do not fail").remove(0);
        }
        expected
    }

    /// Compares native code with the evaluator, in bits.
    fn check(&self, what: &str) {
        let expected = self.expected();
        let results = run(&native(&self.graph), &self.inputs).expect("light operations do not fail");
        for (output, (result, expected)) in results.iter().zip(&expected).enumerate() {
            let element = expected.ty.element;
            for (place, (a, b)) in result.bits.iter().zip(&expected.bits).enumerate() {
                let (x, y) = (number(element, *a), number(element, *b));
                let same = a == b || (x.is_nan() && y.is_nan());
                assert!(same, "{what}, output {output}, element {place}: {x:?} is not {y:?}\n{}", self.shown());
            }
        }
    }

    fn shown(&self) -> String {
        format!("{}{}", ndc::ir::print::print(&self.graph), print(&schedule(&self.graph)))
    }
}

/// Every light operation on values of an element type, in an order of a seed.
fn light(element: ElementType, random: &mut Random) -> Vec<&'static Pointwise> {
    let fits = |definition: &Pointwise| match definition.meaning {
        Meaning::Convert(to) => to == ElementType::Bool || to == element,
        _ => true,
    };
    let mut light: Vec<&Pointwise> =
        ops::POINTWISE.iter().copied().filter(|each| each.instruction.is_some() && fits(each)).collect();
    for last in (1..light.len()).rev() {
        light.swap(last, random.below(last + 1));
    }
    light
}

fn strips(graph: &Graph) -> Vec<StripKernel> {
    let kernels = schedule(graph).kernels.into_iter();
    kernels.filter_map(|kernel| if let Body::Strip(strip) = kernel.body { Some(strip) } else { None }).collect()
}

/// Lengths of every remainder, and around whole strips.
fn edges() -> impl Iterator<Item = usize> {
    (17..=66).chain(126..=130).chain(250..=290).chain(508..=516).chain([600, 767, 1023])
}

#[test]
fn chains_have_the_evaluators_bits_at_every_length() {
    for element in [ElementType::F32, ElementType::F64] {
        for count in edges() {
            let mut chains = Chains::new(count as u64, element, count);
            chains.hard = count % 2 == 0;
            chains.inputs();
            for definition in light(element, &mut Random(count as u64)) {
                chains.step(definition);
                if chains.random.below(8) == 0 {
                    chains.step(&exponential::EXP);
                }
                // Shorter ones are scalar code, which adds in another order.
                if count > 32 && chains.random.below(8) == 0 {
                    chains.reduce();
                }
            }
            for node in chains.reals.clone().into_iter().chain(chains.truths.clone()).chain(chains.integers.clone()) {
                if chains.random.below(2) == 0 {
                    chains.graph.output("y", node);
                }
            }
            assert!(strips(&chains.graph).iter().any(|strip| !strip.chains.is_empty()), "{}", chains.shown());
            chains.check(&format!("{element:?}, {count} elements"));
        }
    }
}

#[test]
fn chains_replace_inputs_in_place() {
    for element in [ElementType::F32, ElementType::F64] {
        for count in [17, 255, 256, 257, 300, 512, 513, 1000] {
            let mut chains = Chains::new(count as u64, element, count);
            let [w, m, g] = [0; 3].map(|_| chains.input(element, count));
            let graph = &mut chains.graph;
            let mean = graph.pointwise(&arithmetic::ADD, &[m, g]);
            let slow = graph.pointwise(&exponential::EXP, &[mean]);
            let step = graph.pointwise(&arithmetic::MULTIPLY, &[slow, g]);
            let next = graph.pointwise(&arithmetic::SUBTRACT, &[w, step]);
            let before = graph.pointwise(&arithmetic::ADD, &[w, m]);
            let after = graph.pointwise(&choice::MAX, &[before, next]);
            graph.updating_output("w", next, 0);
            graph.updating_output("m", mean, 1);
            graph.output("after", after);
            chains.check(&format!("{element:?}, {count} elements"));
        }
    }
}

#[test]
fn long_reductions_are_folded_in_chains() {
    for element in [ElementType::F32, ElementType::F64] {
        for count in [1024, 1025, 2048, 3000, 7777, 33 * 1024, (2 << 15) + 5000] {
            let mut chains = Chains::new(count as u64, element, count);
            chains.hard = false;
            let [a, b] = [0; 2].map(|_| chains.input(element, count));
            let graph = &mut chains.graph;
            let product = graph.pointwise(&arithmetic::MULTIPLY, &[a, b]);
            let slow = graph.pointwise(&exponential::EXP, &[product]);
            let other = graph.pointwise(&arithmetic::SUBTRACT, &[slow, product]);
            for value in [product, other] {
                chains.reduce_rows(Reduction::Sum, value);
                chains.reduce_rows(Reduction::Max, value);
            }
            assert!(strips(&chains.graph).iter().all(|strip| strip.chains.len() == 2), "{}", chains.shown());
            chains.check(&format!("{element:?}, {count} elements"));
        }
    }
}

#[test]
fn values_within_a_chain_stay_in_registers() {
    let mut chains = Chains::new(1, ElementType::F32, 1000);
    let [a, b] = [0; 2].map(|_| chains.input(ElementType::F32, 1000));
    let graph = &mut chains.graph;
    let product = graph.pointwise(&arithmetic::MULTIPLY, &[a, b]);
    let is_less = graph.pointwise(&comparison::LESS, &[product, b]);
    let chosen = graph.pointwise(&choice::SELECT, &[is_less, a, product]);
    let slow = graph.pointwise(&exponential::EXP, &[chosen]);
    let sum = graph.pointwise(&arithmetic::ADD, &[slow, product]);
    let all = graph.reduce_all(Reduction::Sum, sum);
    graph.output("sum", sum);
    graph.output("all", all);
    let [strip] = &strips(graph)[..] else { panic!("{}", chains.shown()) };
    let registers = strip.instructions.iter().filter(|each| each.target == Target::Register).count();
    assert_eq!((strip.chains.len(), registers), (2, 1), "{}", chains.shown());
    chains.check("registers");
}

#[test]
fn a_chain_is_a_loop_over_vectors() {
    let mut chains = Chains::new(1, ElementType::F32, 39);
    let [a, b] = [0; 2].map(|_| chains.input(ElementType::F32, 39));
    let graph = &mut chains.graph;
    let difference = graph.pointwise(&arithmetic::SUBTRACT, &[a, b]);
    let size = graph.pointwise(&arithmetic::ABSOLUTE, &[difference]);
    graph.output("size", size);
    insta::assert_snapshot!("chain", clif_text(&schedule(graph)).expect("code"));
    chains.check("a small chain");
}

#[test]
fn every_light_operation_can_be_in_a_chain() {
    for definition in ops::POINTWISE.iter().filter(|each| each.instruction.is_some()) {
        let mut chains = Chains::new(1, ElementType::F64, 300);
        chains.inputs();
        chains.step(definition);
        let made = NodeId(chains.graph.len() as u32 - 1);
        let element = chains.graph.ty(made).element;
        let linked = match definition.instruction {
            Some(Instruction::Convert) => matches!(element, ElementType::Bool | ElementType::F64),
            _ => true,
        };
        let last = match element {
            ElementType::Bool => chains.graph.pointwise(&comparison::NOT, &[made]),
            ElementType::I64 => chains.graph.pointwise(&choice::STOP_GRADIENT, &[made]),
            _ => chains.graph.pointwise(&arithmetic::NEGATE, &[made]),
        };
        chains.graph.output("y", last);
        let is_chain = strips(&chains.graph)
            .iter()
            .any(|strip| strip.chains.first().is_some_and(|chain| *chain == (0..strip.instructions.len())));
        assert!(is_chain || !linked, "{}: {}", definition.name, chains.shown());
        chains.check(definition.name);
    }
}
