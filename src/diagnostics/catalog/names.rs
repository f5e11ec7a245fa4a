//! E01xx: names, calls and modules.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0101: nothing has this name.
pub fn unknown_name<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error = Diagnostic::error("E0101", format!("nothing here is called `{name}`"), span).saying("not found");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("define it above: `let {name} = …`, `fn {name}(…) = …` or `param {name} = …`")),
    }
}

/// E0101: nothing has this name where a type is needed.
pub fn unknown_type<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error = Diagnostic::error("E0101", format!("there is no type called `{name}`"), span).saying("not found");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("use `real`, `int`, `bool` or a shape such as `[3]`, or define `type {name} = …`")),
    }
}

/// E0101: no data set has this name.
pub fn unknown_data<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error = Diagnostic::error("E0101", format!("there is no data set called `{name}`"), span).saying("not found");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("declare it: `data {name} = csv(\"{name}.csv\")`")),
    }
}

/// E0102: two definitions of one name.
pub fn duplicate(name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0102", format!("`{name}` is defined twice"), second)
        .saying("again here")
        .label(first, "first here")
        .help("rename one of them")
}

/// E0103: a function that calls itself.
pub fn recursion(name: &str, call: Span, definition: Span) -> Diagnostic {
    Diagnostic::error("E0103", format!("{} calls itself", called(name)), call)
        .saying("this call leads back here")
        .label(definition, "while this is being worked out")
        .note("nd has no recursion: every size and every call is known before the program runs")
        .help("write a `fold` or a `while` in place of the recursive call")
}

/// E0103: a type that contains itself.
pub fn recursive_type(name: &str, span: Span, definition: Span) -> Diagnostic {
    Diagnostic::error("E0103", format!("the type `{name}` contains itself"), span)
        .saying("leads back to itself")
        .label(definition, "defined here")
        .help("write the parts out: every type has a known size")
}

/// E0103: a default value that needs itself.
pub fn recursive_default(name: &str, span: Span, definition: Span) -> Diagnostic {
    Diagnostic::error("E0103", format!("the default value of `{name}` needs itself"), span)
        .saying("leads back to itself")
        .label(definition, "this is the argument")
        .help("give the arguments that the call inside the default value leaves out")
}

/// E0103: a constant that needs its own value.
pub fn recursive_constant(name: &str, definition: Span) -> Diagnostic {
    Diagnostic::error("E0103", format!("the constant `{name}` needs its own value"), definition)
        .saying("leads back to itself")
        .help("write a number, or an expression of other constants")
}

/// E0104: a name whose value comes only with the run, where a value is needed before.
pub fn not_before_the_run(name: &str, what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0104", format!("`{name}` is {what}, whose value is not known before the run"), span)
        .saying("needed before the run")
        .help("use numbers and constants here: `const N = 3`")
}

/// E0104: an initialiser outside the initial value of a parameter.
pub fn initializer_as_value(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0104", format!("`{name}` draws the initial value of a `param`, and stands nowhere else"), span)
        .saying("not in an initial value")
        .help(format!("declare a parameter: `param w: [3] = {name}(…)`"))
}

/// E0104: a name that does not stand for a value.
pub fn not_a_value(name: &str, what: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0104", format!("`{name}` is {what}, not a value"), span).saying("used as a value").help(help)
}

/// E0105: a `let` that stands further down.
pub fn used_before_let(name: &str, span: Span, binding: Span) -> Diagnostic {
    Diagnostic::error("E0105", format!("`{name}` is not known yet at this point"), span)
        .saying("used here")
        .label(binding, "bound only here")
        .help(format!("move the `let {name} = …` above its first use"))
}

/// E0106: a data set without this column.
pub fn unknown_column<'a>(
    data: &str,
    name: &str,
    span: Span,
    declaration: Span,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let listed: Vec<&str> = known.clone().into_iter().collect();
    let error = Diagnostic::error("E0106", format!("the data `{data}` has no column `{name}`"), span)
        .saying("no such column")
        .label(declaration, format!("its columns are {}", listed.join(", ")));
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help("use one of the columns listed in its block"),
    }
}

