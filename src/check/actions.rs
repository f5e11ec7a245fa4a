//! Actions: `let`, `print`, `assert` and the dispatch to `train`.

use super::Checker;
use super::program::{Action, Assert, Claim, GlobalBinding, GlobalId, Kind, Tolerance, Typed};
use super::types::{Element, Type};
use crate::diagnostics::catalog::{actions, shapes};
use crate::source::Span;
use crate::syntax::ast::{self, AssertKind, BinaryOperator, Expr, ExprKind, Item, ItemKind, Pattern};

impl<'a> Checker<'a, '_> {
    /// Checks an item that does something; definitions were checked before.
    pub(super) fn action(&mut self, item: &'a Item, position: usize) {
        let span = item.span;
        match &item.kind {
            ItemKind::Let(binding) if self.binds_sets(binding) => {}
            ItemKind::Let(binding) => {
                let value = self.let_value(binding);
                let value = if matches!(value.ty, Type::Function(_)) { value } else { self.require_value(value) };
                let stated = binding.annotation.is_some();
                let value = if !stated && value.ty.has_fill() { self.settle(value) } else { value };
                let binding = self.bind_globals(&binding.pattern, &value.ty, value.span, position);
                self.program.actions.push(Action::Let { binding, value });
            }
            ItemKind::Print(values) => {
                let values = values.iter().map(|value| (self.text(value.span), self.shown(value))).collect();
                self.program.actions.push(Action::Print(values));
            }
            ItemKind::Assert(assert) => {
                if let Some(claim) = self.claim(assert, position) {
                    self.program.actions.push(Action::Assert(Assert { span: assert.span, claim }));
                }
            }
            ItemKind::Action(action) if action.kind == ast::ActionKind::Train => {
                if let Some(action) = self.train(action) {
                    self.program.actions.push(action);
                }
            }
            ItemKind::Action(action) => {
                self.later(super::train::later_action(action.kind), action.keyword, "use `train { … }`");
            }
            ItemKind::Plot(_) => {
                self.later("`plot`", span, "print the values");
            }
            ItemKind::Save { path, values } => {
                if let Some(save) = self.save(path, values) {
                    self.program.actions.push(Action::Save(save));
                }
            }
            ItemKind::Load { path, values } => {
                if let Some(load) = self.load(path, values) {
                    self.program.actions.push(Action::Load(load));
                }
            }
            ItemKind::Import(_)
            | ItemKind::Test { .. }
            | ItemKind::Function(_)
            | ItemKind::Derivative(_)
            | ItemKind::Param(_)
            | ItemKind::Const { .. }
            | ItemKind::Layer(_)
            | ItemKind::Model { .. }
            | ItemKind::Type { .. }
            | ItemKind::Data(_)
            | ItemKind::Precision(_)
            | ItemKind::Error => {}
        }
    }

    /// A printed value; texts are allowed.
    fn shown(&mut self, value: &'a Expr) -> Typed {
        let typed = self.expression(value, None);
        match typed.ty {
            Type::Text => typed,
            _ => {
                let typed = self.require_value(typed);
                if typed.ty.has_function() {
                    let help = "print what it gives, or the other parts";
                    return self
                        .fail(shapes::unexpected_kind("a value with functions in it", typed.span, help), typed.span);
                }
                if typed.ty.has_fill() { self.settle(typed) } else { typed }
            }
        }
    }

    fn bind_globals(&mut self, pattern: &'a Pattern, ty: &Type, value: Span, position: usize) -> GlobalBinding {
        match pattern {
            Pattern::Ignore(_) => GlobalBinding::Ignore,
            Pattern::Name(name) => {
                let id = GlobalId(self.program.globals.len() as u32);
                self.program.globals.push((name.text.clone(), ty.clone()));
                self.lets.push((name.text.clone(), id, ty.clone(), position));
                GlobalBinding::Global(id)
            }
            Pattern::Tuple(patterns, span) => {
                let types = match ty {
                    Type::Tuple(types) | Type::Record(_, types) if types.len() == patterns.len() => types.clone(),
                    Type::Error => vec![Type::Error; patterns.len()],
                    other => {
                        self.report(shapes::pattern_mismatch(&other.to_string(), patterns.len(), *span, value));
                        vec![Type::Error; patterns.len()]
                    }
                };
                let parts = patterns.iter().zip(&types);
                GlobalBinding::Tuple(
                    parts.map(|(pattern, ty)| self.bind_globals(pattern, ty, value, position)).collect(),
                )
            }
        }
    }

    fn claim(&mut self, assert: &'a ast::Assert, position: usize) -> Option<Claim> {
        let (condition, within) = match &assert.kind {
            AssertKind::Fails { code, body } => {
                self.expected_failures.push((body, position));
                return Some(Claim::Fails { expected: code.text.clone(), found: Vec::new(), program: Box::default() });
            }
            AssertKind::Holds { condition, within } => (condition, within),
        };
        if let ExprKind::Binary { operator: BinaryOperator::Equal, left, right, operator_span } = &*condition.kind {
            return self.equality(left, right, within.as_ref(), *operator_span);
        }
        if let Some(within) = within {
            let text = "needs two values to compare";
            self.report(actions::bad_setting("within", text, within.value.span, "`assert a == b within 1e-9`"));
            return None;
        }
        let typed = self.value(condition, None);
        match typed.ty.element() {
            Some(Element::Bool) => Some(Claim::Condition(typed)),
            _ if typed.ty.is_error() => None,
            _ => {
                let found = typed.ty.to_string();
                self.report(actions::assert_not_condition(&found, typed.span));
                None
            }
        }
    }

    fn equality(
        &mut self,
        left: &'a Expr,
        right: &'a Expr,
        within: Option<&'a ast::Tolerance>,
        at: Span,
    ) -> Option<Claim> {
        let tolerance = match within {
            Some(within) => self.tolerance(within)?,
            None => Tolerance::Default,
        };
        let left = self.value(left, None);
        let right = self.value(right, Some(&left.ty.clone()));
        if left.ty.is_error() || right.ty.is_error() {
            return None;
        }
        let (left, right) = match (&left.ty, &right.ty) {
            (Type::Tensor(_, a), Type::Tensor(_, b)) if a != b && (a.is_empty() || b.is_empty()) => {
                let sizes = if a.is_empty() { b.clone() } else { a.clone() };
                (self.splat(left, &sizes), self.splat(right, &sizes))
            }
            _ => (left, right),
        };
        let joined = Self::join(&left.ty, &right.ty).filter(|ty| !ty.has_function()).map(|ty| ty.settled());
        let both = joined.and_then(|ty| {
            let left = self.coerce(left.clone(), &ty).ok()?;
            Some((left, self.coerce(right.clone(), &ty).ok()?))
        });
        match both {
            Some((left, right)) => Some(Claim::Equal(left, right, tolerance)),
            None => {
                let (a, b) = (left.ty.to_string(), right.ty.to_string());
                let help = "compare two values of one type and shape";
                self.report(shapes::operator_mismatch("==", (&a, left.span), (&b, right.span), at, help));
                None
            }
        }
    }

    fn tolerance(&mut self, within: &'a ast::Tolerance) -> Option<Tolerance> {
        let value = self.value(&within.value, None);
        let span = value.span;
        let number = self.constant_number(value)?;
        match (within.ulp, number) {
            (false, number) if number >= 0.0 => Some(Tolerance::Relative(number)),
            (true, number) if number >= 0.0 && number.fract() == 0.0 => Some(Tolerance::Ulp(number as u64)),
            _ => {
                let text = "is a number of 0 or more, whole before `ulp`";
                self.report(actions::bad_setting("within", text, span, "`within 1e-12`, `within 4 ulp`"));
                None
            }
        }
    }
}

