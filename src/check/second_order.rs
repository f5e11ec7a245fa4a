//! Second derivatives that a stated derivative does not tell.
//!
//! `derivative f(x) = e` replaces the derivative of `f` by its argument. The derivatives of `f` by parameters that it reads
//! are its own, at an argument that is held fixed, so they have no derivative by the argument: a mixed second derivative
//! would be 0 without being so. Where one is asked for it is refused.

use super::Checker;
use super::program::{DerivativeCall, InstanceId, Kind, ParamId, Typed, Wrt};
use crate::diagnostics::catalog::derivative;
use crate::ops::choice::OWN_SLOPE;
use crate::source::Span;

/// What is found in an expression and in all that it calls.
#[derive(Default)]
struct Found {
    instances: Vec<InstanceId>,
    /// The parameters that are differentiated by inside.
    by_parameter: bool,
    /// How many derivatives are taken inside, at most.
    order: u32,
    /// Where functions with a stated derivative are, and the parameters that they read.
    stated: Vec<(Span, Vec<ParamId>)>,
}

impl Checker<'_, '_> {
    /// Whether a derivative asks for no mixed second derivative of a function with a stated one; else a message.
    pub(super) fn has_second_derivatives(&mut self, call: &DerivativeCall, span: Span) -> bool {
        let by_parameter = call.wrt.iter().any(|wrt| !matches!(wrt, Wrt::Argument(_)));
        let body = &self.program.instances[call.instance.0 as usize].body;
        self.refuse(self.mixed(body, call.form.order(), by_parameter), span)
    }

    /// The same for a loss, which is differentiated by the parameters.
    pub(super) fn loss_has_second_derivatives(&mut self, loss: &Typed) -> bool {
        self.refuse(self.mixed(loss, 1, true), loss.span)
    }

    fn refuse(&mut self, mixed: Option<Span>, span: Span) -> bool {
        if let Some(place) = mixed {
            self.report(derivative::mixed_second_derivative(span, place));
        }
        mixed.is_none()
    }

    /// Where a function with a stated derivative is whose mixed second derivative is asked for.
    fn mixed(&self, typed: &Typed, order: u32, by_parameter: bool) -> Option<Span> {
        if self.replacements.is_empty() {
            return None;
        }
        let mut found = Found::default();
        self.visit_derivatives(typed, &mut found);
        if order + found.order < 2 || !(by_parameter || found.by_parameter) {
            return None;
        }
        found.stated.into_iter().find(|(_, params)| !params.is_empty()).map(|(place, _)| place)
    }

    fn visit_derivatives(&self, typed: &Typed, found: &mut Found) {
        match &*typed.kind {
            Kind::Call { instance, .. } => self.visit_instance(*instance, found),
            Kind::Derivative(call) => {
                let mut inside = Found::default();
                self.visit_instance(call.instance, &mut inside);
                found.order = found.order.max(call.form.order() + inside.order);
                found.by_parameter |= inside.by_parameter;
                found.by_parameter |= call.wrt.iter().any(|wrt| !matches!(wrt, Wrt::Argument(_)));
                found.stated.extend(inside.stated);
            }
            Kind::Pointwise(definition, parts) if std::ptr::eq(*definition, &OWN_SLOPE) => {
                found.stated.push((typed.span, self.params_read(&parts[1])));
            }
            _ => {}
        }
        typed.kind.for_each_part(&mut |part| self.visit_derivatives(part, found));
    }

    fn visit_instance(&self, id: InstanceId, found: &mut Found) {
        if found.instances.contains(&id) {
            return;
        }
        found.instances.push(id);
        let body = &self.program.instances[id.0 as usize].body;
        let before = found.stated.len();
        self.visit_derivatives(body, found);
        // The function itself, not only its stated derivative, may read parameters.
        if found.stated.len() > before {
            let params = self.params_read(body);
            found.stated[before..].iter_mut().for_each(|(_, read)| read.extend(&params));
        }
    }
}
