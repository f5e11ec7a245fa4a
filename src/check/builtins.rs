//! Built-in functions that are more than pointwise: one table entry each, with its rule.
//!
//! Pointwise functions come from the operation table; what nd can say for itself is in `std/prelude.nd`.

use super::Checker;
use super::calls::{BuiltinCall, is_integer_like};
use super::linear_algebra::MatrixFunction;
use super::program::{Form, Kind, Typed};
use super::types::{Element, Type};
use crate::diagnostics::catalog::{names, shapes};
use crate::ir::{Distribution, Extreme, Meaning, Pointwise, Reduction};
use crate::ops;
use crate::source::Span;

/// A built-in function.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub signature: &'static str,
    /// What it gives.
    pub documentation: &'static str,
    rule: for<'a, 'b, 'c> fn(&'b mut Checker<'a, 'c>, BuiltinCall<'a>) -> Typed,
}

/// The built-in functions that are not pointwise.
pub static BUILTINS: &[Builtin] = &[
    Builtin {
        name: "sum",
        signature: "sum(x)",
        documentation: "The sum of all elements; truth values count as 0 or 1.",
        rule: |c, call| c.reduction(call, Reduction::Sum),
    },
    Builtin {
        name: "prod",
        signature: "prod(x)",
        documentation: "The product of all elements.",
        rule: |c, call| c.reduction(call, Reduction::Product),
    },
    Builtin {
        name: "mean",
        signature: "mean(x)",
        documentation: "The mean of all elements; of truth values, the share that is true.",
        rule: |c, call| c.mean(call),
    },
    Builtin {
        name: "max",
        signature: "max(x), max(a, b)",
        documentation: "The greatest element, or elementwise the greater of two; NaN propagates. Ties share the gradient evenly.",
        rule: |c, call| c.extreme(call, Reduction::Max, &ops::choice::MAX),
    },
    Builtin {
        name: "min",
        signature: "min(x), min(a, b)",
        documentation: "The least element, or elementwise the lesser of two; NaN propagates. Ties share the gradient evenly.",
        rule: |c, call| c.extreme(call, Reduction::Min, &ops::choice::MIN),
    },
    Builtin {
        name: "any",
        signature: "any(c)",
        documentation: "Whether any element is true.",
        rule: |c, call| c.truth(call, Reduction::Max),
    },
    Builtin {
        name: "all",
        signature: "all(c)",
        documentation: "Whether all elements are true.",
        rule: |c, call| c.truth(call, Reduction::Min),
    },
    Builtin {
        name: "count",
        signature: "count(c)",
        documentation: "How many elements are true, as an `int`.",
        rule: |c, call| c.count(call),
    },
    Builtin {
        name: "argmax",
        signature: "argmax(x: [n])",
        documentation: "The position of the first greatest element, as an `int`.",
        rule: |c, call| c.arg_extreme(call, Extreme::Max),
    },
    Builtin {
        name: "argmin",
        signature: "argmin(x: [n])",
        documentation: "The position of the first least element, as an `int`.",
        rule: |c, call| c.arg_extreme(call, Extreme::Min),
    },
    Builtin {
        name: "dot",
        signature: "dot(a: [n], b: [n])",
        documentation: "The sum of the products of two vectors.",
        rule: |c, call| c.dot(call),
    },
    Builtin {
        name: "cholesky",
        signature: "cholesky(A: [n, n])",
        documentation: "The lower triangular matrix `L` with `L @ L' == A`, for a symmetric positive definite `A`.",
        rule: |c, call| c.matrix_call(call, MatrixFunction::Cholesky),
    },
    Builtin {
        name: "solve",
        signature: "solve(A: [n, n], b)",
        documentation: "The solution `x` of `A @ x == b`, for a vector `b` or each column of a matrix.",
        rule: |c, call| c.solve_call(call),
    },
    Builtin {
        name: "solve_triangular",
        signature: "solve_triangular(L: [n, n], b, lower = true, transposed = false)",
        documentation: "`solve` for a triangular matrix, of which only that triangle is read.",
        rule: |c, call| c.solve_triangular_call(call),
    },
    Builtin {
        name: "det",
        signature: "det(A: [n, n])",
        documentation: "The determinant.",
        rule: |c, call| c.matrix_call(call, MatrixFunction::Determinant),
    },
    Builtin {
        name: "logdet",
        signature: "logdet(A: [n, n])",
        documentation: "The logarithm of the absolute value of the determinant, without overflow.",
        rule: |c, call| c.matrix_call(call, MatrixFunction::LogDeterminant),
    },
    Builtin {
        name: "inv",
        signature: "inv(A: [n, n])",
        documentation: "The inverse. To solve equations, `solve(A, b)` is faster and more exact than `inv(A) @ b`.",
        rule: |c, call| c.matrix_call(call, MatrixFunction::Inverse),
    },
    Builtin {
        name: "trace",
        signature: "trace(A: [n, n])",
        documentation: "The sum of the diagonal.",
        rule: |c, call| c.matrix_call(call, MatrixFunction::Trace),
    },
    Builtin {
        name: "eigh",
        signature: "eigh(A: [n, n])",
        documentation: "`(values, vectors)` of a symmetric matrix: the eigenvalues ascending, and unit eigenvectors as the columns of a matrix.",
        rule: |c, call| c.matrix_call(call, MatrixFunction::SymmetricEigen),
    },
    Builtin {
        name: "eigvalsh",
        signature: "eigvalsh(A: [n, n])",
        documentation: "The eigenvalues of a symmetric matrix, ascending.",
        rule: |c, call| c.eigenvalues(call),
    },
    Builtin {
        name: "where",
        signature: "where(c, a, b)",
        documentation: "Element by element, `a` where the condition holds, else `b`. No NaN of the choice not taken reaches a value or gradient.",
        rule: |c, call| c.where_choice(call),
    },
    Builtin {
        name: "real",
        signature: "real(x)",
        documentation: "An integer or truth value as a real.",
        rule: |c, call| c.conversion(call, Element::Real),
    },
    Builtin {
        name: "int",
        signature: "int(x)",
        documentation: "A real rounded toward zero, or a truth value, as an `int`.",
        rule: |c, call| c.conversion(call, Element::Int),
    },
    Builtin {
        name: "div",
        signature: "div(a, b)",
        documentation: "The quotient rounded down; `int` for two `int` values.",
        rule: |c, call| c.floor_division(call),
    },
    Builtin {
        name: "one_hot",
        signature: "one_hot(c: int, classes)",
        documentation: "A vector of `classes` entries, 1 at position `c` and 0 elsewhere. Of `category(column)` the classes are known.",
        rule: |c, call| c.one_hot(call),
    },
    Builtin {
        name: "category",
        signature: "category(column)",
        documentation: "In a column of a `data` item: the position of a row's label among all labels of the column in order, as an `int`.",
        rule: |c, call| c.category(&[], call.span),
    },
    Builtin {
        name: "column",
        signature: "column(\"name\")",
        documentation: "In a column of a `data` item: the column of the file with this name, which may be one that cannot be written without quotes.",
        rule: |c, call| c.column_by_text(&[], call.span),
    },
    Builtin {
        name: "standardize",
        signature: "standardize(x)",
        documentation: "In a column of a `data` item: `x` less its mean, divided by its standard deviation, both over the rows trained on.",
        rule: |c, call| c.standardize(&[], call.span),
    },
    Builtin {
        name: "cross_entropy",
        signature: "cross_entropy(logits: [k], target)",
        documentation: "`-log softmax(logits)` at a class (an `int`), or its mean under a distribution `[k]`.",
        rule: |c, call| c.cross_entropy(call),
    },
    Builtin {
        name: "random.uniform",
        signature: "random.uniform(key = …)",
        documentation: "A random number, uniform in [0, 1). Outside a `train` it needs a key.",
        rule: |c, call| c.draw(call, Distribution::Uniform),
    },
    Builtin {
        name: "random.normal",
        signature: "random.normal(key = …)",
        documentation: "A random number of mean 0 and variance 1, normally distributed. Outside a `train` it needs a key.",
        rule: |c, call| c.draw(call, Distribution::Normal),
    },
    Builtin {
        name: "random.key",
        signature: "random.key()",
        documentation: "In a `train`: the key of a draw without one at this place, step and example.",
        rule: |c, call| c.key_value(call),
    },
    Builtin {
        name: "random.mix",
        signature: "random.mix(key: int, i: int)",
        documentation: "Another key, an `int`, made from a key and a number.",
        rule: |c, call| c.mixed_key(call),
    },
    Builtin {
        name: "zeros",
        signature: "zeros()",
        documentation: "Zeros of an annotated shape.",
        rule: |c, call| c.fill(call, Some(0)),
    },
    Builtin {
        name: "ones",
        signature: "ones()",
        documentation: "Ones of an annotated shape.",
        rule: |c, call| c.fill(call, Some(1)),
    },
    Builtin {
        name: "constant",
        signature: "constant(c)",
        documentation: "A number repeated to an annotated shape.",
        rule: |c, call| c.fill(call, None),
    },
    Builtin {
        name: "grad",
        signature: "grad(f, wrt = …)",
        documentation: "The function that gives the gradients of `f` for its real arguments, or with respect to what `wrt` names.",
        rule: |c, call| c.derivative_value(call, Form::Gradient),
    },
    Builtin {
        name: "value_and_grad",
        signature: "value_and_grad(f, wrt = …)",
        documentation: "The function that gives `(value, gradients)`.",
        rule: |c, call| c.derivative_value(call, Form::ValueAndGradient),
    },
    Builtin {
        name: "jvp",
        signature: "jvp(f, wrt = …)(x, dx), jvp(f, wrt = …)((x, y), (dx, dy))",
        documentation: "The derivative of `f` along a tangent, by forward mode: the Jacobian times the tangent.",
        rule: |c, call| c.derivative_value(call, Form::Jvp),
    },
    Builtin {
        name: "vjp",
        signature: "vjp(f, wrt = …)(x, cotangent), vjp(f, wrt = …)((x, y), cotangent)",
        documentation: "A cotangent of the result pulled back to the arguments, by reverse mode: the cotangent times the Jacobian.",
        rule: |c, call| c.derivative_value(call, Form::Vjp),
    },
    Builtin {
        name: "jacobian",
        signature: "jacobian(f, wrt = …, sparse = false)",
        documentation: "The function that gives all partial derivatives of `f`: for each result of shape `[m]` and argument of shape `[n]` a matrix `[m, n]`. With `sparse = true` each matrix comes as `(row_starts, columns, values)`, the entries that may differ from zero in compressed sparse rows.",
        rule: |c, call| c.derivative_value(call, Form::Jacobian { sparse: false }),
    },
    Builtin {
        name: "hessian",
        signature: "hessian(f, wrt = …, sparse = false)",
        documentation: "The function that gives all second derivatives of a real `f`, the Jacobian of its gradient.",
        rule: |c, call| c.derivative_value(call, Form::Hessian { sparse: false }),
    },
    Builtin {
        name: "hvp",
        signature: "hvp(f, wrt = …)(x, v), hvp(f, wrt = …)((x, y), (v, w))",
        documentation: "The Hessian of a real `f` times a tangent, without forming the Hessian.",
        rule: |c, call| c.derivative_value(call, Form::Hvp),
    },
    Builtin {
        name: "solve_root",
        signature: "solve_root(f, x0, tolerance = 1e-10, max = 100)",
        documentation: "A root of `f` by Newton's method from `x0` on: `f(x) == 0`, with as many equations as unknowns, in any structure. Ends when a step is at most `tolerance * max(1, norm(x))`; still going on after `max` steps is a run-time error. Its derivatives are those of the implicit function theorem.",
        rule: |c, call| c.solve_root_call(call),
    },
    Builtin {
        name: "solve_min",
        signature: "solve_min(f, x0, tolerance = 1e-10, max = 100)",
        documentation: "A local minimum of a real `f` by Newton's method from `x0` on, with steps that go down. Otherwise like `solve_root`, for the gradient of `f`.",
        rule: |c, call| c.solve_min_call(call),
    },
    Builtin {
        name: "implicit_root",
        signature: "implicit_root(x, f)",
        documentation: "`x`, which was found in some way to make `f(x) == 0`, with the derivatives of the implicit function theorem.",
        rule: |c, call| c.implicit_root_call(call),
    },
    Builtin {
        name: "pullback",
        signature: "pullback(value, inputs, |value, cotangent| …)",
        documentation: "`value` with a derivative of its own: in reverse mode a cotangent of it is pulled back to the inputs by the function, which gives one for each input. In forward mode it has the derivative of the first argument.",
        rule: |c, call| c.pullback_call(call),
    },
    Builtin {
        name: "captured",
        signature: "captured(f, x, …)",
        documentation: "The real numbers that `f` reads beside arguments such as these, as one vector: what it captured, then parameters.",
        rule: |c, call| c.captured_call(call),
    },
    Builtin {
        name: "captured_vjp",
        signature: "captured_vjp(f, (x, …), cotangent)",
        documentation: "Like `vjp(f)`, a pair of the cotangents of the arguments and of `captured(f, x, …)`.",
        rule: |c, call| c.captured_vjp_call(call),
    },
    Builtin {
        name: "flatten",
        signature: "flatten(x)",
        documentation: "All numbers of a value, which may be a tensor, a tuple or a record, as one vector.",
        rule: |c, call| c.flatten_call(call),
    },
    Builtin {
        name: "unflatten",
        signature: "unflatten(v: [n], like)",
        documentation: "A value of the type of `like` from the vector of its numbers; `unflatten(flatten(x), x)` is `x`.",
        rule: |c, call| c.unflatten_call(call),
    },
    Builtin {
        name: "running",
        signature: "running(e, momentum, initial = 0)",
        documentation: "In a `train` loss `e` itself, whose running mean each step keeps; elsewhere that mean.",
        rule: |c, call| c.running(call),
    },
    Builtin {
        name: "stop_gradient",
        signature: "stop_gradient(e)",
        documentation: "The value without its derivative.",
        rule: |c, call| c.stop_gradient_call(call),
    },
    Builtin {
        name: "fold",
        signature: "fold(init, xs, f)",
        documentation: "The last state of a loop over the rows of `xs`: a tensor, a range `0..n`, or a tuple or record of tensors.",
        rule: |c, call| c.fold_call(call, false),
    },
    Builtin {
        name: "scan",
        signature: "scan(init, xs, f)",
        documentation: "The last state of such a loop, and the outputs of all its steps, stacked.",
        rule: |c, call| c.fold_call(call, true),
    },
    Builtin {
        name: "while",
        signature: "while(init, condition, f, max = 1000)",
        documentation: "The last state of a loop that goes on while a condition holds, for at most `max` steps.",
        rule: |c, call| c.while_call(call),
    },
];

