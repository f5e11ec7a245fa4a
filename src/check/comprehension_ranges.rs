//! Ranges of indices that are not stated: found from subscripts that are the index alone.
//!
//! The search looks at the text only: it follows no call. What a base is, its type tells; for that the names bound
//! between the index and the subscript are brought into scope as far as the base mentions them.

use super::Checker;
use super::captures::mentioned;
use super::scope::Bound;
use super::size::Size;
use super::types::Type;
use crate::diagnostics::catalog::indices;
use crate::source::Span;
use crate::syntax::ast::{
    BinaryOperator, Change, Clauses, Expr, ExprKind, Let, Name, Parameter, Pattern, Statement, Subscript,
};

/// The most expressions that are checked for the range of an index alone, in a file.
const MOST_SEARCHES: u32 = 1 << 16;

/// What is bound between an index and a subscript.
#[derive(Clone, Copy)]
enum Inner<'a> {
    /// An index of another comprehension.
    Index(&'a str),
    /// A `let` of a block.
    Let(&'a Let),
    /// An argument of a lambda, or a function of a block.
    Other(&'a str),
}

/// How much a subscript says about the range of its index: what says less is heard where nothing else speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// It is the index alone, which therefore stays inside.
    Range,
    /// The same in an element with `else`, which may be outside.
    Guarded,
    /// In an element with `else`, an index and a size.
    Shifted,
}

/// A subscript that is made of indices alone.
struct Site<'a> {
    base: &'a Expr,
    axis: usize,
    /// One index, or several that read one axis.
    names: Vec<&'a str>,
    says: Says,
    span: Span,
    inner: Vec<Inner<'a>>,
}

/// What a site says of the axis.
struct Seen {
    size: Size,
    base: String,
    span: Span,
}

/// Whether an expression has a subscript that is this name alone.
pub(super) fn has_range(body: &Expr, name: &str) -> bool {
    let mut search = Search { wanted: &[name], inner: Vec::new(), sites: Vec::new() };
    search.expression(body);
    !search.sites.is_empty()
}

