//! Types as written: annotations to types, and matching of arguments against signatures with size variables.

use super::program::{Closure, Kind};
use super::size::{Size, SizeError};
use super::types::{Element, Fields, Type};
use super::{Checker, Global};
use crate::diagnostics::catalog::{names, shapes};
use crate::source::Span;
use crate::syntax::ast::{BinaryOperator, Expr, ExprKind, TypeExpr, TypeExprKind};

/// Sizes bound while a signature is matched.
pub(super) type SizeBindings = Vec<(String, Size)>;

/// The largest size that may be written or computed.
pub(super) const LARGEST_SIZE: i64 = 1 << 32;
/// How deeply type definitions may name one another.
const MAX_TYPE_DEPTH: usize = 64;
/// The largest number of elements of a tensor.
const LARGEST_COUNT: usize = 1 << 40;
/// The largest number of tensors in a tuple, through all its parts.
pub(super) const MOST_LEAVES: usize = 1 << 12;

impl<'a> Checker<'a, '_> {
    /// The type that an annotation writes, with `bound` sizes replaced and others left as variables.
    pub(super) fn annotation(&mut self, annotation: &'a TypeExpr, bound: &SizeBindings) -> Type {
        match &annotation.kind {
            TypeExprKind::Named { name, sizes } => {
                let element = match name.text.as_str() {
                    "real" => Some(Element::Real),
                    "int" => Some(Element::Int),
                    "bool" => Some(Element::Bool),
                    _ => None,
                };
                match element {
                    Some(element) => self.tensor(element, sizes, bound, annotation.span),
                    None => self.named_type(name.text.as_str(), name.span, sizes, bound),
                }
            }
            TypeExprKind::Tensor { sizes } => self.tensor(Element::Real, sizes, bound, annotation.span),
            TypeExprKind::Tuple(parts) => self.tuple_type(parts.iter(), bound, annotation.span),
            TypeExprKind::Record(fields) => {
                if !self.distinct_fields(fields.iter().map(|(name, _)| name)) {
                    return Type::Error;
                }
                let parts = self.tuple_type(fields.iter().map(|(_, part)| part), bound, annotation.span);
                match parts {
                    Type::Tuple(parts) => {
                        Type::Record(Fields::new(fields.iter().map(|(name, _)| name.text.clone())), parts)
                    }
                    error => error,
                }
            }
            TypeExprKind::Function { parameters, result } => {
                let parameters = parameters.iter().map(|parameter| self.annotation(parameter, bound)).collect();
                let result = Box::new(self.annotation(result, bound));
                Type::Function(self.closure(Closure::Abstract { parameters, result }))
            }
            TypeExprKind::Error => Type::Error,
        }
    }

    /// Ends at the first part that is wrong, so that types which double at each step stay cheap to refuse.
    fn tuple_type(&mut self, parts: impl Iterator<Item = &'a TypeExpr>, bound: &SizeBindings, span: Span) -> Type {
        let mut types = Vec::new();
        for part in parts {
            match self.annotation(part, bound) {
                Type::Error => return Type::Error,
                ty => types.push(ty),
            }
        }
        let ty = Type::Tuple(types);
        if ty.leaves() > MOST_LEAVES {
            self.report(shapes::tuple_overflow(span, MOST_LEAVES));
            return Type::Error;
        }
        ty
    }

    /// A size of an annotation that nothing determines, once what is given has bound the others.
    pub(super) fn undetermined<'n>(&self, annotation: &'n TypeExpr, bound: &SizeBindings) -> Option<&'n str> {
        let mut names = Vec::new();
        super::captures::size_names(annotation, &mut names);
        names.into_iter().find(|name| !self.is_known_size(name, bound))
    }

    /// Whether a name in a size stands for a size here.
    pub(super) fn is_known_size(&self, name: &str, bound: &SizeBindings) -> bool {
        *name == *"div"
            || bound.iter().any(|(each, _)| each == name)
            || matches!(self.frame.find(name), Some(super::scope::Bound::Size(_)))
            || matches!(self.globals.get(name), Some((Global::Const(_), _)))
    }

    /// Reports a size that only the run would tell.
    pub(super) fn unknown_size(&mut self, name: &str, span: Span) {
        let text = format!("the size `{name}` is not known before the run");
        let help = "a size is a number, a `const`, or a size variable of the function's arguments";
        self.report(shapes::bad_size(&text, span, help));
    }

    fn tensor(&mut self, element: Element, sizes: &'a [Expr], bound: &SizeBindings, span: Span) -> Type {
        if sizes.len() > crate::ir::MAX_RANK {
            let text = format!("a tensor has at most {} axes, and this has {}", crate::ir::MAX_RANK, sizes.len());
            self.report(shapes::bad_size(&text, span, "combine some axes into one"));
            return Type::Error;
        }
        let sizes: Option<Vec<Size>> = sizes.iter().map(|size| self.size(size, bound)).collect();
        let Some(sizes) = sizes else { return Type::Error };
        self.check_count(&sizes, span);
        Type::Tensor(element, sizes)
    }

    /// Reports a tensor with more elements than can be held.
    pub(super) fn check_count(&mut self, sizes: &[Size], span: Span) -> bool {
        let count = sizes.iter().filter_map(Size::count).try_fold(1usize, usize::checked_mul);
        let fits = count.is_some_and(|count| count <= LARGEST_COUNT);
        if !fits {
            self.report(shapes::size_overflow(span, "this tensor"));
        }
        fits
    }

    fn named_type(&mut self, name: &str, span: Span, sizes: &'a [Expr], bound: &SizeBindings) -> Type {
        let Some((Global::Type(parameters, definition), declared)) = self.globals.get(name).copied() else {
            let types = self.globals.iter().filter(|(_, (global, _))| matches!(global, Global::Type(..)));
            let mut known: Vec<&str> = types.map(|(name, _)| *name).chain(["real", "int", "bool"]).collect();
            known.sort_unstable();
            self.report(names::unknown_type(name, span, known));
            return Type::Error;
        };
        if parameters.len() != sizes.len() {
            let expected = parameters.len().to_string();
            self.report(names::wrong_argument_count(name, &expected, sizes.len(), span, Some(declared)));
            return Type::Error;
        }
        let mut inner = SizeBindings::new();
        for (parameter, size) in parameters.iter().zip(sizes) {
            let Some(size) = self.size(size, bound) else { return Type::Error };
            inner.push((parameter.text.clone(), size));
        }
        if self.types_in_progress.contains(&span) || self.types_in_progress.len() > MAX_TYPE_DEPTH {
            self.report(names::recursive_type(name, span, declared));
            return Type::Error;
        }
        self.types_in_progress.push(span);
        let ty = self.inside(definition.span, |checker| checker.annotation(definition, &inner));
        self.types_in_progress.pop();
        ty
    }

    /// A size as written; names are bound sizes, sizes in scope, constants, or else variables. Reports what is wrong.
    pub(super) fn size(&mut self, size: &'a Expr, bound: &SizeBindings) -> Option<Size> {
        let result = match &*size.kind {
            ExprKind::Integer { exact: Some(value), .. } => Ok(Size::constant(*value)),
            ExprKind::Paren(inner) => return self.size(inner, bound),
            ExprKind::Name(name) => return self.named_size(name, size.span, bound),
            ExprKind::Binary { operator, left, right, .. } => {
                let (left, right) = (self.size(left, bound)?, self.size(right, bound)?);
                match operator {
                    BinaryOperator::Add => left.add(&right),
                    BinaryOperator::Subtract => left.subtract(&right),
                    BinaryOperator::Multiply => left.multiply(&right),
                    BinaryOperator::Divide => left.divide(&right),
                    _ => return self.not_a_size(size.span),
                }
            }
            ExprKind::Call { callee, arguments } if is_name(callee, "div") && arguments.len() == 2 => {
                let left = self.size(&arguments[0].value, bound)?;
                let right = self.size(&arguments[1].value, bound)?;
                left.floor_divide(&right)
            }
            ExprKind::Error => return None,
            _ => return self.not_a_size(size.span),
        };
        match result {
            Ok(value) if value.value().is_some_and(|value| value < 0) => {
                let text = format!("a size cannot be negative, but this is {value}");
                self.report(shapes::bad_size(&text, size.span, "sizes are 0 or more"));
                None
            }
            Ok(value) if value.value().is_some_and(|value| value > LARGEST_SIZE) => {
                self.report(shapes::size_overflow(size.span, "this size"));
                None
            }
            Ok(value) => Some(value),
            Err(SizeError::Overflow) => {
                self.report(shapes::size_overflow(size.span, "this size"));
                None
            }
            Err(SizeError::Uneven) => {
                let text = "this division of sizes does not come out even";
                self.report(shapes::bad_size(text, size.span, "`div(n, 2)` rounds down"));
                None
            }
            Err(SizeError::ZeroDivision) => {
                self.report(shapes::bad_size("a size is divided by zero", size.span, "divide by another number"));
                None
            }
        }
    }

    fn named_size(&mut self, name: &str, span: Span, bound: &SizeBindings) -> Option<Size> {
        if let Some((_, size)) = bound.iter().find(|(each, _)| each == name) {
            return Some(size.clone());
        }
        if let Some(super::scope::Bound::Size(size)) = self.frame.find(name) {
            return Some(size.clone());
        }
        let key = self.globals.get_key_value(name).map(|(key, _)| *key);
        if let (Some(key), Some((Global::Const(_), _))) = (key, self.globals.get(name).copied()) {
            let constant = self.constant(key)?;
            return match *constant.kind {
                Kind::Integer(value) if (0..=LARGEST_SIZE).contains(&value) => Some(Size::constant(value)),
                Kind::Integer(_) => {
                    self.report(shapes::size_overflow(span, "this size"));
                    None
                }
                _ => {
                    let text = format!("`{name}` is not a whole number");
                    self.report(shapes::bad_size(&text, span, "a size is a whole number: `const N = 64`"));
                    None
                }
            };
        }
        if name.chars().next().is_some_and(char::is_uppercase) {
            let known: Vec<&str> = self.globals.keys().copied().collect();
            self.report(names::unknown_name(name, span, sorted(known)));
            return None;
        }
        Some(Size::variable(name))
    }

    fn not_a_size(&mut self, span: Span) -> Option<Size> {
        let help = "sizes are whole numbers, size variables, constants and their sums, products and quotients";
        self.report(shapes::bad_size("this is not a size", span, help));
        None
    }

    /// The declared type of a parameter, with its size variables bound by what is given where they are not yet.
    /// Returns the type as far as it is determined.
    pub(super) fn match_annotation(
        &mut self,
        annotation: &'a TypeExpr,
        given: &Type,
        bound: &mut SizeBindings,
    ) -> Type {
        let declared = self.annotation(annotation, bound);
        bind_sizes(&declared, given, bound);
        self.annotation(annotation, bound)
    }

    /// The value of a constant of the file.
    pub(super) fn constant(&mut self, name: &'a str) -> Option<super::Typed> {
        let (Global::Const(value), span) = *self.globals.get(name)? else { return None };
        if let Some(constant) = self.constants.get(&value.span) {
            return (!constant.ty.is_error()).then(|| constant.clone());
        }
        if self.values_in_progress.contains(&span) {
            self.report(names::recursive_constant(name, span));
            return None;
        }
        self.values_in_progress.push(span);
        let frame = std::mem::take(&mut self.frame);
        let context = std::mem::replace(&mut self.context, super::Context::Before);
        let typed = self.inside(value.span, |checker| checker.expression(value, None));
        self.context = context;
        self.frame = frame;
        self.values_in_progress.pop();
        let typed = self.closed(name, Vec::new(), typed, Vec::new(), value.span);
        self.constants.insert(value.span, typed.clone());
        (!typed.ty.is_error()).then_some(typed)
    }
}