/// The canonical name of a built-in function, structural or pointwise.
pub(super) fn canonical_name(name: &str) -> Option<&'static str> {
    let builtin = BUILTINS.iter().find(|builtin| builtin.name == name).map(|builtin| builtin.name);
    builtin.or_else(|| pointwise(name).map(|definition| definition.name))
}

/// All names of built-in functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let pointwise = ops::POINTWISE.iter().filter(|definition| definition.builtin).map(|definition| definition.name);
    BUILTINS.iter().map(|builtin| builtin.name).chain(pointwise)
}

fn pointwise(name: &str) -> Option<&'static Pointwise> {
    ops::find(name).filter(|definition| definition.builtin)
}

/// Applies a built-in function.
pub(super) fn apply<'a>(checker: &mut Checker<'a, '_>, call: BuiltinCall<'a>) -> Typed {
    let named = ["random.uniform", "random.normal", "running", "while", "solve_triangular", "solve_root", "solve_min"];
    let takes_names = named.contains(&call.name) || Form::named(call.name).is_some();
    if !takes_names && let Some((name, _)) = call.named.first() {
        let error = names::bad_named_argument(call.name, &name.text, name.span, "takes no argument called", &[]);
        return checker.fail(error, call.span);
    }
    match BUILTINS.iter().find(|builtin| builtin.name == call.name) {
        Some(builtin) => (builtin.rule)(checker, call),
        None => match pointwise(call.name) {
            Some(definition) => checker.pointwise_call(definition, call),
            None => Typed::error(call.span),
        },
    }
}

