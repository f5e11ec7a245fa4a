//! `fold`, `scan` and `while`: the type that a state keeps from step to step, the rows of sequences, and ranges.
//!
//! A state starts as it is written. Whole-number literals in it become what a step makes of them, and fills take the
//! shape that a step gives, so the body is checked again until the type of the state stays.

use super::Checker;
use super::annotations::{SizeBindings, size_variables};
use super::calls::BuiltinCall;
use super::program::{Binding, Kind, LocalId, Typed};
use super::repeat::{Repeat, Steps};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{loops, names, shapes};
use crate::ir::MAX_RANK;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// The most steps of a `while` that states none.
const DEFAULT_MOST: i64 = 1000;
/// How often bodies may be checked to settle the types of states, in a file.
const MOST_ROUNDS: u32 = 1 << 14;

/// A body at one type of the state.
struct Round {
    state: LocalId,
    body: Typed,
}

/// What the leading sizes of sequences were found to be.
struct Length {
    size: Size,
    span: Span,
}

impl<'a> Checker<'a, '_> {
    /// `fold(init, xs, f)`, and `scan(init, xs, f)`, whose steps give an output too.
    pub(super) fn fold_call(&mut self, call: BuiltinCall<'a>, stacks: bool) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([initial, sequences, function]) = self.loop_arguments(call) else { return Typed::error(span) };
        let Some(function) = self.step_function(name, function) else { return Typed::error(span) };
        let mut length = None;
        let Some(row) = self.row_type(name, &sequences.ty, &sequences, &mut length) else { return Typed::error(span) };
        let Some(Length { size: count, .. }) = length else { return Typed::error(span) };
        let (callee, hoisted) = self.hoisted(function);
        let row_local = self.frame.local();
        let row = Typed::new(Kind::Local(row_local), row, sequences.span);
        let step =
            |checker: &mut Self, state: Typed| checker.apply(callee.clone(), vec![state, row.clone()], callee.span);
        let Some((initial, round)) = self.settled_state(name, initial, callee.span, stacks, &step) else {
            return Typed::error(span);
        };
        let mut ty = initial.ty.clone();
        if stacks {
            let output = round.body.ty.parts().map_or(Type::Error, |parts| parts[1].clone());
            let Some(stacked) = self.stacked(&output, &count, callee.span) else { return Typed::error(span) };
            ty = Type::Tuple(vec![ty, stacked]);
        }
        let steps = Steps::Rows { sequences, row: row_local, count, stacks };
        let run = Repeat { initial, state: round.state, steps, body: round.body };
        hoisted.around(Typed::new(Kind::Repeat(Box::new(run)), ty, span))
    }

    /// `while(init, condition, f, max = 1000)`.
    pub(super) fn while_call(&mut self, mut call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let mut most = Size::constant(DEFAULT_MOST);
        for (argument, value) in std::mem::take(&mut call.named) {
            if argument.text != "max" {
                let problem = "takes no argument called";
                let error = names::bad_named_argument(name, &argument.text, argument.span, problem, &["max"]);
                return self.fail(error, span);
            }
            let Some(size) = self.most_steps(value) else { return Typed::error(span) };
            most = size;
        }
        let Some([initial, condition, function]) = self.loop_arguments(call) else { return Typed::error(span) };
        let Some(condition) = self.step_function(name, condition) else { return Typed::error(span) };
        let Some(function) = self.step_function(name, function) else { return Typed::error(span) };
        let (condition, outer) = self.hoisted(condition);
        let (callee, inner) = self.hoisted(function);
        let step = |checker: &mut Self, state: Typed| checker.apply(callee.clone(), vec![state], callee.span);
        let Some((initial, round)) = self.settled_state(name, initial, callee.span, false, &step) else {
            return Typed::error(span);
        };
        let state = Typed::new(Kind::Local(round.state), initial.ty.clone(), initial.span);
        let goes_on = self.apply(condition.clone(), vec![state], condition.span);
        if goes_on.ty.is_error() {
            return Typed::error(span);
        }
        if goes_on.ty != Type::bool() {
            let found = goes_on.ty.to_string();
            let help = "the second function says whether to go on: `|s| s > 1e-6`";
            return self.fail(shapes::condition_not_bool(&found, condition.span, help), span);
        }
        let ty = initial.ty.clone();
        let steps = Steps::While { condition: goes_on, most };
        let run = Repeat { initial, state: round.state, steps, body: round.body };
        outer.around(inner.around(Typed::new(Kind::Repeat(Box::new(run)), ty, span)))
    }

    /// The most steps of a loop, known before the run; or a message.
    pub(super) fn most_steps(&mut self, value: &'a Expr) -> Option<Size> {
        let size = self.known_size(value)?;
        if size.value().is_some_and(|value| value < 0) {
            let text = "a loop cannot do fewer than 0 steps";
            self.report(shapes::bad_size(text, value.span, "state the most steps: `max = 1000`"));
            return None;
        }
        Some(size)
    }

    /// The first argument of a loop whose result is expected to have a type.
    pub(super) fn initial_state(&mut self, initial: &'a Expr, expected: &Type) -> Typed {
        let value = self.expression(initial, Some(expected));
        let known = |checker: &Self, name: &String| checker.is_known_size(name, &SizeBindings::new());
        if !value.ty.has_fill() || !size_variables(expected).iter().all(|name| known(self, name)) {
            return value;
        }
        self.coerce(value, expected).unwrap_or_else(|value| value)
    }

    /// The three arguments of a loop, or a message.
    fn loop_arguments(&mut self, call: BuiltinCall<'a>) -> Option<[Typed; 3]> {
        let given = call.arguments.len();
        match <[Typed; 3]>::try_from(call.arguments) {
            Ok(arguments) => arguments.iter().all(|argument| !argument.ty.is_error()).then_some(arguments),
            Err(_) => {
                self.report(names::wrong_argument_count(call.name, "3", given, call.span, None));
                None
            }
        }
    }

    fn step_function(&mut self, name: &str, function: Typed) -> Option<Typed> {
        if let Type::Function(_) = function.ty {
            return Some(function);
        }
        let found = function.ty.to_string();
        let help = match name {
            "while" => "write `while(start, |s| condition, |s| next)`",
            _ => "a step is a function of the state and a row: `|s, x| …`",
        };
        self.report(loops::loop_argument(name, "a function", &found, function.span, help));
        None
    }

    /// A function value that is computed once, before the loop.
    fn hoisted(&mut self, function: Typed) -> (Typed, Hoisted) {
        if matches!(&*function.kind, Kind::Closure(captures) if captures.is_empty()) {
            return (function, Hoisted(None));
        }
        let local = self.frame.local();
        let name = Typed::new(Kind::Local(local), function.ty.clone(), function.span);
        (name, Hoisted(Some((local, function))))
    }

    /// The type of a row of sequences; they must agree in their leading size.
    fn row_type(&mut self, name: &str, ty: &Type, typed: &Typed, length: &mut Option<Length>) -> Option<Type> {
        match ty {
            Type::Tensor(element, sizes) if !sizes.is_empty() => {
                match length {
                    None => *length = Some(Length { size: sizes[0].clone(), span: typed.span }),
                    Some(Length { size, .. }) if *size == sizes[0] => {}
                    Some(Length { size, span }) => {
                        let (first, other) = (size.to_string(), sizes[0].to_string());
                        self.report(loops::length_mismatch(name, (&first, *span), (&other, typed.span)));
                        return None;
                    }
                }
                Some(Type::Tensor(*element, sizes[1..].to_vec()))
            }
            Type::Tuple(parts) | Type::Record(_, parts) if !parts.is_empty() => {
                let mut rows = Vec::with_capacity(parts.len());
                for (place, part) in parts.iter().enumerate() {
                    let inner = match &*typed.kind {
                        Kind::Tuple(written) => &written[place],
                        _ => typed,
                    };
                    rows.push(self.row_type(name, part, inner, length)?);
                }
                Some(ty.with_parts(rows))
            }
            other => {
                let found = other.to_string();
                let help = "go through the rows of a tensor, a range `0..n`, or a tuple or record of tensors";
                self.report(loops::loop_argument(name, "a sequence", &found, typed.span, help));
                None
            }
        }
    }

    /// Checks the body until the type of the state stays; gives the initial state and the body at that type.
    fn settled_state(
        &mut self,
        name: &'static str,
        initial: Typed,
        place: Span,
        stacks: bool,
        step: &dyn Fn(&mut Self, Typed) -> Typed,
    ) -> Option<(Typed, Round)> {
        let mut ty = initial.ty.clone();
        for _ in 0..2 * ty.leaves() + 4 {
            self.loop_rounds += 1;
            if self.loop_rounds > MOST_ROUNDS {
                self.report(loops::too_many_rounds(place, MOST_ROUNDS));
                return None;
            }
            if ty.has_fill() {
                ty = self.filled_state(&ty, &initial, stacks, step)?;
                continue;
            }
            let state = self.frame.local();
            let body = step(self, Typed::new(Kind::Local(state), ty.clone(), initial.span));
            if body.ty.is_error() {
                return None;
            }
            let next = self.next_state(name, &body, place, stacks)?;
            match Self::join(&ty, &next) {
                Some(joined) if joined == ty => {
                    let target = if stacks { with_first(&body.ty, ty.clone()) } else { ty.clone() };
                    let initial = self.coerce(initial, &ty).ok()?;
                    let body = self.coerce(body, &target).ok()?;
                    return Some((initial, Round { state, body }));
                }
                Some(joined) => ty = joined,
                None => {
                    let (state, next) = (ty.to_string(), next.to_string());
                    self.report(loops::state_mismatch(name, &state, &next, place, initial.span));
                    return None;
                }
            }
        }
        self.report(loops::too_many_rounds(place, MOST_ROUNDS));
        None
    }

    /// The next state in what a step gives.
    fn next_state(&mut self, name: &str, body: &Typed, place: Span, stacks: bool) -> Option<Type> {
        match &body.ty {
            ty if !stacks => Some(ty.clone()),
            Type::Tuple(parts) if parts.len() == 2 => Some(parts[0].clone()),
            other => {
                let found = format!("a function that gives {other}");
                let needs = "a step that gives the next state and an output";
                self.report(loops::loop_argument(name, needs, &found, place, "give a pair: `|s, x| (next, output)`"));
                None
            }
        }
    }

    /// The type of a state with some of its fills in the shape that a step makes of them when they are single numbers.
    fn filled_state(
        &mut self,
        ty: &Type,
        initial: &Typed,
        stacks: bool,
        step: &dyn Fn(&mut Self, Typed) -> Typed,
    ) -> Option<Type> {
        let local = self.frame.local();
        let state = Typed::new(Kind::Local(local), number_for_fill(ty), initial.span);
        let next = self.trial(|checker| step(checker, state)).0.ty;
        let next = match (&next, stacks) {
            (Type::Tuple(parts), true) if parts.len() == 2 => parts[0].clone(),
            _ => next,
        };
        for tensors_only in [true, false] {
            let filled = fill_from(ty, &next, tensors_only);
            if filled != *ty {
                return Some(filled);
            }
        }
        self.report(shapes::fill_without_shape(initial.span));
        None
    }

    /// Works without leaving messages behind; returns the first of them.
    pub(super) fn trial<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Option<Diagnostic>) {
        let diagnostics = std::mem::take(&mut self.diagnostics);
        let reported = self.reported.clone();
        let result = work(self);
        if !self.diagnostics.is_empty() {
            // What failed is checked again, with its messages, where it matters.
            self.instances.retain(|_, (_, result)| !result.is_error());
        }
        let mut failures = std::mem::replace(&mut self.diagnostics, diagnostics);
        self.reported = reported;
        let failure = (!failures.is_empty()).then(|| failures.swap_remove(0));
        (result, failure)
    }

    /// The type of outputs stacked, one row for each step.
    fn stacked(&mut self, output: &Type, count: &Size, place: Span) -> Option<Type> {
        match output {
            Type::Tensor(element, sizes) => {
                let sizes: Vec<Size> = std::iter::once(count).chain(sizes).cloned().collect();
                if sizes.len() > MAX_RANK {
                    let text = format!("the outputs stacked would have more than {MAX_RANK} axes");
                    self.report(shapes::bad_size(&text, place, "give outputs with fewer axes"));
                    return None;
                }
                self.check_count(&sizes, place).then_some(Type::Tensor(*element, sizes))
            }
            Type::Tuple(parts) | Type::Record(_, parts) => {
                let stacked: Option<Vec<Type>> = parts.iter().map(|part| self.stacked(part, count, place)).collect();
                stacked.map(|parts| output.with_parts(parts))
            }
            Type::Fill => {
                self.report(shapes::fill_without_shape(place));
                None
            }
            other => {
                let found = other.to_string();
                self.report(shapes::unexpected_kind(&found, place, "an output of a step is a number or a tensor"));
                None
            }
        }
    }

    /// `a..b` as an argument: the whole numbers from `a` up to `b - 1`.
    pub(super) fn range(&mut self, start: Option<&'a Expr>, end: Option<&'a Expr>, span: Span) -> Typed {
        let (Some(start), Some(end)) = (start, end) else {
            let text = "this range has no end, or no start";
            return self.fail(shapes::bad_size(text, span, "a range as an argument has both: `0..n`"), span);
        };
        let (Some(first), Some(end)) = (self.known_size(start), self.known_size(end)) else {
            return Typed::error(span);
        };
        let Ok(count) = end.subtract(&first) else {
            return self.fail(shapes::size_overflow(span, "this range"), span);
        };
        if count.value().is_some_and(|count| count < 0) {
            let text = format!("this range ends before it starts: it goes from {first} to {end}");
            return self.fail(shapes::bad_size(&text, span, "a range `a..b` has b - a numbers, 0 or more"), span);
        }
        let ty = Type::Tensor(Element::Int, vec![count]);
        Typed::new(Kind::Range(first), ty, span)
    }

    /// A whole number that is known before the run, or a message.
    fn known_size(&mut self, expression: &'a Expr) -> Option<Size> {
        let mut bare = expression;
        while let ExprKind::Paren(inner) = &*bare.kind {
            bare = inner;
        }
        if let ExprKind::Unary { .. } = &*bare.kind
            && let Kind::Integer(value) = &*self.value(bare, None).kind
        {
            return Some(Size::constant(*value));
        }
        let none = SizeBindings::new();
        let mut names = Vec::new();
        super::captures::mentioned(expression, &mut names);
        if let Some(name) = names.into_iter().find(|name| !self.is_known_size(name, &none)) {
            // A name that is nothing at all is reported as such.
            if !self.value(expression, None).ty.is_error() {
                self.unknown_size(name, expression.span);
            }
            return None;
        }
        self.size(expression, &none)
    }
}

