//! Derivatives of function values, written into the graph at hand.
//!
//! The function is inlined on fresh variables in place of what it is differentiated with respect to, so that only
//! the dependence through those counts; the adjoint is appended; then the variables are replaced by the real values.

use super::{Lowerer, Value, tensor_type};
use crate::autodiff::forward::forward_with;
use crate::autodiff::jacobian::{jacobian, sparse_jacobian, structure};
use crate::autodiff::reverse::{reverse, reverse_with};
use crate::check::program::{DerivativeCall, Form, Kind, ParamId, Program, Typed, Wrt};
use crate::check::types::{ModelId, Type};
use crate::ir::rewrite::substitute;
use crate::ir::{ElementType, Graph, NodeId, Pattern, ScopeKind, Shape, Table, TensorType};
use crate::ops::structural::Mask;
use crate::optimize::{Stage, simplify};
use std::collections::{HashMap, HashSet};

/// Variables that stand for the real leaves of a value.
struct Varied {
    /// The value with its real leaves replaced by variables.
    value: Value,
    variables: Vec<NodeId>,
    originals: Vec<NodeId>,
}

/// What is to be derived: functions of variables.
struct Problem {
    /// The real results.
    roots: Vec<NodeId>,
    variables: Vec<NodeId>,
    /// Tangents of the variables or cotangents of the results, where the form takes some.
    direction: Vec<NodeId>,
    /// The structure of a sparse matrix, for each root or, of a Hessian, for each variable.
    structure: Vec<Vec<Pattern>>,
}

impl Problem {
    /// The nodes that a form asks for: one for each variable, or of matrices one for each pair, row by row; for
    /// `value_and_grad` the value last. A zero in a tangent or cotangent is a direction that is not taken: it meets no infinite
    /// derivative of a function of numbers, so that a product with a unit vector is a column or row of the Jacobian.
    fn derive(&self, graph: &mut Graph, form: Form) -> Vec<NodeId> {
        let (roots, variables) = (&self.roots, &self.variables);
        match form {
            Form::Jvp => forward_with(graph, roots, variables, &self.direction, Mask::Routed),
            Form::Vjp => {
                let seeds: Vec<(NodeId, NodeId)> = roots.iter().copied().zip(self.direction.iter().copied()).collect();
                reverse_with(graph, &seeds, variables, Mask::Routed)
            }
            Form::Jacobian { sparse } => self.matrix(graph, roots, sparse, form),
            Form::Gradient => self.gradients(graph),
            Form::ValueAndGradient => {
                let mut gradients = self.gradients(graph);
                gradients.push(roots[0]);
                gradients
            }
            Form::Hvp => {
                let gradients = self.gradients(graph);
                let gradients = simplify(graph, &gradients, Stage::BeforeDifferentiation);
                forward_with(graph, &gradients, variables, &self.direction, Mask::Routed)
            }
            Form::Hessian { sparse } => {
                let gradients = self.gradients(graph);
                let gradients = simplify(graph, &gradients, Stage::BeforeDifferentiation);
                self.matrix(graph, &gradients, sparse, form)
            }
        }
    }

    fn gradients(&self, graph: &mut Graph) -> Vec<NodeId> {
        let one = graph.constant_like(self.roots[0], 1.0);
        reverse(graph, self.roots[0], one, &self.variables)
    }

    fn matrix(&self, graph: &mut Graph, of: &[NodeId], sparse: bool, form: Form) -> Vec<NodeId> {
        match sparse {
            false => jacobian(graph, of, &self.variables, form.name()).concat(),
            true => sparse_jacobian(graph, of, &self.variables, &self.structure, form.name()).concat(),
        }
    }
}

/// A function written out on variables.
struct Opened {
    /// What it gives.
    result: Value,
    /// What it is differentiated with respect to.
    targets: Vec<Varied>,
}