impl<'a> Checker<'a, '_> {
    /// The arguments as values, if there are as many as expected.
    pub(super) fn values<const N: usize>(&mut self, call: BuiltinCall<'a>) -> Option<[Typed; N]> {
        let given = call.arguments.len();
        let values: Vec<Typed> = call.arguments.into_iter().map(|argument| self.require_value(argument)).collect();
        match <[Typed; N]>::try_from(values) {
            Ok(values) => values.iter().all(|value| !value.ty.is_error()).then_some(values),
            Err(_) => {
                self.report(names::wrong_argument_count(call.name, &N.to_string(), given, call.span, None));
                None
            }
        }
    }

    /// A tensor argument, or a message.
    pub(super) fn tensor_argument(&mut self, name: &str, value: Typed) -> Option<Typed> {
        match value.ty {
            Type::Tensor(..) => Some(value),
            _ => {
                let found = value.ty.to_string();
                let help = format!("`{name}` takes a number or a tensor");
                self.report(shapes::unexpected_kind(&found, value.span, &help));
                None
            }
        }
    }

    pub(super) fn one_tensor(&mut self, call: BuiltinCall<'a>) -> Option<Typed> {
        let name = call.name;
        let [value] = self.values(call)?;
        self.tensor_argument(name, value)
    }

    pub(super) fn pointwise_call(&mut self, definition: &'static Pointwise, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let values = match definition.meaning.arity() {
            1 => self.values::<1>(call).map(Vec::from),
            2 => self.values::<2>(call).map(Vec::from),
            _ => self.values::<3>(call).map(Vec::from),
        };
        let Some(values) = values else { return Typed::error(span) };
        let values: Option<Vec<Typed>> = values.into_iter().map(|value| self.tensor_argument(name, value)).collect();
        let Some(values) = values else { return Typed::error(span) };
        let has_integer = match &definition.meaning {
            Meaning::Unary { integer, .. } => integer.is_some(),
            Meaning::Binary { integer, .. } => integer.is_some(),
            _ => false,
        };
        self.real_pointwise(definition, values, has_integer, span)
    }

    /// A pointwise operation on numbers: on integers where it has them, else on reals.
    pub(super) fn real_pointwise(
        &mut self,
        definition: &'static Pointwise,
        values: Vec<Typed>,
        has_integer: bool,
        span: Span,
    ) -> Typed {
        for value in &values {
            if value.ty.element() == Some(Element::Bool) {
                let place = value.span;
                let found = value.ty.to_string();
                let help = "a truth value counts as a number through `real(b)`";
                return self.fail(shapes::unexpected_kind(&found, place, help), span);
            }
        }
        let keeps_int = has_integer
            && values.iter().any(|value| value.ty.element() == Some(Element::Int))
            && values.iter().all(|value| is_integer_like(&value.ty));
        let element = if keeps_int { Element::Int } else { Element::Real };
        let mut values: Vec<Typed> = values.into_iter().map(|value| self.convert_element(value, element)).collect();
        match (values.pop(), values.pop()) {
            (Some(operand), None) => {
                let ty = operand.ty.clone();
                Typed::new(Kind::Pointwise(definition, vec![operand]), ty, span)
            }
            (Some(right), Some(left)) => self.pointwise_pair(definition, definition.name, left, right, span, span),
            _ => Typed::error(span),
        }
    }
}