/// A function value bound before a loop.
struct Hoisted(Option<(LocalId, Typed)>);

impl Hoisted {
    fn around(self, body: Typed) -> Typed {
        let Some((local, value)) = self.0 else { return body };
        let (ty, span) = (body.ty.clone(), body.span);
        Typed::new(Kind::Let(vec![(Binding::Local(local), value)], body), ty, span)
    }
}

/// The type with a single number in place of each fill.
fn number_for_fill(ty: &Type) -> Type {
    match ty {
        Type::Fill => Type::scalar(Element::Flexible),
        Type::Tuple(parts) | Type::Record(_, parts) => ty.with_parts(parts.iter().map(number_for_fill).collect()),
        _ => ty.clone(),
    }
}

/// The type with its fills as they are in another one.
fn fill_from(ty: &Type, next: &Type, tensors_only: bool) -> Type {
    match (ty, next) {
        (Type::Fill, Type::Tensor(_, sizes)) if !(tensors_only && sizes.is_empty()) => next.clone(),
        (Type::Tuple(parts) | Type::Record(_, parts), _) => {
            let Some((order, others)) = ty.order_in(next).zip(next.parts()) else { return ty.clone() };
            let pairs = parts.iter().zip(order);
            ty.with_parts(pairs.map(|(part, place)| fill_from(part, &others[place], tensors_only)).collect())
        }
        _ => ty.clone(),
    }
}

/// A pair with another type of its first part.
fn with_first(pair: &Type, first: Type) -> Type {
    let second = pair.parts().map_or(Type::Error, |parts| parts[1].clone());
    pair.with_parts(vec![first, second])
}