impl Lowerer<'_> {
    /// `grad(f)(…)` and its relatives.
    pub(super) fn derivative(&mut self, call: &DerivativeCall) -> Value {
        let arguments: Vec<Value> = call.arguments.iter().map(|argument| self.lower(argument)).collect();
        let mut direction = Vec::new();
        if let Some(given) = &call.direction {
            self.lower(given).leaves(&mut direction);
        }
        self.within(call.instance, ScopeKind::Derivative, |lowerer| lowerer.derivative_at(call, arguments, direction))
    }

    fn derivative_at(&mut self, call: &DerivativeCall, arguments: Vec<Value>, direction: Vec<NodeId>) -> Value {
        let Opened { result, targets } = self.opened(call, None, arguments);
        let results = self.real_nodes(&result);
        let variables: Vec<NodeId> = targets.iter().flat_map(|target| target.variables.iter().copied()).collect();
        let originals: Vec<NodeId> = targets.iter().flat_map(|target| target.originals.iter().copied()).collect();
        let first = self.first_leaves(&targets, &variables);
        let problem = Problem {
            roots: simplify(&mut self.graph, &results, Stage::BeforeDifferentiation),
            variables,
            direction: match call.form {
                Form::Jvp | Form::Hvp => first.iter().map(|leaf| direction[*leaf]).collect(),
                _ => direction,
            },
            structure: of_variables(call, &first),
        };
        let derived = problem.derive(&mut self.graph, call.form);
        let derived = substitute(&mut self.graph, &derived, &problem.variables, &originals);
        self.derivative_value(call, derived, &result, &targets, &problem.variables)
    }

    /// The function on variables in place of what it is differentiated with respect to. Parameters that the function
    /// value itself names are varied too: a model, say.
    fn opened(&mut self, call: &DerivativeCall, mut captures: Option<Vec<Value>>, mut arguments: Vec<Value>) -> Opened {
        let mut targets = Vec::with_capacity(call.wrt.len());
        let mut replaced: Vec<(ParamId, Option<NodeId>)> = Vec::new();
        for wrt in &call.wrt {
            let varied = match wrt {
                Wrt::Argument(place) => {
                    let ty = &call.arguments[*place as usize].ty;
                    let varied = self.vary(&arguments[*place as usize], ty);
                    arguments[*place as usize] = varied.value.clone();
                    varied
                }
                Wrt::Param(id) => {
                    let variable = self.vary_param(*id, &mut replaced);
                    Varied { value: Value::Node(variable.0), variables: vec![variable.0], originals: vec![variable.1] }
                }
                Wrt::Model(model) => self.vary_model(model, &mut replaced),
                Wrt::Captured => {
                    let given = captures.take().unwrap_or_else(|| self.captures_of(&call.callee));
                    let (given, varied) = self.vary_captured(given);
                    captures = Some(given);
                    varied
                }
            };
            targets.push(varied);
        }
        let captures = captures.unwrap_or_else(|| self.captures_of(&call.callee));
        self.differentiating += 1;
        let result = self.inline(call.instance, captures.into_iter().chain(arguments).collect());
        self.differentiating -= 1;
        for (id, before) in replaced.into_iter().rev() {
            match before {
                Some(node) => self.replaced.insert(id, node),
                None => self.replaced.remove(&id),
            };
        }
        Opened { result, targets }
    }

    fn captures_of(&mut self, function: &Typed) -> Vec<Value> {
        match self.lower(function) {
            Value::Closure(captures) => captures,
            _ => unreachable!("the checker typed this as a function"),
        }
    }

    /// Variables in place of the real tensors that a function value captured; their value is a tuple of them all.
    fn vary_captured(&mut self, captures: Vec<Value>) -> (Vec<Value>, Varied) {
        let mut varied = Varied { value: Value::Tuple(Vec::new()), variables: Vec::new(), originals: Vec::new() };
        let whole = Value::Closure(captures);
        let mut leaves = Vec::new();
        whole.leaves(&mut leaves);
        let leaves: Vec<NodeId> = leaves.into_iter().map(|leaf| self.vary_leaf(leaf, &mut varied)).collect();
        let Value::Closure(captures) = whole.with_leaves(&mut leaves.into_iter()) else { return (Vec::new(), varied) };
        varied.value = Value::Tuple(varied.variables.iter().copied().map(Value::Node).collect());
        (captures, varied)
    }

    /// For each variable the place of its first leaf among those of all targets.
    fn first_leaves(&self, targets: &[Varied], variables: &[NodeId]) -> Vec<usize> {
        let leaves: Vec<NodeId> = targets.iter().flat_map(|target| self.real_nodes(&target.value)).collect();
        let first = |variable| leaves.iter().position(|leaf| leaf == variable).unwrap_or(0);
        variables.iter().map(first).collect()
    }

    /// The structure of a gradient, with a value for each variable.
    fn gradient_value(&self, targets: &[Varied], of: &mut dyn FnMut(NodeId) -> Value) -> Value {
        let mut parts: Vec<Value> = targets.iter().map(|target| self.real_leaves(&target.value, of)).collect();
        if parts.len() == 1 { parts.remove(0) } else { Value::Tuple(parts) }
    }

    /// The nodes of a form in the structure that its type says.
    fn derivative_value(
        &mut self,
        call: &DerivativeCall,
        derived: Vec<NodeId>,
        result: &Value,
        targets: &[Varied],
        variables: &[NodeId],
    ) -> Value {
        let place = |variable: NodeId| variables.iter().position(|each| *each == variable).unwrap_or(0);
        let constants = self.pattern_constants(call);
        let width = variables.len();
        let row = |row: usize, of: usize| {
            let mut leaf = 0;
            self.gradient_value(targets, &mut |variable| {
                let node = Value::Node(derived[of * width + place(variable)]);
                leaf += 1;
                match constants.get(row).map(|constants| constants[leaf - 1]) {
                    Some([starts, columns]) => Value::Tuple(vec![Value::Node(starts), Value::Node(columns), node]),
                    None => node,
                }
            })
        };
        match call.form {
            Form::Gradient | Form::Vjp | Form::Hvp => row(0, 0),
            Form::ValueAndGradient => Value::Tuple(vec![Value::Node(derived[width]), row(0, 0)]),
            Form::Jvp => {
                let mut tangents = derived.iter();
                self.real_leaves(result, &mut |node| Value::Node(*tangents.next().unwrap_or(&node)))
            }
            Form::Jacobian { .. } => {
                let rows: Vec<Value> = (0..derived.len() / width).map(|at| row(at, at)).collect();
                let mut rows = rows.into_iter();
                self.real_leaves(result, &mut |node| rows.next().unwrap_or(Value::Node(node)))
            }
            Form::Hessian { .. } => {
                let mut leaf = 0;
                self.gradient_value(targets, &mut |variable| {
                    leaf += 1;
                    row(leaf - 1, place(variable))
                })
            }
        }
    }

    /// Of sparse matrices, for each row of blocks and each block, where its rows start and the columns of its entries.
    fn pattern_constants(&mut self, call: &DerivativeCall) -> Vec<Vec<[NodeId; 2]>> {
        let mut integers = |numbers: &[u32]| {
            let ty = TensorType::new(ElementType::I64, Shape::new(&[numbers.len()]));
            self.graph.constant_table(Table { ty, bits: numbers.iter().map(|number| u64::from(*number)).collect() })
        };
        let mut of_row = |row: &Vec<Pattern>| {
            row.iter().map(|pattern| [integers(pattern.starts()), integers(pattern.entries())]).collect()
        };
        call.patterns.iter().map(&mut of_row).collect()
    }
    /// A variable in place of a parameter, and what it stands for.
    fn vary_param(&mut self, id: ParamId, replaced: &mut Vec<(ParamId, Option<NodeId>)>) -> (NodeId, NodeId) {
        let original = self.param(id);
        let variable = self.graph.placeholder(self.graph.ty(original).clone());
        replaced.push((id, self.replaced.insert(id, variable)));
        (variable, original)
    }

    /// Variables in place of a model's parameters; one that occurs twice is one variable.
    fn vary_model(&mut self, model: &Typed, replaced: &mut Vec<(ParamId, Option<NodeId>)>) -> Varied {
        let mut params = Vec::new();
        params_of(model, &mut params);
        let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
        let mut seen = HashSet::new();
        for id in &params {
            if seen.insert(*id) {
                pairs.push(self.vary_param(*id, replaced));
            }
        }
        let (variables, originals) = pairs.into_iter().unzip();
        Varied { value: self.lower(model), variables, originals }
    }

    /// Variables in place of the real leaves of a value. A model that occurs twice in it, with equal parameters, is one.
    fn vary(&mut self, value: &Value, ty: &Type) -> Varied {
        let mut varied = Varied { value: value.clone(), variables: Vec::new(), originals: Vec::new() };
        varied.value = self.vary_parts(value, ty, &mut varied, &mut HashMap::new());
        varied
    }

    fn vary_parts(
        &mut self,
        value: &Value,
        ty: &Type,
        varied: &mut Varied,
        models: &mut HashMap<ModelId, (Vec<NodeId>, Value)>,
    ) -> Value {
        let model = match ty {
            Type::Record(fields, _) => fields.model,
            _ => None,
        };
        let mut leaves = Vec::new();
        if let Some(model) = model {
            value.leaves(&mut leaves);
            if let Some((_, known)) = models.get(&model).filter(|(known, _)| *known == leaves) {
                return known.clone();
            }
        }
        let result = match value {
            Value::Node(leaf) => Value::Node(self.vary_leaf(*leaf, varied)),
            Value::Closure(_) => value.clone(),
            Value::Tuple(parts) => {
                let types = ty.parts().unwrap_or_default();
                let pairs = parts.iter().zip(types);
                Value::Tuple(pairs.map(|(part, ty)| self.vary_parts(part, ty, varied, models)).collect())
            }
        };
        if let Some(model) = model {
            models.entry(model).or_insert((leaves, result.clone()));
        }
        result
    }

    fn vary_leaf(&mut self, leaf: NodeId, varied: &mut Varied) -> NodeId {
        let ty = self.graph.ty(leaf).clone();
        if !ty.element.is_real() {
            return leaf;
        }
        let variable = self.graph.placeholder(ty);
        varied.variables.push(variable);
        varied.originals.push(leaf);
        variable
    }

    /// The structure of a value, kept where it has real leaves, with other values in their place.
    fn real_leaves(&self, value: &Value, leaf: &mut dyn FnMut(NodeId) -> Value) -> Value {
        match value {
            Value::Node(node) => leaf(*node),
            Value::Closure(_) => Value::Tuple(Vec::new()),
            Value::Tuple(parts) => {
                let kept = parts.iter().filter(|part| self.has_real_leaf(part));
                Value::Tuple(kept.map(|part| self.real_leaves(part, leaf)).collect())
            }
        }
    }

    /// The real tensors of a value in order.
    fn real_nodes(&self, value: &Value) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        if self.has_real_leaf(value) {
            self.real_leaves(value, &mut |node| {
                nodes.push(node);
                Value::Node(node)
            });
        }
        nodes
    }

    fn has_real_leaf(&self, value: &Value) -> bool {
        match value {
            Value::Node(node) => self.graph.ty(*node).element.is_real(),
            Value::Tuple(parts) => parts.iter().any(|part| self.has_real_leaf(part)),
            Value::Closure(_) => false,
        }
    }
}

