//! Random well-typed graphs over all operations, on small whole numbers, so that every order of summation is exact.

use super::harness::{Random, word};
use ndc::ir::{
    Axes, BatchReduction, Distribution, ElementType, Ends, Extreme, Graph, Loop, NodeId, Outside, Reduction, Shape,
    Steps, Table, TensorType,
};
use ndc::ops::{arithmetic, choice, comparison, rounding};
use std::sync::Arc;

const LARGEST: usize = 3000;

/// A graph and inputs for it.
pub struct Case {
    /// The graph.
    pub graph: Graph,
    /// Values of its inputs.
    pub inputs: Vec<Table>,
}

struct Generator {
    random: Random,
    graph: Graph,
    inputs: Vec<Table>,
    pool: Vec<NodeId>,
    /// The number of loops around.
    depth: usize,
}

/// The graph of a seed.
pub fn generate(seed: u64) -> Case {
    let mut generator =
        Generator { random: Random(seed), graph: Graph::new(), inputs: Vec::new(), pool: Vec::new(), depth: 0 };
    for _ in 0..2 + generator.random.below(4) {
        generator.input();
    }
    let steps = [3, 10, 30, 80][generator.random.below(4)];
    for _ in 0..steps {
        generator.step();
    }
    generator.outputs();
    Case { graph: generator.graph, inputs: generator.inputs }
}

impl Generator {
    fn pick(&mut self) -> NodeId {
        let recent = self.random.below(2) == 0;
        let from = if recent { self.pool.len().saturating_sub(6) } else { 0 };
        self.pool[from + self.random.below(self.pool.len() - from)]
    }

    fn size(&mut self) -> usize {
        let sizes = [0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 16, 17, 40, 300];
        sizes[self.random.below(sizes.len())]
    }

    fn shape(&mut self) -> Shape {
        let rank = self.random.below(5);
        let mut shape = Shape::scalar();
        for _ in 0..rank {
            let size = self.size();
            if shape.count() * size <= LARGEST {
                shape = shape.with_leading(size);
            }
        }
        shape
    }

    fn element(&mut self) -> ElementType {
        [ElementType::F64, ElementType::F64, ElementType::F32, ElementType::I64, ElementType::Bool]
            [self.random.below(5)]
    }

    fn table(&mut self, ty: TensorType) -> Table {
        let bits = (0..ty.shape.count()).map(|_| word(ty.element, self.random.below(9) as f64 - 4.0)).collect();
        Table { ty, bits }
    }

    fn input(&mut self) {
        let (element, shape) = (self.element(), self.shape());
        let ty = TensorType::new(element, shape);
        let node = self.graph.input(format!("x{}", self.inputs.len()), ty.clone());
        let table = self.table(ty);
        self.inputs.push(table);
        self.pool.push(node);
    }

    fn shape_of(&self, id: NodeId) -> Shape {
        self.graph.ty(id).shape.clone()
    }

    /// A number of the element type and shape of `like`, made from any node of the pool.
    fn fitted(&mut self, like: NodeId) -> NodeId {
        let ty = self.graph.ty(like).clone();
        let same: Vec<NodeId> = self.pool.iter().copied().filter(|id| self.graph.ty(*id) == &ty).collect();
        if !same.is_empty() && self.random.below(4) > 0 {
            return same[self.random.below(same.len())];
        }
        let candidate = self.pick();
        let shape = self.shape_of(candidate);
        if shape.count() == ty.shape.count() {
            let node = self.graph.reshape(candidate, &ty.shape);
            return self.converted(node, ty.element);
        }
        let one = self.graph.real(ty.element, 1.0);
        self.graph.splat(one, &ty.shape)
    }

    fn converted(&mut self, node: NodeId, element: ElementType) -> NodeId {
        let definition = match element {
            ElementType::F32 => &choice::TO_F32,
            ElementType::F64 => &choice::TO_F64,
            ElementType::I64 => &choice::TO_I64,
            ElementType::Bool => &choice::TO_BOOL,
        };
        self.graph.pointwise(definition, &[node])
    }