impl Typed {
    /// Calls `visit` on the expression and on every one inside it.
    pub fn visit<'t>(&'t self, visit: &mut dyn FnMut(&'t Typed)) {
        visit(self);
        self.kind.for_each_part(&mut |part| part.visit(visit));
    }
}

impl Kind {
    /// Calls `visit` on every expression directly inside.
    pub fn for_each_part<'t>(&'t self, visit: &mut dyn FnMut(&'t Typed)) {
        use super::repeat::Steps;
        match self {
            Kind::Error
            | Kind::Number(_)
            | Kind::Integer(_)
            | Kind::Bool(_)
            | Kind::Text(_)
            | Kind::Size(_)
            | Kind::Range(_)
            | Kind::Local(_)
            | Kind::Param(_)
            | Kind::Global(_)
            | Kind::Column(..)
            | Kind::Example(_)
            | Kind::Key(_)
            | Kind::Progress(_)
            | Kind::Training => {}
            Kind::Convert(part)
            | Kind::Splat(part)
            | Kind::Power(part, _)
            | Kind::Reduce(_, part)
            | Kind::Mean(part)
            | Kind::ArgReduce(_, part)
            | Kind::Transpose(part)
            | Kind::OneHot(part)
            | Kind::Flatten(part)
            | Kind::CapturedReals(part)
            | Kind::Unflatten(part)
            | Kind::Draw(_, part)
            | Kind::BatchReduce(_, part)
            | Kind::Standardized(_, part)
            | Kind::Running { value: part, .. }
            | Kind::Part(part, _)
            | Kind::Captured(part, _) => visit(part),
            Kind::MatrixProduct(left, right)
            | Kind::MixedKey(left, right)
            | Kind::Root { value: left, residual: right, .. } => {
                visit(left);
                visit(right);
            }
            Kind::Pullback { value, inputs, pulled, .. } => [value, inputs, pulled].into_iter().for_each(visit),
            Kind::Let(bindings, result) => {
                bindings.iter().for_each(|(_, value)| visit(value));
                visit(result);
            }
            Kind::If(condition, then, otherwise) => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            Kind::Pointwise(_, parts)
            | Kind::Matrix(_, parts)
            | Kind::Stack(parts)
            | Kind::Tuple(parts)
            | Kind::Closure(parts) => {
                parts.iter().for_each(visit);
            }
            Kind::Index(base, places) => {
                visit(base);
                places.iter().for_each(|place| place.for_each_part(visit));
            }
            Kind::Replace(base, places, other) | Kind::IndexOr(base, places, other) => {
                visit(base);
                places.iter().for_each(|place| place.for_each_part(visit));
                visit(other);
            }
            Kind::Comprehension(comprehension) => visit(&comprehension.body),
            Kind::IndexedReduction(reduction) => {
                reduction.filter.iter().for_each(&mut *visit);
                visit(&reduction.body);
            }
            Kind::Call { callee, arguments, .. } => {
                visit(callee);
                arguments.iter().for_each(visit);
            }
            Kind::Repeat(run) => {
                visit(&run.initial);
                match &run.steps {
                    Steps::Rows { sequences, .. } => visit(sequences),
                    Steps::While { condition, .. } => visit(condition),
                }
                visit(&run.body);
            }
            Kind::Derivative(call) => {
                visit(&call.callee);
                call.arguments.iter().chain(&call.direction).for_each(visit);
            }
        }
    }
}