/// The structure of a call by variables, whose first leaves are known.
fn of_variables(call: &DerivativeCall, first: &[usize]) -> Vec<Vec<Pattern>> {
    let row = |row: &Vec<Pattern>| first.iter().map(|leaf| row[*leaf].clone()).collect();
    match call.form {
        Form::Hessian { sparse: true } => first.iter().map(|leaf| row(&call.patterns[*leaf])).collect(),
        _ => call.patterns.iter().map(row).collect(),
    }
}

/// The parameters of a model's record, in order.
fn params_of(typed: &Typed, params: &mut Vec<ParamId>) {
    if let Kind::Param(id) = &*typed.kind {
        params.push(*id);
    }
    typed.kind.for_each_part(&mut |part| params_of(part, params));
}

/// Which entries of a sparse Jacobian or Hessian may differ from zero, whatever the arguments and captured values are:
/// for each real leaf of what is differentiated, for each real leaf of `wrt`. `None` if those are too many to be listed.
pub fn find_structure(program: &Program, call: &DerivativeCall) -> Option<Vec<Vec<Pattern>>> {
    let mut lowerer = Lowerer::new(program);
    let Type::Function(derivative) = call.callee.ty else { return None };
    let captured = program.captured_types(derivative);
    let captures = captured.iter().map(|ty| lowerer.unknown(ty, &mut HashMap::new())).collect();
    // Two values of one model may be equal at the call, and are one variable then.
    let mut same = HashMap::new();
    let arguments = call.arguments.iter().map(|argument| lowerer.unknown(&argument.ty, &mut same)).collect();
    let Opened { result, targets } = lowerer.opened(call, Some(captures), arguments);
    let variables: Vec<NodeId> = targets.iter().flat_map(|target| target.variables.iter().copied()).collect();
    let leaves: Vec<NodeId> = targets.iter().flat_map(|target| lowerer.real_nodes(&target.value)).collect();
    let results = lowerer.real_nodes(&result);
    let graph = &mut lowerer.graph;
    let mut roots = simplify(graph, &results, Stage::BeforeDifferentiation);
    if matches!(call.form, Form::Hessian { .. }) {
        let problem = Problem { roots, variables: leaves.clone(), direction: Vec::new(), structure: Vec::new() };
        let gradients = problem.gradients(graph);
        roots = simplify(graph, &gradients, Stage::BeforeDifferentiation);
    }
    let by_variable = structure(graph, &roots, &variables)?;
    let place = |leaf: &NodeId| variables.iter().position(|variable| variable == leaf).unwrap_or(0);
    let by_leaf = |row: Vec<Pattern>| leaves.iter().map(|leaf| row[place(leaf)].clone()).collect();
    Some(by_variable.into_iter().map(by_leaf).collect())
}

impl Lowerer<'_> {
    /// A value of which only the type is known; values of one model are the same.
    fn unknown(&mut self, ty: &Type, models: &mut HashMap<ModelId, Value>) -> Value {
        match ty {
            Type::Tuple(parts) | Type::Record(_, parts) => {
                if let Some(known) = ty.model().and_then(|model| models.get(&model)) {
                    return known.clone();
                }
                let value = Value::Tuple(parts.iter().map(|part| self.unknown(part, models)).collect());
                models.extend(ty.model().map(|model| (model, value.clone())));
                value
            }
            Type::Function(id) => {
                let captured = self.program.captured_types(*id);
                Value::Closure(captured.iter().map(|part| self.unknown(part, models)).collect())
            }
            ty => Value::Node(self.graph.placeholder(tensor_type(ty, self.real))),
        }
    }
}
