//! E0111, E0112: what a question on the command line is about (`--of`, `--at`, `--size`).

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0111: nothing of the file that `--of` could mean.
pub fn unknown_subject<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error = Diagnostic::error("E0111", format!("the file has no function, model or loss called `{name}`"), span)
        .saying("not found");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help("name a function or a model of the file, or `loss` for that of its first `train`"),
    }
}

/// E0111: something of the file that is no function.
pub fn not_a_function(name: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0111", format!("`{name}` is {found}, not a function, a model or a loss"), span)
        .saying("not a function")
        .help("name a function or a model of the file, or `loss` for that of its first `train`")
}

/// E0112: a function whose signature does not say what it takes.
pub fn arguments_unknown(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0112", format!("the arguments of `{name}` are not known"), span)
        .saying("what does it take here?")
        .help("give them: `--at \"1.5, [2, 3]\"`")
}

/// E0112: a model whose sizes no use in the file tells.
pub fn model_sizes_unknown(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0112", format!("the sizes of `{name}` are not known: nothing in the file calls it"), span)
        .saying("no use of it says what it takes")
        .help(format!("ask for a call of it: `--of \"|x| sum({name}(x))\" --at \"[1.0, 2.0]\"`"))
}

/// E0112: a size of an argument that nothing states.
pub fn size_unknown(function: &str, argument: &str, size: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error("E0112", format!("the size `{size}` of `{argument}` in `{function}` is not known"), span)
        .saying("the sizes of its arguments are needed")
        .label(declared, format!("`{size}` is a size of this argument"))
        .help(format!("state it, `--size {size}=3`, or give all arguments: `--at \"{argument} = …\"`"))
}

/// E0112: a size that the signature does not mention.
pub fn no_such_size<'a>(
    function: &str,
    size: &str,
    span: Span,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let error = Diagnostic::error("E0112", format!("`{function}` has no size called `{size}`"), span)
        .saying(format!("no argument here has a size `{size}`"));
    match nearest(size, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `--size {near}=…`?")),
        None if known.is_empty() => error.help("leave `--size` out: there is no size here that could be chosen"),
        None => error.help(format!("its sizes are {}", known.join(", "))),
    }
}

/// E0112: a shape for an argument that the signature does not have.
pub fn no_such_argument<'a>(
    function: &str,
    argument: &str,
    span: Span,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let error = Diagnostic::error("E0112", format!("`{function}` has no argument called `{argument}`"), span)
        .saying(format!("no argument here is called `{argument}`"));
    match nearest(argument, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("give a shape to none: the arguments here have no names"),
        None => error.help(format!("its arguments are {}", known.join(", "))),
    }
}

/// E0112: a shape that the type of the argument does not have.
pub fn shape_mismatch(
    function: &str,
    argument: &str,
    declared: &str,
    given: &str,
    span: Span,
    place: Span,
) -> Diagnostic {
    Diagnostic::error(
        "E0112",
        format!("`{argument}` of `{function}` is {declared}, but its shape is given as {given}"),
        span,
    )
    .saying("asked for with another shape")
    .label(place, format!("this argument is {declared}"))
    .help("give a shape that its type has, or none where the sizes are known")
}

/// E0112: an argument that is a function, which has no value of its own.
pub fn function_needed(function: &str, argument: &str, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error("E0112", format!("`{argument}` of `{function}` is a function, and none is given"), span)
        .saying("which function?")
        .label(declared, "this argument is a function")
        .help(format!("give all arguments, with a name or a lambda for this one: `--at \"{argument} = sin, …\"`"))
}

/// E0112: the entry of a column that is not of its type.
pub fn entry_mismatch(column: &str, expected: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0112", format!("an entry of `{column}` is {expected}, but this is {found}"), span)
        .saying(format!("expected {expected}, found {found}"))
        .help("give the entry of one example, as the loss reads it")
}

/// E0112: a text of `--at` that is not the arguments of one call.
pub fn not_arguments(span: Span) -> Diagnostic {
    Diagnostic::error("E0112", "this is not one function with its arguments", span)
        .saying("expected arguments as in a call")
        .help("write the arguments as in a call, without parentheses around all: `--at \"x = 1, y = [2, 3]\"`")
}

/// E0401: the gradient of a function that does not give one real number.
pub fn gradient_of_several(function: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0401",
        format!("`ndc grad` needs a function with one real result, but `{function}` gives {found}"),
        span,
    )
    .saying("not a single real number")
    .help(format!(
        "differentiate a number made from it, with its arguments: `--of \"|x| sum({function}(x))\" --at \"…\"`"
    ))
}

/// E0199: an operation that a program in nd cannot say.
pub fn not_expressible(operation: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0199", format!("`ndc grad` cannot write this as nd yet ({operation})"), span)
        .saying("computed by an operation that nd has no words for")
        .help("`ndc check FILE --emit adjoint` shows the operations of derivatives")
}

/// E0111: a file that does nothing which could be timed.
pub fn nothing_to_profile(file: &str) -> Diagnostic {
    Diagnostic::without_place("E0111", format!("`{file}` trains nothing and computes nothing"))
        .help("name a function or a model of the file: `--of NAME`")
}

/// E0111: a call to draw open that there is not.
pub fn no_such_call<'a>(name: &str, of: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let error = Diagnostic::without_place("E0111", format!("nothing called `{name}` is called in `{of}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("leave `--unfold` out: there is no call that could be drawn open"),
        None => error.help(format!("what is called: {}", known.join(", "))),
    }
}
