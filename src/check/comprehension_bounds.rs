//! Whether subscripts stay inside their axes, decided before the run where they are affine in indices and sizes.
//!
//! In a branch, a subscript that leaves its axis for some values of the indices is right if the branch is not taken
//! there; where the conditions depend on indices and sizes alone, all values are tried.

use super::Checker;
use super::arithmetic::size_of;
use super::program::{Kind, LocalId, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::indices;

/// The most combinations of index values that are tried.
const MOST_CASES: i64 = 1 << 16;

/// A sum of indices times sizes, and a size.
#[derive(Clone, Debug)]
struct Affine {
    terms: Vec<(LocalId, Size)>,
    rest: Size,
}

/// What is known of a subscript.
pub(super) enum Verdict {
    /// It may be outside; the run will tell.
    Open,
    /// It is outside for some values, but only where its branch is not taken.
    Inside,
    /// A message was given.
    Refused,
}

/// The values of indices and other whole numbers while cases are tried.
type Values = [(LocalId, i64)];

impl Checker<'_, '_> {
    /// Checks a scalar subscript against the size of its axis. `fallback` says that a value is given for outside.
    pub(super) fn check_position(&mut self, position: &Typed, size: &Size, base: &Typed, fallback: bool) -> Verdict {
        if self.frame.types_only || fallback {
            return Verdict::Open;
        }
        let Some(affine) = self.affine(position) else { return Verdict::Open };
        let Some((least, greatest)) = self.extent(&affine) else { return Verdict::Open };
        let above = size.subtract(&greatest).and_then(|rest| rest.subtract(&Size::constant(1)));
        let inside = above.map(|above| (is_natural(&least), is_natural(&above)));
        match inside {
            Ok((Some(false), _) | (_, Some(false))) => {}
            _ => return Verdict::Open,
        }
        match self.cases(&affine, size) {
            Cases::Inside => Verdict::Inside,
            Cases::Unknown => Verdict::Open,
            Cases::Outside(case, value) if !self.frame.guards.is_empty() => {
                let (text, found) = (self.text(position.span), base.ty.to_string());
                let case = if case.is_empty() { "every time".to_string() } else { case };
                let size = size.value().unwrap_or_default();
                let subscript = (&*text, position.span);
                self.report(indices::guarded_position_outside(subscript, &case, value, size, (&found, base.span)));
                Verdict::Refused
            }
            Cases::Outside(..) => {
                self.report_outside(position, (&least, &greatest), &affine, size, base);
                Verdict::Refused
            }
        }
    }

    fn report_outside(
        &mut self,
        position: &Typed,
        reached: (&Size, &Size),
        affine: &Affine,
        size: &Size,
        base: &Typed,
    ) {
        let (text, found) = (self.text(position.span), base.ty.to_string());
        let reached = (reached.0.to_string(), reached.1.to_string());
        let help = self
            .fitting_range(affine, size)
            .unwrap_or_else(|| format!("let the indices stay where `{text}` is inside, or give a value: `(… else 0)`"));
        let error = indices::position_outside(
            (&text, position.span),
            (&reached.0, &reached.1),
            &size.to_string(),
            (&found, base.span),
            &help,
        );
        self.report(error);
    }

    /// The range of the one index of a subscript that keeps it inside.
    fn fitting_range(&self, affine: &Affine, size: &Size) -> Option<String> {
        let [(local, coefficient)] = &affine.terms[..] else { return None };
        let index = self.frame.indices.iter().find(|index| index.local == *local)?;
        let (start, count) = index.range.clone()?;
        let one = Size::constant(1);
        if *coefficient != one {
            let (c, rest) = (coefficient.value()?, affine.rest.value()?);
            let fits = |value: i64| c.checked_mul(value).and_then(|v| v.checked_add(rest));
            let inside = |value: &i64| fits(*value).is_some_and(|v| 0 <= v && size.value().is_some_and(|n| v < n));
            let first = start.value()?;
            let values: Vec<i64> = (first..first + count.value()?.min(MOST_CASES)).filter(inside).collect();
            let (first, last) = (values.first()?, values.last()?);
            return Some(format!("these values fit: `{} in {first}..{}`", index.name, last + 1));
        }
        let least = Size::constant(0).subtract(&affine.rest).ok()?;
        let end = size.subtract(&affine.rest).ok()?;
        let stated_end = start.add(&count).ok()?;
        let first = if is_natural(&start.subtract(&least).ok()?)? { start } else { least };
        let end = if is_natural(&end.subtract(&stated_end).ok()?)? { stated_end } else { end };
        if is_natural(&end.subtract(&first).ok()?) == Some(false) {
            return None;
        }
        Some(format!("these values fit: `{} in {first}..{end}`", index.name))
    }

    /// An expression as a sum of indices times sizes, and a size.
    fn affine(&self, typed: &Typed) -> Option<Affine> {
        if let Some(size) = size_of(typed) {
            return Some(Affine { terms: Vec::new(), rest: size });
        }
        match &*typed.kind {
            Kind::Local(local) => {
                self.frame.indices.iter().find(|index| index.local == *local)?;
                Some(Affine { terms: vec![(*local, Size::constant(1))], rest: Size::constant(0) })
            }
            Kind::Convert(inner) if typed.ty == Type::int() => self.affine(inner),
            Kind::Pointwise(definition, operands) => match (definition.name, &operands[..]) {
                ("add", [a, b]) => self.affine(a)?.plus(&self.affine(b)?, &Size::constant(1)),
                ("subtract", [a, b]) => self.affine(a)?.plus(&self.affine(b)?, &Size::constant(-1)),
                ("negate", [a]) => self.affine(a)?.times(&Size::constant(-1)),
                ("multiply", [a, b]) => match (size_of(a), size_of(b)) {
                    (Some(factor), _) => self.affine(b)?.times(&factor),
                    (_, Some(factor)) => self.affine(a)?.times(&factor),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The least and the greatest value; `None` where that is open or there is no value at all.
    fn extent(&self, affine: &Affine) -> Option<(Size, Size)> {
        let (mut least, mut greatest) = (affine.rest.clone(), affine.rest.clone());
        for (local, coefficient) in &affine.terms {
            let index = self.frame.indices.iter().find(|index| index.local == *local)?;
            let (start, count) = index.range.clone()?;
            if count.value() == Some(0) {
                return None;
            }
            let last = start.add(&count).ok()?.subtract(&Size::constant(1)).ok()?;
            let (low, high) = if is_natural(coefficient)? { (start, last) } else { (last, start) };
            least = least.add(&coefficient.multiply(&low).ok()?).ok()?;
            greatest = greatest.add(&coefficient.multiply(&high).ok()?).ok()?;
        }
        Some((least, greatest))
    }

    /// Tries the values of indices under the conditions at hand.
    fn cases(&self, affine: &Affine, size: &Size) -> Cases {
        let mut conditions = Vec::new();
        for (guard, holds) in &self.frame.guards {
            conjuncts(guard, *holds, &mut conditions);
        }
        if conditions.is_empty() {
            return Cases::Outside(String::new(), 0);
        }
        let own: Vec<LocalId> = affine.terms.iter().map(|(local, _)| *local).collect();
        // Conditions on the subscript's own indices often suffice, and there are few cases then.
        let (near, _): (Vec<Condition>, Vec<Condition>) =
            conditions.iter().partition(|(guard, _)| self.indices_of(guard).iter().all(|index| own.contains(index)));
        if let Cases::Inside = self.try_cases(affine, size, &near, &own) {
            return Cases::Inside;
        }
        let mut all = own;
        for (guard, _) in &conditions {
            all.extend(self.indices_of(guard));
        }
        all.sort_unstable_by_key(|local| local.0);
        all.dedup();
        self.try_cases(affine, size, &conditions, &all)
    }

    fn try_cases(&self, affine: &Affine, size: &Size, conditions: &[Condition], locals: &[LocalId]) -> Cases {
        let ranges: Option<Vec<(i64, i64)>> = locals
            .iter()
            .map(|local| {
                let index = self.frame.indices.iter().find(|index| index.local == *local)?;
                let (start, count) = index.range.as_ref()?;
                Some((start.value()?, count.value()?))
            })
            .collect();
        let (Some(ranges), Some(size)) = (ranges, size.value()) else { return Cases::Unknown };
        let count = ranges.iter().try_fold(1_i64, |product, (_, count)| product.checked_mul(*count));
        let Some(count) = count.filter(|count| *count <= MOST_CASES) else { return Cases::Unknown };
        let mut open = false;
        for case in 0..count {
            let mut rest = case;
            let mut values: Vec<(LocalId, i64)> = Vec::with_capacity(locals.len());
            for (local, (start, count)) in locals.iter().zip(&ranges).rev() {
                values.push((*local, start + rest % count));
                rest /= count;
            }
            let Some(position) = affine.at(&values) else { return Cases::Unknown };
            if (0..size).contains(&position) {
                continue;
            }
            match taken(conditions, &values) {
                Some(false) => {}
                Some(true) => {
                    values.reverse();
                    return Cases::Outside(self.case_text(&values), position);
                }
                None => open = true,
            }
        }
        if open { Cases::Unknown } else { Cases::Inside }
    }

    fn case_text(&self, values: &Values) -> String {
        let name = |local: &LocalId| {
            let index = self.frame.indices.iter().find(|index| index.local == *local);
            index.map_or_else(String::new, |index| index.name.clone())
        };
        let texts: Vec<String> = values.iter().map(|(local, value)| format!("{} = {value}", name(local))).collect();
        texts.join(", ")
    }

    /// The indices that a condition mentions.
    fn indices_of(&self, typed: &Typed) -> Vec<LocalId> {
        let mut found = Vec::new();
        let mut rest = vec![typed];
        while let Some(typed) = rest.pop() {
            if let Kind::Local(local) = &*typed.kind
                && self.frame.indices.iter().any(|index| index.local == *local)
            {
                found.push(*local);
            }
            typed.kind.for_each_part(&mut |part| rest.push(part));
        }
        found
    }
}

/// A condition with the value it has where the branch is taken.
type Condition<'t> = (&'t Typed, bool);

/// What trying all cases gave.
enum Cases {
    /// Every case that is taken is inside.
    Inside,
    /// Too many cases, or conditions that only the run decides.
    Unknown,
    /// A case that is taken, and its position, are outside.
    Outside(String, i64),
}

impl Affine {
    fn plus(&self, other: &Affine, factor: &Size) -> Option<Affine> {
        let mut sum = self.clone();
        let other = other.times(factor)?;
        sum.rest = sum.rest.add(&other.rest).ok()?;
        for (local, coefficient) in other.terms {
            match sum.terms.iter_mut().find(|(each, _)| *each == local) {
                Some((_, known)) => *known = known.add(&coefficient).ok()?,
                None => sum.terms.push((local, coefficient)),
            }
        }
        sum.terms.retain(|(_, coefficient)| coefficient.value() != Some(0));
        Some(sum)
    }

    fn times(&self, factor: &Size) -> Option<Affine> {
        let terms = self.terms.iter().map(|(local, size)| Some((*local, size.multiply(factor).ok()?)));
        Some(Affine { terms: terms.collect::<Option<_>>()?, rest: self.rest.multiply(factor).ok()? })
    }

    fn at(&self, values: &Values) -> Option<i64> {
        self.terms.iter().try_fold(self.rest.value()?, |sum, (local, coefficient)| {
            let value = values.iter().find(|(each, _)| each == local)?.1;
            sum.checked_add(coefficient.value()?.checked_mul(value)?)
        })
    }
}

/// Whether a size is 0 or more, where that is certain for all values of its variables (which are 0 or more).
fn is_natural(size: &Size) -> Option<bool> {
    match size.value() {
        Some(value) => Some(value >= 0),
        None if !size.is_constant() && size.has_only_positive_terms() => Some(true),
        None => None,
    }
}

/// The conditions whose conjunction a guard is.
fn conjuncts<'t>(guard: &'t Typed, holds: bool, conditions: &mut Vec<Condition<'t>>) {
    if let Kind::Pointwise(definition, operands) = &*guard.kind {
        match (definition.name, &operands[..], holds) {
            ("and", [a, b], true) | ("or", [a, b], false) => {
                conjuncts(a, holds, conditions);
                conjuncts(b, holds, conditions);
                return;
            }
            ("not", [a], _) => return conjuncts(a, !holds, conditions),
            _ => {}
        }
    }
    conditions.push((guard, holds));
}

/// Whether a branch is taken; `None` where only the run tells.
fn taken(conditions: &[Condition], values: &Values) -> Option<bool> {
    let mut certain = true;
    for (guard, holds) in conditions {
        match whole(guard, values) {
            Some(value) if (value != 0) != *holds => return Some(false),
            Some(_) => {}
            None => certain = false,
        }
    }
    certain.then_some(true)
}

/// The value of a whole number or truth value that depends on indices and sizes alone.
fn whole(typed: &Typed, values: &Values) -> Option<i64> {
    let at = |part: &Typed| whole(part, values);
    match &*typed.kind {
        Kind::Integer(value) => Some(*value),
        // Reals that are small whole numbers compare as such.
        Kind::Number(value) => (value.fract() == 0.0 && value.abs() < 1e15).then_some(*value as i64),
        Kind::Bool(value) => Some(i64::from(*value)),
        Kind::Size(size) => size.value(),
        Kind::Local(local) => Some(values.iter().find(|(each, _)| each == local)?.1),
        Kind::Convert(inner) if inner.ty.element() != Some(Element::Real) => {
            at(inner).filter(|value| value.abs() < 1 << 50)
        }
        Kind::Pointwise(definition, operands) => {
            let (a, b) = match &operands[..] {
                [a] => (at(a)?, 0),
                [a, b] => (at(a)?, at(b)?),
                _ => return None,
            };
            match definition.name {
                "add" => a.checked_add(b),
                "subtract" => a.checked_sub(b),
                "multiply" => a.checked_mul(b),
                "negate" => a.checked_neg(),
                "equal" => Some(i64::from(a == b)),
                "not_equal" => Some(i64::from(a != b)),
                "less" => Some(i64::from(a < b)),
                "less_equal" => Some(i64::from(a <= b)),
                "greater" => Some(i64::from(a > b)),
                "greater_equal" => Some(i64::from(a >= b)),
                "and" => Some(i64::from(a != 0 && b != 0)),
                "or" => Some(i64::from(a != 0 || b != 0)),
                "not" => Some(i64::from(a == 0)),
                name if is_exact_integer(name, typed, operands) => {
                    Size::constant(a).floor_divide(&Size::constant(b)).ok()?.value().and_then(|quotient| match name {
                        "div" => Some(quotient),
                        _ => a.checked_sub(quotient.checked_mul(b)?),
                    })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Divisions of integers; of reals, the quotient need not be whole.
fn is_exact_integer(name: &str, typed: &Typed, operands: &[Typed]) -> bool {
    let integers = typed.ty == Type::int() && operands.iter().all(|operand| operand.ty == Type::int());
    integers && matches!(name, "div" | "remainder")
}