    /// The node kept between -4 and 4, so that nothing grows.
    fn bounded(&mut self, node: NodeId) -> NodeId {
        if self.graph.ty(node).element == ElementType::Bool {
            return node;
        }
        let (low, high) = (self.graph.constant_like(node, -4.0), self.graph.constant_like(node, 4.0));
        let node = self.graph.pointwise(&choice::MAX, &[node, low]);
        self.graph.pointwise(&choice::MIN, &[node, high])
    }

    fn truth(&mut self, like: NodeId) -> NodeId {
        let fitted = self.fitted(like);
        self.converted(fitted, ElementType::Bool)
    }

    fn step(&mut self) {
        let argument = self.pick();
        let node = match self.random.below(29) {
            0..8 => self.pointwise(argument),
            8 => self.broadcast(argument),
            9 => self.reshape(argument),
            10 => self.transpose(argument),
            11 => self.slice(argument),
            12 => self.pad(argument),
            13 => self.concatenate(argument),
            14 => self.reverse(argument),
            15 => {
                let shape = self.shape();
                if shape.rank() == 0 { argument } else { self.iota(shape) }
            }
            16 | 17 => self.reduce(argument),
            18 => self.arg_reduce(argument),
            19 => self.contract(argument),
            20 => self.gather(argument),
            21 | 22 => self.window(argument),
            23 => self.unwindow(argument),
            24 => self.draw(argument),
            25 => self.batch_reduce(argument),
            26 | 27 => self.run_loop(argument),
            _ => self.scatter_add(argument),
        };
        let node = self.bounded(node);
        self.pool.push(node);
    }

    fn pointwise(&mut self, argument: NodeId) -> NodeId {
        let element = self.graph.ty(argument).element;
        if element == ElementType::Bool {
            let other = self.fitted(argument);
            return match self.random.below(4) {
                0 => self.graph.pointwise(&comparison::NOT, &[argument]),
                1 => self.graph.pointwise(&comparison::AND, &[argument, other]),
                2 => self.graph.pointwise(&comparison::OR, &[argument, other]),
                _ => {
                    let element = self.element();
                    self.converted(argument, element)
                }
            };
        }
        let real: [&_; 4] = [&rounding::FLOOR, &rounding::CEIL, &rounding::TRUNC, &arithmetic::ABSOLUTE];
        let binary: [&_; 5] =
            [&arithmetic::ADD, &arithmetic::SUBTRACT, &arithmetic::MULTIPLY, &choice::MAX, &choice::MIN];
        let compare: [&_; 6] = [
            &comparison::EQUAL,
            &comparison::NOT_EQUAL,
            &comparison::LESS,
            &comparison::LESS_EQUAL,
            &comparison::GREATER,
            &comparison::GREATER_EQUAL,
        ];
        let other = self.fitted(argument);
        match self.random.below(10) {
            0 => self.graph.pointwise(&arithmetic::NEGATE, &[argument]),
            1 if element.is_real() => {
                let at = self.random.below(real.len());
                self.graph.pointwise(real[at], &[argument])
            }
            2 => {
                let element = self.element();
                self.converted(argument, element)
            }
            3 => {
                let condition = self.truth(argument);
                self.graph.pointwise(&choice::SELECT, &[condition, argument, other])
            }
            4 => {
                let at = self.random.below(compare.len());
                self.graph.pointwise(compare[at], &[argument, other])
            }
            _ => {
                let at = self.random.below(binary.len());
                self.graph.pointwise(binary[at], &[argument, other])
            }
        }
    }

