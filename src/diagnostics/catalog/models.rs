//! Layers, models and their parameters: E012x, E0230, E0612.

use super::names::called;
use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0121: a layer outside a model.
pub fn layer_outside_model(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0121", format!("the layer `{name}` can only be used to make a `model`"), span)
        .saying("not in a model")
        .note("each use of a layer makes new parameters, which need a name")
        .help(format!("make a model of it and call that: `model net = {name}(…)`"))
}

/// E0122: an expression that makes no model.
pub fn not_a_model(problem: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0122", format!("a model is made of layers, but {problem}"), span)
        .saying("makes no model")
        .help("compose layers and functions: `model net = Dense(16) >> relu >> Dense(1)`")
}

/// E0122: a layer without parentheses.
pub fn layer_without_arguments(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0122", format!("`{name}` is a layer, which is used with parentheses"), span)
        .saying("no arguments")
        .fix("write its configuration in parentheses", span, format!("{name}()"))
}

/// E0123: a layer that does not say what it computes.
pub fn layer_without_call(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0123", format!("the layer `{name}` has no function `call`"), span)
        .saying("does not say what it computes")
        .help("say what it gives for its input: `fn call(x: [n]) -> [m] = …`")
}

/// E0124: a configuration that is not known when compiling.
pub fn not_known_when_compiling(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0124", format!("{what} is not known when compiling"), span)
        .saying("known only when running")
        .help("configure layers with numbers, constants and functions; what changes is an argument of `call`")
}

/// E0124: a size that is configured with something else.
pub fn not_a_configured_size(name: &str, found: &str, span: Span, declaration: Span) -> Diagnostic {
    Diagnostic::error("E0124", format!("`{name}` is a size of the layer, but this is {found}"), span)
        .saying("not a whole number of 0 or more")
        .label(declaration, "used in its shapes")
        .help("give a whole number or a constant")
}

/// E0125: a model whose sizes nothing tells.
pub fn sizes_never_known(path: &str, span: Span, made: Span) -> Diagnostic {
    Diagnostic::error("E0125", format!("the sizes of `{path}` are not known: nothing calls it"), span)
        .saying("needs its parameters")
        .label(made, "the sizes are taken from its first use")
        .help("call the model with an argument of known shape, or state the sizes in its layers")
}

/// E0125: a size that the arguments of `call` do not tell.
pub fn size_not_in_call(path: &str, size: &str, span: Span, made: Span) -> Diagnostic {
    Diagnostic::error("E0125", format!("this call of `{path}` does not tell its size `{size}`"), span)
        .saying("the first use")
        .label(made, "made here")
        .help(format!("let `{size}` stand in the type of an argument of `call`, or make it an argument of the layer"))
}

/// E0126: a layer or model that contains itself.
pub fn contains_itself(what: &str, name: &str, span: Span, definition: Span) -> Diagnostic {
    Diagnostic::error("E0126", format!("the {what} `{name}` contains itself"), span)
        .saying("leads back to itself")
        .label(definition, "defined here")
        .help("write the parts out: every model has a known number of parameters")
}

/// E0127: a part of a model that is not there.
pub fn no_such_member(path: &str, name: &str, span: Span, known: &[String]) -> Diagnostic {
    let error =
        Diagnostic::error("E0127", format!("{} has no part `{name}`", called(path)), span).saying("no such part");
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None if known.is_empty() => error.help("it has no parameters"),
        None => error.help(format!("its parts are {}", known.join(", "))),
    }
}

/// E0230: two uses of a model with different sizes.
pub fn sizes_disagree(path: &str, first: (&str, Span), other: (&str, Span), declaration: Span) -> Diagnostic {
    Diagnostic::error(
        "E0230",
        format!("`{path}` takes {} from its first use, but is given {} here", first.0, other.0),
        other.1,
    )
    .saying(format!("with {}", other.0))
    .label(first.1, format!("the first use, with {}", first.0))
    .label(declaration, "the argument's type")
    .note("the parameters of a model have one size, which its first use decides")
    .help("make two models, one for each size")
}

/// E0612: a domain that no parameter can have.
pub fn bad_domain(problem: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0612", format!("a parameter cannot lie here: {problem}"), span)
        .saying("this domain")
        .help("write `in (0, inf)`, `in (-inf, 0)`, `in (0, 1)` or `in simplex`")
}

/// E0611: a parameter without an initial value.
pub fn no_initial(span: Span) -> Diagnostic {
    Diagnostic::error("E0611", "the initial value is missing", span)
        .saying("starts from what?")
        .help("state one: `param s in (0, inf) = 1.0`; only a simplex has a centre to start from")
}

/// E0611: an initial value outside the parameter's domain.
pub fn initial_outside(name: &str, domain: &str, problem: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0611", format!("the initial value of `{name}` is not in {domain}: {problem}"), span)
        .saying("this parameter")
        .note("the ends of an interval do not belong to it")
        .help("start from a value inside, or change the domain")
}

/// E0128: a reducer that does not go over the mini-batch.
pub fn not_over_batch(reducer: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0128", format!("`{reducer}` does not reduce over the mini-batch"), span)
        .saying("over `batch`")
        .help("`sum`, `mean`, `max` and `min` do: `mean(e for batch)`")
}

/// E0129: a momentum that is no share.
pub fn bad_momentum(momentum: f64, span: Span) -> Diagnostic {
    Diagnostic::error("E0129", format!("a momentum is a share from 0 to 1, but this is {momentum}"), span)
        .saying("not from 0 to 1")
        .help("after each step the mean becomes `momentum * old + (1 - momentum) * new`: `running(e, 0.9)`")
}
