//! Comprehensions and reducers with `for`: their indices, elements and types.

use super::indexed::{Comprehension, Index, IndexedReduction, REDUCERS, Reducer};
use super::program::{Kind, Typed};
use super::scope::{Bound, IndexInScope};
use super::size::Size;
use super::types::{Element, Fields, Type};
use super::{Checker, Global};
use crate::diagnostics::catalog::{indices, names, shapes};
use crate::ir::MAX_RANK;
use crate::source::Span;
use crate::syntax::ast::{Clauses, Expr, ExprKind, IndexClause};
use std::collections::HashMap;

/// The most elements that are computed for all values of indices around one another.
const MOST_ELEMENTS: usize = 1 << 58;

/// Indices brought into scope, one group per axis; `None` where a range could not be found.
type Axes = Option<Vec<Vec<Index>>>;

impl<'a> Checker<'a, '_> {
    /// `[body for …]`.
    pub(super) fn comprehension(
        &mut self,
        body: &'a Expr,
        clauses: &'a Clauses,
        expected: Option<&Type>,
        span: Span,
    ) -> Typed {
        if let Some(filter) = &clauses.filter {
            self.report(indices::filter_in_comprehension(filter.span));
        }
        let mark = self.frame.enter();
        let axes = self.indices(body, clauses);
        let hint = expected.and_then(|expected| without_leading(expected, clauses.indices.len()));
        let body = self.value(body, hint.as_ref());
        let fits = self.fits_memory(&body, span);
        self.leave_indices(clauses);
        self.frame.leave(mark);
        let body = if body.ty == Type::Fill { self.settle(body) } else { body };
        let (Some(axes), None, false) = (axes, &clauses.filter, body.ty.is_error()) else { return Typed::error(span) };
        if !fits || !self.fits_rank(&body, axes.iter().map(Vec::len).sum(), span) {
            return Typed::error(span);
        }
        let mut sizes = Vec::with_capacity(axes.len());
        for axis in &axes {
            match axis_size(axis) {
                Some(size) => sizes.push(size),
                None => return self.fail(shapes::size_overflow(clauses.span, "this axis"), span),
            }
        }
        match self.with_leading(&body.ty, &sizes, span) {
            Some(ty) => Typed::new(Kind::Comprehension(Box::new(Comprehension { axes, body })), ty, span),
            None => Typed::error(span),
        }
    }

    /// Whether the elements of a body can be counted for all values of the indices in scope together, as they are
    /// computed; else a message.
    fn fits_memory(&mut self, body: &Typed, span: Span) -> bool {
        let ranges = self.frame.indices.iter().filter_map(|index| index.range.as_ref()?.1.count());
        let elements = body.ty.sizes().iter().filter_map(Size::count);
        let count = ranges.chain(elements).map(|count| count.max(1)).try_fold(1_usize, usize::checked_mul);
        let fits = count.is_some_and(|count| count <= MOST_ELEMENTS);
        if !fits {
            self.report(shapes::size_overflow(span, "what is computed for all values of these indices together"));
        }
        fits
    }

    /// A type with axes in front of every tensor in it, if such tensors can be held.
    fn with_leading(&mut self, ty: &Type, sizes: &[Size], span: Span) -> Option<Type> {
        match ty {
            Type::Tensor(element, inner) => {
                let all = [sizes, inner].concat();
                if all.len() > MAX_RANK {
                    let text = format!("a tensor has at most {MAX_RANK} axes, and this has {}", all.len());
                    self.report(shapes::bad_size(&text, span, "combine some axes into one: `for (i, j)`"));
                    return None;
                }
                self.check_count(&all, span).then_some(Type::Tensor(*element, all))
            }
            Type::Tuple(parts) | Type::Record(_, parts) => {
                let parts: Option<Vec<Type>> = parts.iter().map(|part| self.with_leading(part, sizes, span)).collect();
                Some(without_model(ty, parts?))
            }
            _ => None,
        }
    }

    /// `reducer(body for … if filter)`.
    pub(super) fn indexed_reduction(
        &mut self,
        reducer: &'a Expr,
        body: &'a Expr,
        clauses: &'a Clauses,
        span: Span,
    ) -> Typed {
        let found = self.reducer(reducer);
        let mark = self.frame.enter();
        let axes = self.indices(body, clauses);
        let filter = clauses.filter.as_ref().map(|filter| self.filter(filter));
        if let Some(Some(filter)) = &filter {
            self.frame.guards.push((filter.clone(), true));
        }
        let body = self.value(body, None);
        if let Some(Some(_)) = &filter {
            self.frame.guards.pop();
        }
        let fits = self.fits_memory(&body, span);
        self.leave_indices(clauses);
        self.frame.leave(mark);
        let (Some(reducer), Some(axes), false) = (found, axes, body.ty.is_error()) else { return Typed::error(span) };
        let filter = match filter {
            Some(None) => return Typed::error(span),
            Some(filter) => filter,
            None => None,
        };
        let indices: Vec<Index> = axes.into_iter().flatten().collect();
        let body = if body.ty == Type::Fill { self.settle(body) } else { body };
        if !fits || !self.fits_rank(&body, indices.len(), span) {
            return Typed::error(span);
        }
        let Some((body, ty)) = self.reduced(reducer, body, &indices, span) else { return Typed::error(span) };
        let sizes: Vec<Size> = indices.iter().map(|index| index.count.clone()).collect();
        if self.with_leading(&body.ty, &sizes, span).is_none() {
            return Typed::error(span);
        }
        Typed::new(Kind::IndexedReduction(Box::new(IndexedReduction { reducer, indices, filter, body })), ty, span)
    }

    /// The reducer that an expression names; a definition of the file's own hides it.
    fn reducer(&mut self, reducer: &'a Expr) -> Option<Reducer> {
        let text = self.text(reducer.span);
        let ExprKind::Name(name) = &*reducer.kind else {
            self.report(indices::not_a_reducer(&text, reducer.span, false));
            return None;
        };
        let known = REDUCERS.iter().find(|(each, _)| each == name).map(|(_, reducer)| *reducer);
        let own = self.frame.find(name).is_some()
            || self.lets.iter().any(|(each, _, _, position)| each == name && *position <= self.position)
            || self.globals.get(name.as_str()).is_some_and(|(global, span)| !self.is_of_prelude(global, *span));
        if known.is_none() || own {
            self.report(indices::not_a_reducer(&text, reducer.span, own));
            return None;
        }
        known
    }

    fn is_of_prelude(&self, global: &Global<'a>, span: Span) -> bool {
        matches!(global, Global::Function(_)) && self.trees[0].source == span.source
    }

    /// The condition of a filter, or a message.
    fn filter(&mut self, filter: &'a Expr) -> Option<Typed> {
        let filter = self.value(filter, None);
        if filter.ty == Type::bool() {
            return Some(filter);
        }
        if !filter.ty.is_error() {
            let found = filter.ty.to_string();
            self.report(shapes::condition_not_bool(&found, filter.span, "compare it: `x > 0`"));
        }
        None
    }

    /// The body with the element that a reducer folds, and the type of the result.
    fn reduced(&mut self, reducer: Reducer, body: Typed, indices: &[Index], span: Span) -> Option<(Typed, Type)> {
        if body.ty.parts().is_some() && matches!(reducer, Reducer::Sum | Reducer::Mean) {
            let body = self.summands(reducer, body)?;
            let ty = without_model(&body.ty, body.ty.parts()?.to_vec());
            return Some((body, ty));
        }
        let Type::Tensor(element, _) = body.ty else {
            let found = body.ty.to_string();
            let help = "fold each part by itself; `sum` and `mean` take tuples and records too";
            self.report(shapes::unexpected_kind(&found, body.span, help));
            return None;
        };
        let truth = element == Element::Bool;
        match reducer {
            Reducer::Sum | Reducer::Mean | Reducer::Product => {
                let body = self.summands(reducer, body)?;
                let ty = body.ty.clone();
                Some((body, ty))
            }
            Reducer::Any | Reducer::All | Reducer::Count if !truth => {
                let found = body.ty.to_string();
                self.report(shapes::condition_not_bool(&found, body.span, "compare it: `x > 0`"));
                None
            }
            Reducer::Any | Reducer::All => {
                let ty = body.ty.clone();
                Some((body, ty))
            }
            Reducer::Count => {
                let ty = body.ty.with_element(Element::Int);
                Some((body, ty))
            }
            _ if truth => {
                let help = "for truth values use `any(…)`, `all(…)` or `count(…)`";
                self.report(shapes::unexpected_kind(&body.ty.to_string(), body.span, help));
                None
            }
            Reducer::Max | Reducer::Min => {
                let ty = body.ty.clone();
                Some((body, ty))
            }
            Reducer::LogSumExp => {
                let body = self.convert_element(body, Element::Real);
                let ty = body.ty.clone();
                Some((body, ty))
            }
            Reducer::ArgMax | Reducer::ArgMin => {
                if indices.iter().any(|index| index.count.value() == Some(0)) {
                    let help = "let every index take at least one value";
                    let operation = "a position of an extreme";
                    self.report(shapes::wrong_rank(operation, "at least one element", "empty", span, help));
                    return None;
                }
                let place = body.ty.with_element(Element::Int);
                let ty = if indices.len() == 1 { place } else { Type::Tuple(vec![place; indices.len()]) };
                Some((body, ty))
            }
        }
    }

    /// What `sum`, `prod` and `mean` add up: truth values count as 0 or 1, a mean is of reals.
    fn summands(&mut self, reducer: Reducer, body: Typed) -> Option<Typed> {
        match &body.ty {
            Type::Tensor(..) if reducer == Reducer::Mean => Some(self.convert_element(body, Element::Real)),
            Type::Tensor(Element::Bool, _) => Some(self.convert_element(body, Element::Int)),
            Type::Tensor(..) => Some(body),
            Type::Tuple(_) | Type::Record(..) => {
                self.map_parts(body, |checker, _, part| checker.summands(reducer, part))
            }
            _ => None,
        }
    }

    /// Brings the indices of clauses into scope and finds their ranges.
    fn indices(&mut self, body: &'a Expr, clauses: &'a Clauses) -> Axes {
        self.distinct_indices(clauses);
        // Stated ranges see what is outside only.
        let stated: Vec<Option<Option<(Size, Size)>>> = clauses
            .indices
            .iter()
            .map(|clause| clause.range.as_ref().map(|range| self.stated_range(clause, range, clauses)))
            .collect();
        let first = self.frame.indices.len();
        for (clause, stated) in clauses.indices.iter().zip(&stated) {
            for name in &clause.names {
                let local = self.frame.local();
                self.frame.bind(name.text.clone(), Bound::Local(local, Type::int()));
                let range = stated.clone().flatten();
                self.frame.indices.push(IndexInScope { name: name.text.clone(), local, range });
            }
        }
        let is_stated: Vec<bool> = clauses
            .indices
            .iter()
            .zip(&stated)
            .flat_map(|(clause, stated)| clause.names.iter().map(move |_| stated.is_some()))
            .collect();
        self.find_ranges(body, clauses, first, &is_stated);
        let mut place = first;
        let mut axes = Vec::with_capacity(clauses.indices.len());
        for clause in &clauses.indices {
            let mut axis = Vec::with_capacity(clause.names.len());
            for _ in &clause.names {
                let IndexInScope { local, range, .. } = &self.frame.indices[place];
                let (start, count) = range.clone()?;
                axis.push(Index { local: *local, start, count });
                place += 1;
            }
            axes.push(axis);
        }
        Some(axes)
    }

    /// Takes the indices of clauses out of scope.
    fn leave_indices(&mut self, clauses: &Clauses) {
        let count: usize = clauses.indices.iter().map(|clause| clause.names.len()).sum();
        let left = self.frame.indices.len().saturating_sub(count);
        self.frame.indices.truncate(left);
    }

    fn distinct_indices(&mut self, clauses: &'a Clauses) {
        let mut bound: HashMap<&str, Span> = HashMap::new();
        for name in clauses.indices.iter().flat_map(|clause| &clause.names) {
            if let Some(first) = bound.insert(&name.text, name.span) {
                self.report(names::duplicate(&name.text, name.span, first));
            }
        }
    }

    /// The first value and the number of values of `in a..b`.
    fn stated_range(&mut self, clause: &'a IndexClause, range: &'a Expr, clauses: &'a Clauses) -> Option<(Size, Size)> {
        if clause.names.len() > 1 {
            let problem = "a range belongs to one index";
            let help = "let subscripts tell the ranges of indices that make one axis together";
            self.report(indices::bad_range(problem, range.span, "one range for several indices", help));
            return None;
        }
        let ExprKind::Range { start, end: Some(end) } = &*range.kind else {
            let text = self.text(range.span);
            let name = &clause.names[0].text;
            let help = format!("write both ends, `{name} in 0..n`; `x[{name}]` alone tells the range of an axis");
            let problem = "an index runs over a range of whole numbers";
            self.report(indices::bad_range(problem, range.span, &format!("`{text}` is not a range"), &help));
            return None;
        };
        let start = match start {
            Some(start) => self.range_bound(start, clauses)?,
            None => Size::constant(0),
        };
        let end_size = self.range_bound(end, clauses)?;
        let count = end_size.subtract(&start).ok()?;
        if count.value().is_some_and(|count| count < 0) {
            let saying = format!("from {start} to {end_size}");
            let help = "write the smaller end first; `a..b` takes a, a + 1, … up to b - 1";
            self.report(indices::bad_range("a range ends before it starts", range.span, &saying, help));
            return None;
        }
        Some((start, count))
    }

    /// An end of a range: a size, or the opposite of one.
    fn range_bound(&mut self, bound: &'a Expr, clauses: &'a Clauses) -> Option<Size> {
        use crate::syntax::ast::UnaryOperator::Negate;
        match &*bound.kind {
            ExprKind::Paren(inner) => return self.range_bound(inner, clauses),
            ExprKind::Unary { operator: Negate, operand } => {
                let size = self.range_bound(operand, clauses)?;
                return Size::constant(0).subtract(&size).ok();
            }
            _ => {}
        }
        let mut mentions = Vec::new();
        super::captures::mentioned(bound, &mut mentions);
        let none = Vec::new();
        for name in mentions {
            let own = clauses.indices.iter().flat_map(|clause| &clause.names).any(|index| index.text == name);
            let outer = match self.frame.find(name) {
                Some(Bound::Local(local, _)) => self.frame.indices.iter().any(|index| index.local == *local),
                _ => false,
            };
            if own || outer {
                let problem = format!("the range of an index does not depend on the index `{name}`");
                let help = "run over the whole axis and choose with `if`: `sum(x[j] for j if j < i)`";
                self.report(indices::bad_range(&problem, bound.span, "this end is no size", help));
                return None;
            }
            if !self.is_known_size(name, &none) {
                // A name that is nothing at all is reported as such.
                if !self.value(bound, None).ty.is_error() {
                    self.unknown_size(name, bound.span);
                }
                return None;
            }
        }
        self.size(bound, &none)
    }
}

/// The size of an axis that several indices make together.
fn axis_size(indices: &[Index]) -> Option<Size> {
    indices.iter().try_fold(Size::constant(1), |size, index| size.multiply(&index.count).ok())
}

/// The type of an element, where a tensor with axes in front of it is expected.
fn without_leading(ty: &Type, axes: usize) -> Option<Type> {
    match ty {
        Type::Tensor(element, sizes) if sizes.len() >= axes => Some(Type::Tensor(*element, sizes[axes..].to_vec())),
        Type::Tuple(parts) | Type::Record(_, parts) => {
            let parts: Option<Vec<Type>> = parts.iter().map(|part| without_leading(part, axes)).collect();
            Some(ty.with_parts(parts?))
        }
        _ => None,
    }
}

/// A tuple or record of other parts; what was a model is a record only.
fn without_model(ty: &Type, parts: Vec<Type>) -> Type {
    match ty {
        Type::Record(fields, _) => Type::Record(Fields::new(fields.names.iter().cloned()), parts),
        _ => Type::Tuple(parts),
    }
}