impl<'a> Checker<'a, '_> {
    /// Finds the ranges of the indices in scope from place `first` on, unless stated; reports what cannot be found.
    pub(super) fn find_ranges(&mut self, body: &'a Expr, clauses: &'a Clauses, first: usize, stated: &[bool]) {
        let names: Vec<&'a Name> = clauses.indices.iter().flat_map(|each| &each.names).collect();
        let wanted: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        if stated.iter().all(|stated| *stated) {
            return;
        }
        let mut search = Search { wanted: &wanted, inner: Vec::new(), sites: Vec::new() };
        search.expression(body);
        if let Some(filter) = &clauses.filter {
            search.expression(filter);
        }
        let sites = search.sites;
        let mut reported = false;
        for (place, name) in names.iter().enumerate().filter(|(place, _)| !stated[*place]) {
            let mut found = None;
            for says in [Says::Range, Says::Guarded, Says::Shifted] {
                let own = |site: &&Site| site.says == says && site.names == [name.text.as_str()];
                found = found.or_else(|| self.agreed(name, sites.iter().filter(own), &mut reported));
            }
            self.frame.indices[first + place].range = found.map(|size| (Size::constant(0), size));
        }
        self.divide_axes(&sites, first, &names, &mut reported);
        for (place, name) in names.iter().enumerate().filter(|(place, _)| !stated[*place]) {
            if self.frame.indices[first + place].range.is_none() && !reported {
                self.report(indices::index_without_range(&name.text, name.span));
            }
        }
    }

    /// The size that sites give an index; reports two that differ. `reported` becomes true where there is a message for
    /// what cannot be told.
    fn agreed<'s>(
        &mut self,
        name: &Name,
        sites: impl Iterator<Item = &'s Site<'a>>,
        reported: &mut bool,
    ) -> Option<Size>
    where
        'a: 's,
    {
        let mut found: Option<Seen> = None;
        for site in sites {
            let seen = match self.axis_of(site) {
                Ok(seen) => seen,
                Err(known) => {
                    *reported |= known;
                    continue;
                }
            };
            match &found {
                None => found = Some(seen),
                Some(known) if known.size == seen.size => {}
                Some(known) => {
                    let (a, b) = (known.size.to_string(), seen.size.to_string());
                    let (first, other) = ((&*known.base, &*a, known.span), (&*seen.base, &*b, seen.span));
                    self.report(indices::ranges_disagree(&name.text, name.span, first, other));
                    *reported = true;
                    return None;
                }
            }
        }
        found.map(|seen| seen.size)
    }

    /// Ranges from axes that are read by several indices, all but one of which are known.
    fn divide_axes(&mut self, sites: &[Site<'a>], first: usize, names: &[&'a Name], reported: &mut bool) {
        let mut progress = true;
        while progress {
            progress = false;
            for site in sites.iter().filter(|site| site.names.len() > 1) {
                let ranges: Vec<Option<(Size, Size)>> =
                    site.names.iter().map(|name| self.range_in_scope(name)).collect();
                let unknown: Vec<usize> = (0..ranges.len()).filter(|place| ranges[*place].is_none()).collect();
                let [unknown] = unknown[..] else { continue };
                let Some(place) = names.iter().position(|name| name.text == site.names[unknown]) else { continue };
                let seen = match self.axis_of(site) {
                    Ok(seen) => seen,
                    Err(known) => {
                        *reported |= known;
                        continue;
                    }
                };
                let known = ranges
                    .iter()
                    .flatten()
                    .try_fold(Size::constant(1), |size, (start, count)| size.multiply(&start.add(count).ok()?).ok());
                let Some(known) = known else { continue };
                match seen.size.divide(&known) {
                    Ok(count) => {
                        self.frame.indices[first + place].range = Some((Size::constant(0), count));
                        progress = true;
                    }
                    Err(_) => {
                        let size = seen.size.to_string();
                        let problem = format!("an axis of {size} is no multiple of {known}");
                        let help = format!("make the axis a multiple of {known}");
                        self.report(indices::axis_not_divided(&problem, site.span, (&size, site.base.span), &help));
                        *reported = true;
                        return;
                    }
                }
            }
        }
    }

    /// The range of the innermost index of a name.
    pub(super) fn range_in_scope(&self, name: &str) -> Option<(Size, Size)> {
        let Some(Bound::Local(local, _)) = self.frame.find(name) else { return None };
        self.frame.indices.iter().find(|index| index.local == *local)?.range.clone()
    }

    /// The size of the axis at a site.
    ///
    /// # Errors
    /// Where it cannot be told: whether that is for something that has a message of its own.
    fn axis_of(&mut self, site: &Site<'a>) -> Result<Seen, bool> {
        self.range_searches += 1;
        if self.range_searches > MOST_SEARCHES {
            return Err(false);
        }
        let mark = self.frame.enter();
        let types_only = std::mem::replace(&mut self.frame.types_only, true);
        let known = self.bind_mentioned(site);
        let base = self.value(site.base, None);
        self.frame.types_only = types_only;
        self.frame.leave(mark);
        let size = base.ty.sizes().get(site.axis).cloned().ok_or(known)?;
        Ok(Seen { size, base: self.text(site.base.span), span: site.span })
    }

    /// Brings into scope what is bound between the index and the subscript, as far as the base needs it. Returns whether
    /// the types of all that are known.
    fn bind_mentioned(&mut self, site: &Site<'a>) -> bool {
        let mut names = Vec::new();
        mentioned(site.base, &mut names);
        let mut needed = vec![false; site.inner.len()];
        for place in (0..site.inner.len()).rev() {
            needed[place] = names.iter().any(|name| site.inner[place].binds(name));
            if let (true, Inner::Let(binding)) = (needed[place], site.inner[place]) {
                mentioned(&binding.value, &mut names);
            }
        }
        let mut known = true;
        for (inner, _) in site.inner.iter().zip(needed).filter(|(_, needed)| *needed) {
            match inner {
                Inner::Index(name) => {
                    let local = self.frame.local();
                    self.frame.bind(*name, Bound::Local(local, Type::int()));
                }
                Inner::Let(binding) => {
                    self.range_searches += 1;
                    let value = self.let_value(binding);
                    self.bind_pattern(&binding.pattern, &value.ty, value.span);
                }
                Inner::Other(name) => {
                    let local = self.frame.local();
                    self.frame.bind(*name, Bound::Local(local, Type::Error));
                    known = false;
                }
            }
        }
        known
    }
}