/// E0107: too many or too few arguments.
pub fn wrong_argument_count(
    function: &str,
    expected: &str,
    found: usize,
    span: Span,
    declaration: Option<Span>,
) -> Diagnostic {
    let noun = if expected == "1" { "argument" } else { "arguments" };
    let given = if found == 1 { "is given" } else { "are given" };
    let message = format!("{} takes {expected} {noun}, but {found} {given} here", called(function));
    let error = Diagnostic::error("E0107", message, span).saying(format!("{found} {given}"));
    let error = match declaration {
        Some(declaration) => error.label(declaration, format!("declared with {expected}")),
        None => error,
    };
    error.help(format!("call it with {expected} {noun}"))
}

/// A function in a sentence: its name in backticks, or words such as "this lambda" as they are.
pub(super) fn called(function: &str) -> String {
    if function.contains(' ') && !function.contains(">>") { function.to_string() } else { format!("`{function}`") }
}

/// E0108: a named argument that does not exist, or is given twice.
pub fn bad_named_argument(function: &str, name: &str, span: Span, problem: &str, known: &[&str]) -> Diagnostic {
    let error =
        Diagnostic::error("E0108", format!("{} {problem} `{name}`", called(function)), span).saying("this argument");
    match (nearest(name, known.iter().copied()), known.is_empty()) {
        (Some(near), _) if near != name => error.fix(format!("did you mean `{near}`?"), span, near),
        (_, false) => error.help(format!("its arguments are {}", known.join(", "))),
        (_, true) => error.help("give the arguments in order, without names"),
    }
}

/// E0109: a value that is called as if it were a function.
pub fn not_a_function(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0109", format!("this is {found}, and only functions can be called"), span)
        .saying("not a function")
        .help("write `*` between factors: `a * (b + c)`")
}

/// E0110: a data column that hides another name the block uses.
pub fn column_hides_name(name: &str, span: Span, column: Span, other: Span) -> Diagnostic {
    Diagnostic::error("E0110", format!("`{name}` could be the data's column or the file's own `{name}`"), span)
        .saying("which one?")
        .label(column, "the column")
        .label(other, "the other definition")
        .help("rename the column or the definition")
}

/// E0131: no module of the library has this name.
pub fn unknown_library(name: &str, span: Span, is_file: bool, known: Vec<&str>) -> Diagnostic {
    let error = Diagnostic::error("E0131", format!("the standard library has no module `{name}`"), span)
        .saying("not a module of the library");
    if is_file {
        return error.fix("a file is imported by its name in quotes", span, format!("\"{name}.nd\""));
    }
    let listed = known.join(", ");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("its modules are {listed}; a file is imported as \"{name}.nd\"")),
    }
}

/// E0132: a file that imports itself, by way of others.
pub fn import_cycle(path: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0132", format!("importing `{path}` leads back to the file that imports it"), span)
        .saying("this file is being imported already")
        .help("move what both files need into a third file, and import that in both")
}

/// E0133: a name that two imported files define.
pub fn ambiguous(name: &str, span: Span, first: Span, second: Span) -> Diagnostic {
    Diagnostic::error("E0133", format!("`{name}` is defined by two imported files"), span)
        .saying("which one?")
        .label(first, "here")
        .label(second, "and here")
        .help(format!("name the file: `file.{name}`, or import one of them under another name: `({name} as other)`"))
}

/// E0134: a module without this name.
pub fn not_in_module<'a>(name: &str, module: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error = Diagnostic::error("E0134", format!("`{module}` has nothing called `{name}`"), span).saying("not found");
    match nearest(name, known) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help("`ndc doc` lists what a module of the library has"),
    }
}

/// E0199: a form of nd that is not compiled yet.
pub fn not_yet(what: &str, span: Span, instead: &str) -> Diagnostic {
    Diagnostic::error("E0199", format!("{what} cannot be compiled by this version of ndc yet"), span)
        .saying("part of nd, but not supported yet")
        .help(instead)
}