    fn broadcast(&mut self, argument: NodeId) -> NodeId {
        let mut sizes = self.shape_of(argument).sizes().to_vec();
        let mut axes: Vec<usize> = (0..sizes.len()).collect();
        for _ in 0..1 + self.random.below(2) {
            let (at, size) = (self.random.below(sizes.len() + 1), self.size());
            if sizes.iter().product::<usize>() * size <= LARGEST && sizes.len() < 6 {
                sizes.insert(at, size);
                axes.iter_mut().filter(|axis| **axis >= at).for_each(|axis| *axis += 1);
            }
        }
        self.graph.broadcast(argument, Axes::new(axes), &Shape::new(&sizes))
    }

    fn reshape(&mut self, argument: NodeId) -> NodeId {
        let mut rest = self.shape_of(argument).count();
        let mut sizes = Vec::new();
        for divisor in [2, 3, 5, 2] {
            if rest.is_multiple_of(divisor) && rest > 0 && self.random.below(2) == 0 {
                sizes.push(divisor);
                rest /= divisor;
            }
        }
        let at = self.random.below(sizes.len() + 1);
        sizes.insert(at, rest);
        self.graph.reshape(argument, &Shape::new(&sizes))
    }

    fn permutation(&mut self, rank: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rank).collect();
        for place in (1..rank).rev() {
            order.swap(place, self.random.below(place + 1));
        }
        order
    }

    fn transpose(&mut self, argument: NodeId) -> NodeId {
        let rank = self.shape_of(argument).rank();
        let order = self.permutation(rank);
        self.graph.transpose(argument, Axes::new(order))
    }

    fn axis(&mut self, argument: NodeId) -> Option<(usize, usize)> {
        let shape = self.shape_of(argument);
        if shape.rank() == 0 {
            return None;
        }
        let axis = self.random.below(shape.rank());
        Some((axis, shape[axis]))
    }

    fn slice(&mut self, argument: NodeId) -> NodeId {
        let Some((axis, size)) = self.axis(argument) else { return argument };
        let start = self.random.below(size + 1);
        let step = 1 + self.random.below(3);
        let most = (size - start).div_ceil(step);
        let count = self.random.below(most + 1);
        self.graph.slice(argument, axis, start.min(size.saturating_sub(1)), step, count)
    }

    fn pad(&mut self, argument: NodeId) -> NodeId {
        let Some((axis, size)) = self.axis(argument) else { return argument };
        let (low, step) = (self.random.below(3), 1 + self.random.below(3));
        let whole = low + size.saturating_sub(1) * step + 1 + self.random.below(3);
        if self.shape_of(argument).count() / size.max(1) * whole > LARGEST {
            return argument;
        }
        self.graph.pad(argument, axis, low, step, whole)
    }

    fn concatenate(&mut self, argument: NodeId) -> NodeId {
        let Some((axis, _)) = self.axis(argument) else { return argument };
        let mut parts = vec![argument];
        for _ in 0..1 + self.random.below(3) {
            let part = self.fitted(argument);
            let size = self.shape_of(part)[axis];
            let count = self.random.below(size + 1);
            let part = self.graph.slice(part, axis, 0, 1, count);
            parts.push(part);
        }
        if parts.iter().map(|part| self.shape_of(*part).count()).sum::<usize>() > LARGEST {
            return argument;
        }
        self.graph.concatenate(&parts, axis)
    }

    fn reverse(&mut self, argument: NodeId) -> NodeId {
        let Some((axis, _)) = self.axis(argument) else { return argument };
        self.graph.reverse(argument, axis)
    }

    fn iota(&mut self, shape: Shape) -> NodeId {
        let axis = self.random.below(shape.rank());
        self.graph.iota(axis, shape)
    }

    fn reduce(&mut self, argument: NodeId) -> NodeId {
        let rank = self.shape_of(argument).rank();
        let axes: Vec<usize> = (0..rank).filter(|_| self.random.below(2) == 0).collect();
        let is_bool = self.graph.ty(argument).element == ElementType::Bool;
        let reduction = match self.random.below(5) {
            0 => Reduction::Max,
            1 => Reduction::Min,
            _ if is_bool => Reduction::Max,
            2 if self.shape_of(argument).count() <= 8 => Reduction::Product,
            _ => Reduction::Sum,
        };
        self.graph.reduce(reduction, argument, Axes::new(axes))
    }

    fn arg_reduce(&mut self, argument: NodeId) -> NodeId {
        match self.axis(argument) {
            Some((axis, size)) if size > 0 => {
                let extreme = [Extreme::Max, Extreme::Min][self.random.below(2)];
                self.graph.arg_reduce(extreme, argument, axis)
            }
            _ => argument,
        }
    }

    /// A contraction with another view of the same node, or of one alike.
    fn contract(&mut self, argument: NodeId) -> NodeId {
        let argument = if self.graph.ty(argument).element == ElementType::Bool {
            self.converted(argument, ElementType::F64)
        } else {
            argument
        };
        let other = self.fitted(argument);
        let rank = self.shape_of(argument).rank();
        let batch = self.random.below(rank + 1);
        let contract = self.random.below(rank - batch + 1);
        let (left, right) = (self.permuted_alike(argument, other, rank), batch + contract);
        let free: usize = self.shape_of(left.0).sizes()[batch..rank - contract].iter().product();
        let products = self.shape_of(left.0).count() * free;
        if products > 20 * LARGEST || self.shape_of(left.0).count() * free > LARGEST || rank + rank - right > 8 {
            return argument;
        }
        self.graph.contract(left.0, left.1, batch, contract)
    }

    fn permuted_alike(&mut self, left: NodeId, right: NodeId, rank: usize) -> (NodeId, NodeId) {
        let order = self.permutation(rank);
        let left = self.graph.transpose(left, Axes::new(order.iter().copied()));
        (left, self.graph.transpose(right, Axes::new(order)))
    }

    /// Whole random numbers for keys mixed from two nodes.
    fn draw(&mut self, argument: NodeId) -> NodeId {
        let first = self.converted(argument, ElementType::I64);
        let second = self.fitted(first);
        let keys = self.graph.mix(first, second);
        let distribution = [Distribution::Uniform, Distribution::Normal][self.random.below(2)];
        let element = [ElementType::F32, ElementType::F64][self.random.below(2)];
        let drawn = self.graph.random(distribution, keys, element);
        let scale = self.graph.constant_like(drawn, 4.0);
        let scaled = self.graph.pointwise(&arithmetic::MULTIPLY, &[drawn, scale]);
        self.graph.pointwise(&rounding::FLOOR, &[scaled])
    }

    /// Outside mini-batches it changes nothing.
    fn batch_reduce(&mut self, argument: NodeId) -> NodeId {
        if self.graph.ty(argument).element == ElementType::Bool {
            return argument;
        }
        let reduction = [BatchReduction::Sum, BatchReduction::Max, BatchReduction::Min][self.random.below(3)];
        self.graph.batch_reduce(reduction, argument)
    }

    /// Steps and sizes of windows on an axis of a size.
    fn windows(&mut self, size: usize) -> ([usize; 2], Steps) {
        let (outer, inner) = (self.random.below(4), self.random.below(4));
        let start = self.random.below(size);
        let across = self.random.below((size - start - 1) / outer.max(1) + 2).min(40);
        let used = across.saturating_sub(1) * outer;
        let along = self.random.below((size - start - 1).saturating_sub(used) / inner.max(1) + 2).min(20);
        let steps = Steps { start: start as u32, outer: outer as u32, inner: inner as u32 };
        let last = start + used + along.saturating_sub(1) * inner;
        if last < size { ([across, along], steps) } else { ([1, 1], steps) }
    }

    fn window(&mut self, argument: NodeId) -> NodeId {
        let Some((axis, size)) = self.axis(argument) else { return argument };
        let shape = self.shape_of(argument);
        if size == 0 || shape.rank() > 6 {
            return argument;
        }
        let (counts, steps) = self.windows(size);
        if shape.count() / size * counts[0] * counts[1] > LARGEST {
            return argument;
        }
        self.graph.window(argument, axis, counts, steps)
    }

    /// Windows, or any two axes, added up.
    fn unwindow(&mut self, argument: NodeId) -> NodeId {
        let argument = if self.graph.ty(argument).element == ElementType::Bool {
            self.converted(argument, ElementType::I64)
        } else {
            argument
        };
        let shape = self.shape_of(argument);
        if shape.rank() < 2 {
            return argument;
        }
        let axis = self.random.below(shape.rank() - 1);
        let (outer, inner) = (self.random.below(4), self.random.below(4));
        let steps = Steps { start: self.random.below(3) as u32, outer: outer as u32, inner: inner as u32 };
        let last = |size: usize, step: usize| size.saturating_sub(1) * step;
        let used = last(shape[axis], outer) + last(shape[axis + 1], inner);
        let size = steps.start as usize + used + 1 + self.random.below(3);
        let rest: usize = shape
            .sizes()
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != axis && *at != axis + 1)
            .map(|(_, each)| *each)
            .product();
        if rest * size > LARGEST {
            return argument;
        }
        self.graph.unwindow(argument, axis, size, steps)
    }

    fn outside(&mut self) -> Outside {
        [Outside::Error, Outside::Zero][self.random.below(2)]
    }

    /// Indices of a shape, inside `0..rows` unless chance has it otherwise or places outside are no error.
    fn indices(&mut self, shape: &Shape, rows: usize, outside: Outside) -> NodeId {
        let wild = outside == Outside::Zero || (self.depth == 0 && self.random.below(40) == 0);
        let limit = if wild { rows + 1 } else { rows.max(1) };
        let low = usize::from(outside == Outside::Zero && self.random.below(2) == 0);
        let bits = (0..shape.count()).map(|_| (self.random.below(limit) as u64).wrapping_sub(low as u64)).collect();
        let table = Table { ty: TensorType::new(ElementType::I64, shape.clone()), bits };
        if self.depth > 0 || self.random.below(2) == 0 {
            return self.graph.constant_table(table);
        }
        let node = self.graph.input(format!("i{}", self.inputs.len()), table.ty.clone());
        self.inputs.push(table);
        node
    }

    fn gather(&mut self, operand: NodeId) -> NodeId {
        let shape = self.shape_of(operand);
        if shape.rank() == 0 {
            return operand;
        }
        let (batch, outside) = (self.random.below(shape.rank()), self.outside());
        let at = self.size().min(40);
        let mut sizes = shape.sizes()[..batch].to_vec();
        if self.random.below(3) > 0 {
            sizes.push(at);
        }
        let rest: usize = shape.sizes()[batch + 1..].iter().product();
        let indices = Shape::new(&sizes);
        if indices.count() * rest > LARGEST || (shape[batch] == 0 && indices.count() > 0 && outside == Outside::Error) {
            return operand;
        }
        let indices = self.indices(&indices, shape[batch], outside);
        self.graph.gather_or(operand, indices, batch, outside)
    }

    fn scatter_add(&mut self, updates: NodeId) -> NodeId {
        let updates = if self.graph.ty(updates).element == ElementType::Bool {
            self.converted(updates, ElementType::F32)
        } else {
            updates
        };
        let shape = self.shape_of(updates);
        let at = self.random.below(shape.rank() + 1);
        let batch = self.random.below(at + 1);
        let rows = 1 + self.size().min(20);
        let rest: usize = shape.sizes()[at..].iter().product();
        if shape.sizes()[..batch].iter().product::<usize>() * rows * rest > LARGEST {
            return updates;
        }
        let outside = self.outside();
        let indices = self.indices(&Shape::new(&shape.sizes()[..at]), rows, outside);
        self.graph.scatter_add_or(indices, updates, rows, batch, outside)
    }

    /// A loop with this node as a state; one of its results.
    fn run_loop(&mut self, state: NodeId) -> NodeId {
        if self.depth == 2 {
            return state;
        }
        let trips = self.random.below(6);
        let ends = match self.random.below(9) {
            0 if self.depth == 0 => Ends::WhenFalse,
            1..4 => Ends::AfterCount,
            _ => Ends::AfterTrips,
        };
        let mut states = vec![state];
        states.extend((0..self.random.below(3)).map(|_| self.pick()));
        if ends == Ends::WhenFalse {
            states.insert(0, self.graph.boolean(true));
        }
        let long = |id: &NodeId| self.graph.ty(*id).shape.sizes().first().is_some_and(|rows| *rows >= trips);
        let long: Vec<NodeId> = self.pool.iter().copied().filter(long).collect();
        let count = if long.is_empty() { 0 } else { self.random.below(3) };
        let sequences: Vec<NodeId> = (0..count).map(|_| long[self.random.below(long.len())]).collect();
        let sequences: Vec<NodeId> = sequences.iter().map(|id| self.graph.slice(*id, 0, 0, 1, trips)).collect();
        let invariants: Vec<NodeId> = (0..self.random.below(3)).map(|_| self.pick()).collect();
        let body = self.body(&states, &sequences, &invariants);
        // A loop that ends by a state goes forward.
        let backward = ends != Ends::WhenFalse && self.random.below(2) == 0;
        let (body, count) = (Arc::new(body), sequences.len());
        let run = Arc::new(Loop { body, trips, states: states.len(), sequences: count, backward, ends });
        let steps = self.random.below(7) as i64 - 1;
        let mut arguments = if ends == Ends::AfterCount { vec![self.graph.integer(steps)] } else { vec![] };
        arguments.extend(states.into_iter().chain(sequences).chain(invariants));
        let node = self.graph.run_loop(run.clone(), &arguments);
        for _ in 0..self.random.below(3) {
            let result = self.graph.result(node, self.random.below(run.steps_result() + 1));
            self.pool.push(result);
        }
        self.graph.result(node, self.random.below(run.steps_result() + 1))
    }

    /// The body of a loop over such nodes.
    fn body(&mut self, states: &[NodeId], sequences: &[NodeId], invariants: &[NodeId]) -> Graph {
        let seed = self.random.word();
        let (inputs, pool) = (Vec::new(), Vec::new());
        let mut inner = Generator { random: Random(seed), graph: Graph::new(), inputs, pool, depth: self.depth + 1 };
        let row = |id: &NodeId| {
            let ty = self.graph.ty(*id);
            TensorType::new(ty.element, Shape::new(&ty.shape.sizes()[1..]))
        };
        let mut types = vec![TensorType::scalar(ElementType::I64)];
        types.extend(states.iter().map(|id| self.graph.ty(*id).clone()));
        types.extend(sequences.iter().map(row));
        types.extend(invariants.iter().map(|id| self.graph.ty(*id).clone()));
        inner.pool = types.into_iter().map(|ty| inner.graph.input("b", ty)).collect();
        for _ in 0..1 + self.random.below(8) {
            inner.step();
        }
        for state in 0..states.len() {
            let next = inner.fitted(inner.pool[1 + state]);
            inner.graph.output("next", next);
        }
        for _ in 0..self.random.below(3) {
            let row = inner.pick();
            inner.graph.output("row", row);
        }
        inner.graph
    }

    /// Some nodes as outputs, some in place of inputs of their type.
    fn outputs(&mut self) {
        let count = 1 + self.random.below(5);
        let mut taken = vec![false; self.inputs.len()];
        for index in 0..count {
            let node = if index == 0 { self.pool[self.pool.len() - 1] } else { self.pick() };
            let ty = self.graph.ty(node).clone();
            let fits = (0..self.inputs.len()).find(|input| !taken[*input] && self.inputs[*input].ty == ty);
            match fits {
                Some(input) if self.random.below(3) > 0 => {
                    taken[input] = true;
                    self.graph.updating_output(format!("y{index}"), node, input as u32);
                }
                _ => self.graph.output(format!("y{index}"), node),
            }
        }
    }
}
