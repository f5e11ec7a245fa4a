//! What a loss or a layer knows of the mini-batch: `mean(e for batch)`, `running(e, momentum)` and `training`.

use super::Checker;
use super::calls::BuiltinCall;
use super::domain::Domain;
use super::program::{Initial, Kind, Param, ParamId, Typed};
use super::types::{Element, ModelId, Type};
use crate::diagnostics::catalog::{models, names, shapes};
use crate::ir::BatchReduction;
use crate::source::Span;
use crate::syntax::ast::{Clauses, Expr, ExprKind};
use std::collections::HashMap;

/// The running means of a program: by the layer use they belong to and their place in the text.
#[derive(Default)]
pub(super) struct RunningMeans {
    states: HashMap<(Option<ModelId>, Span), ParamId>,
    /// How many each layer use has.
    counts: HashMap<Option<ModelId>, u32>,
}

/// The reducer, where a clause is the one name `batch`: `mean(e for batch)`. A subscript `x[batch]` makes it an index.
pub(super) fn over_batch<'a>(reducer: &'a Expr, body: &Expr, clauses: &Clauses) -> Option<&'a str> {
    let ExprKind::Name(reducer) = &*reducer.kind else { return None };
    let [index] = &clauses.indices[..] else { return None };
    let is_batch = index.names.len() == 1 && index.names[0].text == "batch";
    let is_index = || super::comprehension_ranges::has_range(body, "batch");
    (is_batch && index.range.is_none() && clauses.filter.is_none() && !is_index()).then_some(reducer)
}

impl<'a> Checker<'a, '_> {
    /// `mean(e for batch)`: over the examples of the mini-batch; outside a mini-batch, of the one example.
    pub(super) fn batch_reduce(&mut self, reducer: &str, body: &'a Expr, span: Span) -> Typed {
        let reduction = match reducer {
            "sum" => BatchReduction::Sum,
            "mean" => BatchReduction::Mean,
            "max" => BatchReduction::Max,
            "min" => BatchReduction::Min,
            _ => return self.fail(models::not_over_batch(reducer, span), span),
        };
        let value = self.value(body, None);
        self.batch_reduced(reduction, value, span)
    }

    fn batch_reduced(&mut self, reduction: BatchReduction, value: Typed, span: Span) -> Typed {
        let counts = matches!(reduction, BatchReduction::Sum | BatchReduction::Mean);
        let element = match &value.ty {
            Type::Error => return value,
            Type::Tuple(_) | Type::Record(..) => {
                let parts =
                    self.map_parts(value, |checker, _, part| Some(checker.batch_reduced(reduction, part, span)));
                return parts.unwrap_or_else(|| Typed::error(span));
            }
            Type::Tensor(_, _) if reduction == BatchReduction::Mean => Element::Real,
            Type::Tensor(Element::Bool, _) if counts => Element::Int,
            Type::Tensor(Element::Flexible, _) => Element::Real,
            Type::Tensor(element, _) if element.is_number() => *element,
            other => {
                let found = other.to_string();
                let help = "give a number or a tensor of numbers";
                return self.fail(shapes::unexpected_kind(&found, value.span, help), span);
            }
        };
        let value = self.convert_element(value, element);
        let ty = value.ty.clone();
        Typed::new(Kind::BatchReduce(reduction, value), ty, span)
    }

    /// `running(e, momentum)`: `e` in a `train` loss, elsewhere the mean that training has kept of it.
    pub(super) fn running(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let mut named = [None, None];
        for (name, value) in call.named {
            match ["momentum", "initial"].iter().position(|known| *known == name.text) {
                Some(place) if named[place].is_none() => named[place] = Some(self.value(value, None)),
                found => {
                    let problem =
                        if found.is_some() { "is given twice the argument" } else { "takes no argument called" };
                    let known = ["momentum", "initial"];
                    return self
                        .fail(names::bad_named_argument("running", &name.text, name.span, problem, &known), span);
                }
            }
        }
        let [momentum, initial] = named;
        let count = call.arguments.len() + usize::from(momentum.is_some());
        let mut arguments = call.arguments.into_iter();
        let (Some(value), Some(momentum), 2) = (arguments.next(), arguments.next().or(momentum), count) else {
            return self.fail(names::wrong_argument_count("running", "2", count, span, None), span);
        };
        let place = momentum.span;
        let Some(momentum) = self.constant_number(momentum) else { return Typed::error(span) };
        if !(0.0..=1.0).contains(&momentum) {
            return self.fail(models::bad_momentum(momentum, place), span);
        }
        let initial = match initial {
            Some(initial) => self.constant_number(initial),
            None => Some(0.0),
        };
        let Some(initial) = initial else { return Typed::error(span) };
        let value = self.convert_element(value, Element::Real);
        if value.ty.is_error() {
            return Typed::error(span);
        }
        let (Type::Tensor(Element::Real, _), Some(_)) = (&value.ty, value.ty.known_shape()) else {
            // Sizes are variables only in a function that is checked for itself.
            if matches!(value.ty, Type::Tensor(Element::Real, _)) {
                return Typed::new(Kind::Error, value.ty, span);
            }
            let found = value.ty.to_string();
            return self.fail(shapes::unexpected_kind(&found, value.span, "give a number or a tensor of reals"), span);
        };
        let ty = value.ty.clone();
        match self.running_state(&ty, initial, span) {
            Some(state) => Typed::new(Kind::Running { state, value, momentum }, ty, span),
            None => Typed::error(span),
        }
    }

    /// What training keeps for a `running`, one for each layer use it stands in.
    fn running_state(&mut self, ty: &Type, initial: f64, span: Span) -> Option<ParamId> {
        let owner = self.frame.model;
        if let Some(id) = self.running_means.states.get(&(owner, span)).copied() {
            let known = self.param_type(id);
            if known != *ty {
                let (known, found) = (known.to_string(), ty.to_string());
                self.report(shapes::type_mismatch(&known, &found, span, "another use keeps a mean of this type", None));
                return None;
            }
            return Some(id);
        }
        let count = self.running_means.counts.entry(owner).or_default();
        let name = format!("running{count}");
        *count += 1;
        let name = match owner {
            Some(model) => format!("{}.{name}", self.models.path(model)),
            None => name,
        };
        let number = Typed::new(Kind::Number(initial), Type::real(), span);
        let value = if ty.is_scalar() { number } else { Typed::new(Kind::Splat(number), ty.clone(), span) };
        let param = Param {
            name,
            span,
            shape: ty.known_shape()?,
            domain: Domain::Reals,
            frozen: true,
            running: true,
            initial: Initial::Value(value),
        };
        let order = vec![u32::MAX, self.running_means.states.len() as u32];
        let id = self.push_param(param, order);
        self.running_means.states.insert((owner, span), id);
        Some(id)
    }
}
