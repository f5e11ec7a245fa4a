//! E0920 to E0925: a program that embeds nd asks for something that there is not. There is no place in a text: what a
//! function takes and gives, its signature, is shown instead.

use crate::diagnostics::{Diagnostic, nearest};

fn with_signature(code: &'static str, message: String, signature: &str) -> Diagnostic {
    Diagnostic::without_place(code, message).note(format!("the function is {signature}"))
}

/// E0920: another number of arguments or results.
pub fn wrong_number(what: &str, expected: usize, found: usize, signature: &str) -> Diagnostic {
    let plural = if expected == 1 { "" } else { "s" };
    with_signature(
        "E0920",
        format!("the function has {expected} {what}{plural}, but {found} came with the call"),
        signature,
    )
    .help(format!("bring each {what} of the signature, in its order"))
}

/// E0920: a value that is not of the type that the signature states.
pub fn wrong_value(name: &str, expected: &str, found: &str, signature: &str) -> Diagnostic {
    with_signature("E0920", format!("`{name}` is {expected}, but {found}"), signature)
        .help("sizes are fixed when a function is compiled: ask for it again with other ones, or bring what it has")
}

/// E0920: a value with elements of another type.
pub fn wrong_element(name: &str, expected: &str, found: &str, signature: &str) -> Diagnostic {
    with_signature("E0920", format!("`{name}` is {expected}, but {found} was given"), signature)
        .help("`real` is f64 (f32 in a program of single precision), `int` is i64: bring elements of the type that the signature states")
}

/// E0921: a name that a record does not have.
pub fn not_in_record(name: &str, record: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::without_place("E0921", format!("there is no tensor called `{name}`"));
    suggested(error.note(format!("the record is {record}")), name, known)
}

/// E0920: a tensor of a record that is no number.
pub fn not_a_number(name: &str, count: usize, record: &str) -> Diagnostic {
    Diagnostic::without_place("E0920", format!("`{name}` has {count} elements, but is asked for as one number"))
        .note(format!("the record is {record}"))
        .help("`get` gives the tensor, with all of its elements")
}

/// E0920: flat slices that do not hold what the signature states.
pub fn wrong_length(what: &str, expected: usize, found: usize, signature: &str) -> Diagnostic {
    with_signature("E0920", format!("the {what} of the function are {expected} numbers in all, not {found}"), signature)
        .help("bring them one after another, each row by row")
}

/// E0921: a name that nothing of the function has.
pub fn unknown_name(what: &str, name: &str, signature: &str, known: &[&str]) -> Diagnostic {
    let error = with_signature("E0921", format!("there is no {what} called `{name}`"), signature);
    suggested(error, name, known)
}

/// E0921: a parameter or a `train` that the program does not have.
pub fn not_in_program(what: &str, name: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::without_place("E0921", format!("the program has no {what} called `{name}`"));
    suggested(error, name, known)
}

/// E0921: a program without any `train`.
pub fn no_train() -> Diagnostic {
    Diagnostic::without_place("E0921", "the program trains nothing").help(
        "the loss and the steps of training are those of a `train` block: add one, or ask for a function by its name",
    )
}

fn suggested(error: Diagnostic, name: &str, known: &[&str]) -> Diagnostic {
    match nearest(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("there is nothing of this kind"),
        None => error.help(format!("there are {}", known.join(", "))),
    }
}

/// E0921: an argument that is missing in a call by names.
pub fn missing_argument(name: &str, signature: &str) -> Diagnostic {
    with_signature("E0921", format!("the call has no value for `{name}`"), signature)
        .help("bring a value for each argument of the signature")
}

/// E0112, in the words of a program in Rust and of `ndc build`: both say sizes, and no arguments.
pub fn without_arguments(error: Diagnostic) -> Diagnostic {
    match &error.help {
        Some(help) if error.code == "E0112" && help.text.contains("--at") => error.help(
            "say what it takes: in Rust by `.size(\"n\", 3)`, `.shape(\"x\", &[3])` or `|x: [3]| …`, for `ndc build` by `--size n=3`",
        ),
        _ => error,
    }
}

/// E0922: a derivative that there is not.
pub fn no_derivative(asked: &str, reason: &str, signature: &str) -> Diagnostic {
    with_signature("E0922", format!("there is no {asked}: {reason}"), signature).help(
        "derivatives are of real results by real arguments and parameters; those of gradients, of one real number",
    )
}

/// E0923: a function that is not one of numbers in a row.
pub fn not_flat(name: &str, found: &str, signature: &str) -> Diagnostic {
    with_signature("E0923", format!("a kernel takes and gives numbers of type f64, but `{name}` is {found}"), signature)
        .help("hold such an argument at a value, ask for double precision, or call the function itself")
}

/// E0924: a value that a parameter cannot have.
pub fn wrong_parameter(name: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::without_place("E0924", format!("the parameter `{name}` is {expected}, but {found}"))
        .help("set it to a tensor of its type whose values lie where it is declared to be")
}

/// E0924: parameters for a program that they are not of.
pub fn other_program(name: &str) -> Diagnostic {
    Diagnostic::without_place("E0924", format!("these are parameters of another program, `{name}`"))
        .help("store them in the program that the training came from, or in a clone of it")
}

/// E0925: an option that is not written as it must be.
pub fn wrong_option(sentence: &str) -> Diagnostic {
    Diagnostic::without_place("E0925", sentence.to_string())
        .help("name a constant of the file, or a block and its setting: `lr`, `train.epochs`")
}
