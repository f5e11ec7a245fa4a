//! Typed expressions to nodes.

use super::draws::further;
use super::{Lowerer, Source, Value};
use crate::check::program::{Binding, Closure, InstanceId, Kind, Program, Progress, Typed};
use crate::check::types::{Element, Type};
use crate::ir::{Axes, NodeId, Pointwise, Reduction, ScopeKind, TensorType};
use crate::ops;

impl Lowerer<'_> {
    /// The value of an expression; new nodes are attributed to its place.
    pub(super) fn lower(&mut self, typed: &Typed) -> Value {
        let before = self.graph.current_span.replace(typed.span);
        let value = self.lower_kind(typed);
        self.graph.current_span = before;
        value
    }

    /// The node of an expression that is a tensor.
    pub(super) fn tensor(&mut self, typed: &Typed) -> NodeId {
        self.lower(typed).node()
    }

    fn lower_kind(&mut self, typed: &Typed) -> Value {
        let node = match &*typed.kind {
            Kind::Number(value) => self.number(*value, &typed.ty),
            Kind::Integer(value) => match typed.ty.element() {
                Some(Element::Int) => self.graph.integer(*value),
                _ => self.number(*value as f64, &typed.ty),
            },
            Kind::Size(size) => self.graph.integer(size.value().unwrap_or(0)),
            Kind::Bool(value) => self.graph.boolean(*value),
            Kind::Local(id) => return self.locals[id].clone(),
            Kind::Param(id) => self.param(*id),
            Kind::Global(id) => return self.global(*id),
            Kind::Column(data, index) => self.column(*data, *index),
            Kind::Example(index) => self.examples[*index as usize],
            Kind::Standardized(statistic, value) => {
                let node = self.tensor(value);
                let ty = self.graph.ty(node).clone();
                let mean = self.source(Source::Mean(*statistic), format!("mean {statistic}"), ty.clone());
                let deviation = self.source(Source::Deviation(*statistic), format!("deviation {statistic}"), ty);
                let difference = self.pair(&ops::arithmetic::SUBTRACT, node, mean);
                self.pair(&ops::arithmetic::DIVIDE, difference, deviation)
            }
            Kind::Progress(progress) => self.progress(*progress),
            Kind::Training => self.graph.boolean(self.training),
            Kind::BatchReduce(reduction, inner) => {
                let node = self.tensor(inner);
                self.graph.batch_reduce(*reduction, node)
            }
            Kind::Running { state, value, momentum } => self.running(*state, value, *momentum),
            Kind::Convert(inner) => {
                let node = self.tensor(inner);
                let element = self.tensor_type(&typed.ty).element;
                self.graph.pointwise(ops::choice::conversion(element), &[node])
            }
            Kind::Splat(scalar) => {
                let node = self.tensor(scalar);
                let shape = self.tensor_type(&typed.ty).shape;
                self.graph.splat(node, &shape)
            }
            Kind::Pointwise(definition, operands) => {
                let mut nodes: Vec<NodeId> = operands.iter().map(|operand| self.tensor(operand)).collect();
                let divides = [&ops::rounding::FLOOR_DIVIDE, &ops::arithmetic::REMAINDER];
                if divides.iter().any(|each| std::ptr::eq(*each, *definition)) {
                    nodes[1] = self.guarded_divisor(nodes[1]);
                }
                self.graph.pointwise(definition, &nodes)
            }
            Kind::Power(base, exponent) => {
                let node = self.tensor(base);
                self.power(node, *exponent)
            }
            Kind::Reduce(reduction, operand) => {
                let node = self.tensor(operand);
                self.graph.reduce_all(*reduction, node)
            }
            Kind::Mean(operand) => {
                let node = self.tensor(operand);
                self.mean(node)
            }
            Kind::ArgReduce(extreme, operand) => {
                let node = self.tensor(operand);
                self.graph.arg_reduce(*extreme, node, 0)
            }
            Kind::MatrixProduct(left, right) => {
                let (left, right) = (self.tensor(left), self.tensor(right));
                self.matrix_product(left, right)
            }
            Kind::Transpose(operand) => {
                let node = self.tensor(operand);
                self.graph.transpose(node, Axes::new([1, 0]))
            }
            Kind::Matrix(function, arguments) => return self.matrix_function(*function, arguments),
            Kind::Stack(entries) => {
                let nodes: Vec<NodeId> = entries.iter().map(|entry| self.tensor(entry)).collect();
                let ty = self.tensor_type(&typed.ty);
                self.stack(&nodes, ty)
            }
            Kind::Index(base, places) => {
                let node = self.tensor(base);
                self.index(node, places)
            }
            Kind::Draw(distribution, key) => self.draw(*distribution, key),
            Kind::Key(site) => self.implied_key(*site),
            Kind::MixedKey(key, part) => {
                let (key, part) = (self.tensor(key), self.tensor(part));
                self.graph.mix(key, part)
            }
            Kind::Replace(base, places, new) => {
                let (base, new) = (self.tensor(base), self.tensor(new));
                self.replace(base, places, new)
            }
            Kind::IndexOr(base, places, fallback) => self.index_or(base, places, fallback),
            Kind::Comprehension(comprehension) => return self.comprehension(comprehension),
            Kind::IndexedReduction(reduction) => return self.indexed_reduction(reduction),
            Kind::OneHot(position) => {
                let node = self.tensor(position);
                let classes = self.tensor_type(&typed.ty).shape[0];
                let one = self.graph.real(self.real, 1.0);
                self.graph.scatter_add(node, one, classes, 0)
            }
            Kind::Let(bindings, result) => {
                for (binding, value) in bindings {
                    let value = self.lower(value);
                    self.bind(binding, value);
                }
                return self.lower(result);
            }
            Kind::Range(start) => {
                let start = self.graph.integer(start.value().unwrap_or(0));
                let shape = self.tensor_type(&typed.ty).shape;
                let positions = self.graph.iota(0, shape.clone());
                let start = self.graph.splat(start, &shape);
                self.pair(&ops::arithmetic::ADD, positions, start)
            }
            Kind::Repeat(run) => return self.repeat(run),
            Kind::If(condition, then, otherwise) => {
                let condition = self.tensor(condition);
                let (then, otherwise) = self.branches(condition, then, otherwise);
                return self.choose(condition, &then, &otherwise);
            }
            Kind::Tuple(parts) => return Value::Tuple(parts.iter().map(|part| self.lower(part)).collect()),
            Kind::Closure(captures) => {
                return Value::Closure(captures.iter().map(|capture| self.lower(capture)).collect());
            }
            Kind::Part(whole, index) => return part(self.lower(whole), *index),
            Kind::Captured(closure, index) => return part(self.lower(closure), *index),
            Kind::Call { callee, instance, arguments } => {
                let captured = self.lower(callee);
                let arguments = arguments.iter().map(|argument| self.lower(argument)).collect();
                let further = further(self.site, typed.span);
                let site = std::mem::replace(&mut self.site, further);
                let value = self.within(*instance, call_kind(self.program, &callee.ty), |lowerer| {
                    lowerer.call(*instance, captured, arguments)
                });
                self.site = site;
                return value;
            }
            Kind::Derivative(call) => return self.derivative(call),
            Kind::Root { value, variable, residual } => self.root(value, *variable, residual),
            Kind::Pullback { value, inputs, variable, cotangent, pulled } => {
                self.pullback([value, inputs], [*variable, *cotangent], pulled)
            }
            Kind::CapturedReals(function) => return self.captured_reals(function),
            Kind::Flatten(value) => self.flatten(value),
            Kind::Unflatten(vector) => return self.unflatten(vector, &typed.ty),
            Kind::Text(_) | Kind::Error => unreachable!("only checked values are lowered"),
        };
        Value::Node(node)
    }

    /// Both branches of a choice; a scalar condition guards what they read.
    fn branches(&mut self, condition: NodeId, then: &Typed, otherwise: &Typed) -> (Value, Value) {
        if self.graph.ty(condition).shape.rank() != 0 {
            return (self.lower(then), self.lower(otherwise));
        }
        let opposite = self.graph.pointwise(&ops::comparison::NOT, &[condition]);
        let then = self.under(condition, |lowerer| lowerer.lower(then));
        (then, self.under(opposite, |lowerer| lowerer.lower(otherwise)))
    }

    fn number(&mut self, value: f64, ty: &Type) -> NodeId {
        let element = self.tensor_type(ty).element;
        self.graph.real(element, value)
    }

    pub(super) fn progress(&mut self, progress: Progress) -> NodeId {
        if let Some(node) = self.progress.get(&progress) {
            return *node;
        }
        let ty = TensorType::scalar(self.real);
        self.source(Source::Progress(progress), format!("{progress:?}").to_lowercase(), ty)
    }

    /// Binds a pattern in the body being lowered.
    pub(super) fn bind(&mut self, binding: &Binding, value: Value) {
        match (binding, value) {
            (Binding::Ignore, _) => {}
            (Binding::Local(id), value) => {
                self.locals.insert(*id, value);
            }
            (Binding::Tuple(bindings), Value::Tuple(parts)) => {
                for (binding, part) in bindings.iter().zip(parts) {
                    self.bind(binding, part);
                }
            }
            (Binding::Tuple(_), _) => unreachable!("the checker typed this as a tuple"),
        }
    }

    /// Lowers a call; for a question, its nodes remember it.
    pub(super) fn within(
        &mut self,
        instance: InstanceId,
        kind: ScopeKind,
        lower: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        if !self.question {
            return lower(self);
        }
        let called = &self.program.instances[instance.0 as usize];
        let name = called.name.replace("this lambda", "lambda");
        let outer = self.graph.enter_scope(name, kind, called.body.span);
        let value = lower(self);
        self.graph.current_scope = outer;
        value
    }

    /// Inlines a function body on captured values and arguments.
    pub(super) fn call(&mut self, instance: InstanceId, captured: Value, arguments: Vec<Value>) -> Value {
        let Value::Closure(captures) = captured else { unreachable!("the checker typed this as a function") };
        self.inline(instance, captures.into_iter().chain(arguments).collect())
    }

    /// Inlines a function body on the values of its parameters.
    pub(super) fn inline(&mut self, instance: InstanceId, values: Vec<Value>) -> Value {
        let program = self.program;
        let instance = &program.instances[instance.0 as usize];
        let outer = std::mem::take(&mut self.locals);
        for (parameter, value) in instance.parameters.iter().zip(values) {
            self.bind(parameter, value);
        }
        let value = self.lower(&instance.body);
        self.locals = outer;
        value
    }

    /// A power with a whole exponent, by repeated squaring.
    fn power(&mut self, base: NodeId, exponent: i32) -> NodeId {
        if exponent == 0 {
            return self.graph.constant_like(base, 1.0);
        }
        let mut remaining = exponent.unsigned_abs();
        let (mut square, mut product) = (base, None);
        loop {
            if remaining & 1 == 1 {
                product = Some(match product {
                    None => square,
                    Some(product) => self.graph.pointwise(&ops::arithmetic::MULTIPLY, &[product, square]),
                });
            }
            remaining >>= 1;
            if remaining == 0 {
                break;
            }
            square = self.graph.pointwise(&ops::arithmetic::MULTIPLY, &[square, square]);
        }
        let product = product.unwrap_or(base);
        if exponent > 0 {
            return product;
        }
        let one = self.graph.constant_like(product, 1.0);
        self.graph.pointwise(&ops::arithmetic::DIVIDE, &[one, product])
    }

    /// The mean of all elements.
    pub(super) fn mean(&mut self, node: NodeId) -> NodeId {
        let count = self.graph.ty(node).shape.count();
        let sum = self.graph.reduce_all(Reduction::Sum, node);
        let count = self.graph.constant_like(sum, count as f64);
        self.pair(&ops::arithmetic::DIVIDE, sum, count)
    }

    /// A pointwise operation on two nodes of equal shape.
    pub(super) fn pair(&mut self, definition: &'static Pointwise, left: NodeId, right: NodeId) -> NodeId {
        self.graph.pointwise(definition, &[left, right])
    }

    /// A choice, leaf by leaf; a scalar condition is repeated.
    pub(super) fn choose(&mut self, condition: NodeId, then: &Value, otherwise: &Value) -> Value {
        match (then, otherwise) {
            (Value::Node(then), Value::Node(otherwise)) => {
                let shape = self.graph.ty(*then).shape.clone();
                let condition = self.graph.splat(condition, &shape);
                Value::Node(self.graph.pointwise(&ops::choice::SELECT, &[condition, *then, *otherwise]))
            }
            (Value::Tuple(then), Value::Tuple(otherwise)) => {
                let pairs = then.iter().zip(otherwise);
                Value::Tuple(pairs.map(|(then, otherwise)| self.choose(condition, then, otherwise)).collect())
            }
            (Value::Closure(then), Value::Closure(otherwise)) => {
                let pairs = then.iter().zip(otherwise);
                Value::Closure(pairs.map(|(then, otherwise)| self.choose(condition, then, otherwise)).collect())
            }
            _ => unreachable!("the checker gave both branches one type"),
        }
    }
}

/// Whether a function value is a model or a layer.
fn call_kind(program: &Program, callee: &Type) -> ScopeKind {
    match callee {
        Type::Function(id) if matches!(program.closures[id.0 as usize], Closure::Model(_)) => ScopeKind::Layer,
        _ => ScopeKind::Function,
    }
}

/// A part of a tuple, or a captured value of a function.
fn part(value: Value, index: u32) -> Value {
    match value {
        Value::Tuple(mut parts) | Value::Closure(mut parts) => parts.swap_remove(index as usize),
        Value::Node(_) => unreachable!("the checker typed this as a tuple"),
    }
}
