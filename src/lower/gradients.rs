//! Gradients of function values, written into the graph at hand.
//!
//! The function is inlined on fresh variables in place of what it is differentiated with respect to, so that only
//! the dependence through those counts; the adjoint is appended; then the variables are replaced by the real values.

use super::{Lowerer, Value};
use crate::autodiff::reverse::reverse;
use crate::check::program::{GradientCall, Kind, ParamId, Typed, Wrt};
use crate::check::types::{ModelId, Type};
use crate::ir::rewrite::substitute;
use crate::ir::{NodeId, ScopeKind};
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
            };
            targets.push(varied);
        }
        self.within(call.instance, ScopeKind::Derivative, |lowerer| {
            lowerer.differentiating += 1;
            let result = lowerer.inline(call.instance, captures.into_iter().chain(arguments).collect()).node();
            lowerer.differentiating -= 1;
            for (id, before) in replaced.into_iter().rev() {
                match before {
                    Some(node) => lowerer.replaced.insert(id, node),
                    None => lowerer.replaced.remove(&id),
                };
            }
            lowerer.adjoint(result, targets, call.with_value)
        })
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
