//! Gradients of function values, written into the graph at hand.
//!
//! The function is inlined on fresh variables in place of what it is differentiated with respect to, so that only
//! the dependence through those counts; the adjoint is appended; then the variables are replaced by the real values.

use super::{Lowerer, Value};
use crate::autodiff::reverse::reverse;
use crate::check::program::{GradientCall, Kind, ParamId, Typed, Wrt};
use crate::ir::NodeId;
use crate::ir::rewrite::substitute;
use crate::optimize::{Stage, simplify};
use std::collections::{HashMap, HashSet};

/// Variables that stand for the real leaves of a value.
struct Varied {
    /// The value with its real leaves replaced by variables.
    value: Value,
    variables: Vec<NodeId>,
    originals: Vec<NodeId>,
}

impl Lowerer<'_> {
    /// `grad(f)(…)` or `value_and_grad(f)(…)`.
    pub(super) fn gradient(&mut self, call: &GradientCall) -> Value {
        let Value::Closure(captures) = self.lower(&call.callee) else {
            unreachable!("the checker typed this as a function")
        };
        let mut arguments: Vec<Value> = call.arguments.iter().map(|argument| self.lower(argument)).collect();
        let mut targets = Vec::with_capacity(call.wrt.len());
        let mut replaced: Vec<(ParamId, Option<NodeId>)> = Vec::new();
        for wrt in &call.wrt {
            let varied = match wrt {
                Wrt::Argument(place) => {
                    let varied = self.vary(&arguments[*place as usize]);
                    arguments[*place as usize] = varied.value.clone();
                    varied
                }
                Wrt::Param(id) => {
                    let variable = self.vary_param(*id, &mut replaced);
                    Varied { value: Value::Node(variable.0), variables: vec![variable.0], originals: vec![variable.1] }
                }
                Wrt::Model(model) => self.vary_model(model, &mut replaced),
            };
            targets.push(varied);
        }
        let result = self.inline(call.instance, captures.into_iter().chain(arguments).collect()).node();
        for (id, before) in replaced.into_iter().rev() {
            match before {
                Some(node) => self.replaced.insert(id, node),
                None => self.replaced.remove(&id),
            };
        }
        self.adjoint(result, targets, call.with_value)
    }

    /// Differentiates `result` and replaces the variables by what they stand for.
    fn adjoint(&mut self, result: NodeId, targets: Vec<Varied>, with_value: bool) -> Value {
        let variables: Vec<NodeId> = targets.iter().flat_map(|target| target.variables.iter().copied()).collect();
        let originals: Vec<NodeId> = targets.iter().flat_map(|target| target.originals.iter().copied()).collect();
        let result = simplify(&mut self.graph, &[result], Stage::BeforeDifferentiation)[0];
        let one = self.graph.constant_like(result, 1.0);
        let mut roots = reverse(&mut self.graph, result, one, &variables);
        roots.push(result);
        let mut roots = substitute(&mut self.graph, &roots, &variables, &originals);
        let value = roots.pop().unwrap_or(result);
        let gradients: HashMap<NodeId, NodeId> = variables.into_iter().zip(roots).collect();
        let mut parts: Vec<Value> = targets.iter().map(|target| self.real_leaves(&target.value, &gradients)).collect();
        let gradient = if parts.len() == 1 { parts.remove(0) } else { Value::Tuple(parts) };
        if with_value { Value::Tuple(vec![Value::Node(value), gradient]) } else { gradient }
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

    fn vary(&mut self, value: &Value) -> Varied {
        let (mut variables, mut originals) = (Vec::new(), Vec::new());
        let value = self.vary_leaves(value, &mut variables, &mut originals);
        Varied { value, variables, originals }
    }

    /// The value with its real leaves replaced; what functions have captured stays.
    fn vary_leaves(&mut self, value: &Value, variables: &mut Vec<NodeId>, originals: &mut Vec<NodeId>) -> Value {
        match value {
            Value::Node(leaf) if self.graph.ty(*leaf).element.is_real() => {
                let ty = self.graph.ty(*leaf).clone();
                let variable = self.graph.placeholder(ty);
                variables.push(variable);
                originals.push(*leaf);
                Value::Node(variable)
            }
            Value::Tuple(parts) => {
                Value::Tuple(parts.iter().map(|part| self.vary_leaves(part, variables, originals)).collect())
            }
            Value::Node(_) | Value::Closure(_) => value.clone(),
        }
    }

    /// The structure of a value, kept where it has real leaves, with gradients in place of the variables.
    fn real_leaves(&self, value: &Value, gradients: &HashMap<NodeId, NodeId>) -> Value {
        match value {
            Value::Node(node) => Value::Node(gradients.get(node).copied().unwrap_or(*node)),
            Value::Closure(_) => Value::Tuple(Vec::new()),
            Value::Tuple(parts) => Value::Tuple(
                parts
                    .iter()
                    .filter(|part| self.has_real_leaf(part))
                    .map(|part| self.real_leaves(part, gradients))
                    .collect(),
            ),
        }
    }

    fn has_real_leaf(&self, value: &Value) -> bool {
        match value {
            Value::Node(node) => self.graph.ty(*node).element.is_real(),
            Value::Tuple(parts) => parts.iter().any(|part| self.has_real_leaf(part)),
            Value::Closure(_) => false,
        }
    }
}

/// The parameters of a model's record, in order.
fn params_of(typed: &Typed, params: &mut Vec<ParamId>) {
    if let Kind::Param(id) = &*typed.kind {
        params.push(*id);
    }
    typed.kind.for_each_part(&mut |part| params_of(part, params));
}