/// Binds the variables of a declared type to the sizes found at the same places.
pub(super) fn bind_sizes(declared: &Type, given: &Type, bound: &mut SizeBindings) {
    match (declared, given) {
        (Type::Tensor(_, declared), Type::Tensor(_, given)) if declared.len() == given.len() => {
            for bare in [true, false] {
                for (declared, given) in declared.iter().zip(given) {
                    let unknowns: Vec<String> = declared
                        .variables()
                        .into_iter()
                        .filter(|name| bound.iter().all(|(each, _)| each != name))
                        .map(str::to_string)
                        .collect();
                    let is_bare = unknowns.len() == 1 && *declared == Size::variable(unknowns[0].clone());
                    if unknowns.is_empty() || is_bare != bare {
                        continue;
                    }
                    let declared = declared.substitute(bound).unwrap_or_else(|_| declared.clone());
                    if let Some((name, size)) = declared.solve(&unknowns, given)
                        && size.value().is_none_or(|value| value >= 0)
                    {
                        bound.push((name, size));
                    }
                }
            }
        }
        _ => {
            let (Some(order), Some(parts), Some(given)) = (declared.order_in(given), declared.parts(), given.parts())
            else {
                return;
            };
            for (declared, place) in parts.iter().zip(order) {
                bind_sizes(declared, &given[place], bound);
            }
        }
    }
}

/// Whether an expression is this bare name.
pub(super) fn is_name(expression: &Expr, name: &str) -> bool {
    matches!(&*expression.kind, ExprKind::Name(found) if found == name)
}

/// Names in order, so that messages do not depend on hashing.
pub(super) fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

/// The variables in the sizes of a type.
pub(super) fn size_variables(ty: &Type) -> Vec<String> {
    match ty {
        Type::Tensor(_, sizes) => sizes.iter().flat_map(|size| size.variables()).map(str::to_string).collect(),
        Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().flat_map(size_variables).collect(),
        _ => Vec::new(),
    }
}