impl Inner<'_> {
    fn binds(&self, name: &str) -> bool {
        match self {
            Inner::Index(bound) | Inner::Other(bound) => *bound == name,
            Inner::Let(binding) => pattern_binds(&binding.pattern, name),
        }
    }
}

fn pattern_binds(pattern: &Pattern, name: &str) -> bool {
    match pattern {
        Pattern::Name(bound) => bound.text == name,
        Pattern::Ignore(_) => false,
        Pattern::Tuple(parts, _) => parts.iter().any(|part| pattern_binds(part, name)),
    }
}

/// A walk over an expression that collects the sites of some names.
struct Search<'a, 'w> {
    wanted: &'w [&'w str],
    inner: Vec<Inner<'a>>,
    sites: Vec<Site<'a>>,
}

impl<'a> Search<'a, '_> {
    /// The name, if it is one of the wanted indices here.
    fn index(&self, expression: &'a Expr) -> Option<&'a str> {
        match &*expression.kind {
            ExprKind::Paren(inner) => self.index(inner),
            ExprKind::Name(name) => {
                let hidden = self.inner.iter().any(|inner| inner.binds(name));
                (!hidden && self.wanted.contains(&name.as_str())).then_some(name.as_str())
            }
            _ => None,
        }
    }

    fn site(&mut self, base: &'a Expr, axis: usize, names: Vec<&'a str>, says: Says, span: Span) {
        if !names.is_empty() {
            self.sites.push(Site { base, axis, names, says, span, inner: self.inner.clone() });
        }
    }

    /// `(x[i - 1] else …)`: elements are asked for wherever the axis is, and a little beyond.
    fn shifted_sites(&mut self, value: &'a Expr) {
        match &*value.kind {
            ExprKind::Paren(inner) => self.shifted_sites(inner),
            ExprKind::Index { base, subscripts } => {
                for (axis, subscript) in subscripts.iter().enumerate() {
                    if let Subscript::At(at) = subscript
                        && let ExprKind::Binary { operator, left, right, .. } = &*at.kind
                        && matches!(operator, BinaryOperator::Add | BinaryOperator::Subtract)
                    {
                        let left = self.index(left);
                        let index = left.or_else(|| self.index(right).filter(|_| *operator == BinaryOperator::Add));
                        self.site(base, axis, index.into_iter().collect(), Says::Shifted, at.span);
                    }
                }
            }
            _ => {}
        }
    }

    fn subscripts(&mut self, base: &'a Expr, subscripts: &'a [Subscript], says: Says) {
        for (axis, subscript) in subscripts.iter().enumerate() {
            match subscript {
                Subscript::At(at) => {
                    let names = match &*at.kind {
                        // Other names of a tuple may be indices further out; they are looked up where it counts.
                        ExprKind::Tuple(parts) if parts.iter().any(|part| self.index(part).is_some()) => {
                            parts.iter().map(bare).collect::<Option<Vec<&str>>>().unwrap_or_default()
                        }
                        _ => self.index(at).into_iter().collect(),
                    };
                    self.site(base, axis, names, says, at.span);
                    self.expression(at);
                }
                Subscript::Slice { start, end, .. } => {
                    [start, end].into_iter().flatten().for_each(|bound| self.expression(bound));
                }
            }
        }
    }

    /// The element before an `else`.
    fn guarded(&mut self, value: &'a Expr) {
        match &*value.kind {
            ExprKind::Paren(inner) => self.guarded(inner),
            ExprKind::Index { base, subscripts } => {
                self.expression(base);
                self.subscripts(base, subscripts, Says::Guarded);
            }
            _ => self.expression(value),
        }
    }

    fn expression(&mut self, expression: &'a Expr) {
        let depth = self.inner.len();
        match &*expression.kind {
            ExprKind::Name(_)
            | ExprKind::Integer { .. }
            | ExprKind::Real { .. }
            | ExprKind::Bool(_)
            | ExprKind::Text(_)
            | ExprKind::Error => {}
            ExprKind::Unary { operand: inner, .. }
            | ExprKind::Transpose(inner)
            | ExprKind::Paren(inner)
            | ExprKind::Field { base: inner, .. }
            | ExprKind::Part { base: inner, .. } => self.expression(inner),
            ExprKind::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Else { value, fallback } => {
                self.shifted_sites(value);
                self.guarded(value);
                self.expression(fallback);
            }
            ExprKind::Call { callee, arguments } => {
                self.expression(callee);
                arguments.iter().for_each(|argument| self.expression(&argument.value));
            }
            ExprKind::Reduce { body, clauses, .. } | ExprKind::Comprehension { body, clauses } => {
                self.clauses(clauses);
                self.expression(body);
                clauses.filter.iter().for_each(|filter| self.expression(filter));
            }
            ExprKind::Index { base, subscripts } => {
                self.expression(base);
                self.subscripts(base, subscripts, Says::Range);
            }
            ExprKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|part| self.expression(part));
            }
            ExprKind::Block { statements, result } => {
                statements.iter().for_each(|statement| self.statement(statement));
                self.expression(result);
            }
            ExprKind::Lambda { parameters, body } => {
                self.parameters(parameters);
                self.expression(body);
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().for_each(|part| self.expression(part)),
            ExprKind::Record(fields) => fields.iter().for_each(|(_, part)| self.expression(part)),
            ExprKind::With { base, changes } => {
                self.expression(base);
                for change in changes {
                    match change {
                        Change::Field { value, .. } => self.expression(value),
                        Change::Element { subscripts, value, .. } => {
                            self.subscripts(base, subscripts, Says::Range);
                            self.expression(value);
                        }
                    }
                }
            }
            ExprKind::Range { start, end } => {
                [start, end].into_iter().flatten().for_each(|bound| self.expression(bound));
            }
        }
        self.inner.truncate(depth);
    }

    /// Ranges are sizes, so that only the names of clauses matter.
    fn clauses(&mut self, clauses: &'a Clauses) {
        let names = clauses.indices.iter().flat_map(|clause| &clause.names);
        self.inner.extend(names.map(|name| Inner::Index(&name.text)));
    }

    fn parameters(&mut self, parameters: &'a [Parameter]) {
        for parameter in parameters {
            self.others(&parameter.pattern);
        }
    }

    fn others(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::Name(name) => self.inner.push(Inner::Other(&name.text)),
            Pattern::Ignore(_) => {}
            Pattern::Tuple(parts, _) => parts.iter().for_each(|part| self.others(part)),
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        match statement {
            Statement::Let(binding, _) => {
                self.expression(&binding.value);
                self.inner.push(Inner::Let(binding));
            }
            Statement::Function(function, _) => {
                let depth = self.inner.len();
                self.parameters(&function.parameters);
                self.expression(&function.body);
                self.inner.truncate(depth);
                self.inner.push(Inner::Other(&function.name.text));
            }
            Statement::Error(_) => {}
        }
    }
}

/// The name that an expression is.
fn bare(expression: &Expr) -> Option<&str> {
    match &*expression.kind {
        ExprKind::Paren(inner) => bare(inner),
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}
