//! E04xx: differentiation.

use super::names::called;
use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0401: the gradient of something that is not one real number.
pub fn gradient_of_tensor(form: &str, function: &str, found: &str, span: Span, body: Span) -> Diagnostic {
    Diagnostic::error(
        "E0401",
        format!("`{form}` needs a function with one real result, but {} gives {found}", called(function)),
        span,
    )
    .saying("not a single real number")
    .label(body, format!("this is {found}"))
    .help("differentiate a scalar made from it, such as `sum(…)`; `jacobian(f)` differentiates every entry")
}

/// E0402: no argument that could be differentiated.
pub fn nothing_to_differentiate(form: &str, function: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0402",
        format!("{} has no real argument to differentiate with respect to", called(function)),
        span,
    )
    .saying("nothing to vary")
    .help(format!("pass real arguments, or name parameters: `{form}(f, wrt = w)`"))
}

/// E0403: a `wrt` that names nothing to vary.
pub fn unknown_wrt<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error =
        Diagnostic::error("E0403", format!("`{name}` is neither an argument of the function nor a parameter"), span)
            .saying("cannot be varied");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help("`wrt` takes arguments of the function and `param` names: `wrt = (w, b)`"),
    }
}

/// E0403: a name that stands twice in `wrt`.
pub fn repeated_wrt(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0403", format!("`{name}` stands twice in `wrt`"), span)
        .saying("again here")
        .label(first, "first here")
        .help("name each value once; its gradient comes once")
}

/// E0404: `grad` of something that is not a function.
pub fn gradient_of_value(form: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0404", format!("`{form}` differentiates a function, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help(format!("name the function without calling it, `{form}(f)(x)`, or write a lambda: `{form}(|x| …)(x)`"))
}

/// E0405: a derivative for something that is no function of the file.
pub fn of_no_function<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error =
        Diagnostic::error("E0405", format!("`derivative {name}` needs a function `{name}` in the same file"), span)
            .saying("no function of this file");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("define it, `fn {name}(x) = …`; of an imported function, define one that calls it")),
    }
}

/// E0406: a derivative for a function that is not pointwise: one real argument, a result of its shape.
pub fn not_pointwise(name: &str, found: &str, span: Span, function: Option<Span>) -> Diagnostic {
    let error = Diagnostic::error(
        "E0406",
        format!("`derivative` needs a function of one number with a number as its result, but `{name}` {found}"),
        span,
    )
    .saying(found.to_string())
    .help("take one argument, without a type or `real`, and give one real number for a number");
    match function {
        Some(function) => error.label(function, "the function"),
        None => error,
    }
}

/// E0407: a tangent or cotangent of another type than what it belongs to.
pub fn direction_mismatch(form: &str, expected: &str, found: &str, span: Span) -> Diagnostic {
    let (what, owner) = match form {
        "vjp" => ("cotangent", "the result of the function"),
        _ => ("tangent", "what is varied"),
    };
    Diagnostic::error("E0407", format!("the {what} of `{form}` must be like {owner}: {expected}"), span)
        .saying(format!("this is {found}"))
        .help(match form {
            "vjp" => "the cotangent has one number for each real number of the result",
            _ => "the tangent has one number for each real number that is varied; for several arguments, a tuple",
        })
}

/// E0407: several arguments that do not come as a tuple.
pub fn arguments_not_a_tuple(form: &str, function: &str, found: &str, span: Span) -> Diagnostic {
    let name = called(function);
    let direction = if form == "vjp" { "cotangent" } else { "(dx, dy)" };
    Diagnostic::error("E0407", format!("`{form}` takes the arguments of {name} as one tuple"), span)
        .saying(format!("this is {found}, not a tuple"))
        .help(format!("write `{form}(f)((x, y), {direction})`; a function of one argument takes it alone"))
}

/// E0408: a derivative of something without real results.
pub fn no_real_result(form: &str, function: &str, found: &str, span: Span, body: Span) -> Diagnostic {
    let name = called(function);
    Diagnostic::error("E0408", format!("`{form}` needs a function with real results, but {name} gives {found}"), span)
        .saying("no result has a derivative")
        .label(body, format!("this is {found}"))
        .help("integers and truth values have no derivative; `real(…)` makes numbers of them, with derivative 0")
}

/// E0411: something to solve for that is not made of reals.
pub fn unknowns_not_real(name: &str, found: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` works on real numbers, but this is {found}");
    Diagnostic::error("E0411", message, span)
        .saying("not made of real numbers only")
        .help("give a real number, a tensor of them, or a tuple or record of such: `1.0`, `[0.0, 0.0]`, `real(n)`")
}

/// E0411: something to solve that is not a function.
pub fn no_equation(name: &str, found: &str, span: Span) -> Diagnostic {
    let usage = match name {
        "implicit_root" => "`implicit_root(x, f)`: the function is the second argument",
        _ => "the function comes first, then where to start: `(|x| x^2 - 2, 1.0)`",
    };
    Diagnostic::error(
        "E0411",
        format!("`{name}` solves for a zero or minimum of a function, but this is {found}"),
        span,
    )
    .saying(format!("this is {found}"))
    .help(usage)
}

/// E0412: a function that gives another number of equations than there are unknowns.
pub fn equations_and_unknowns(name: &str, expected: &str, found: &str, places: (Span, Span)) -> Diagnostic {
    let (function, unknowns) = places;
    let message = format!("`{name}` needs a function that gives what it takes, {expected}, but it gives {found}");
    Diagnostic::error("E0412", message, function)
        .saying(format!("gives {found}"))
        .label(unknowns, format!("the unknowns are {expected}"))
        .help("give one equation for each unknown, in their structure; for the least of a real function, `solve_min(f, x0)`")
}

/// E0413: a pullback that does not give what the inputs are.
pub fn pullback_mismatch(expected: &str, found: &str, places: (Span, Span)) -> Diagnostic {
    let (function, inputs) = places;
    Diagnostic::error("E0413", format!("this pullback must give a cotangent like the inputs, {expected}"), function)
        .saying(format!("gives {found}"))
        .label(inputs, format!("the inputs are {expected}"))
        .help("give one number for each number of the inputs, in their structure: `|value, cotangent| …`")
}

/// E0409: a mixed second derivative of a function whose derivative is stated.
pub fn mixed_second_derivative(span: Span, function: Span) -> Diagnostic {
    let message = "a second derivative by a parameter and an argument is not known where the derivative is stated";
    Diagnostic::error("E0409", message, span)
        .saying("asks for a second derivative")
        .label(function, "this function has a `derivative` and reads parameters")
        .help("leave `derivative` out, or state it for a function that reads no parameters")
}
