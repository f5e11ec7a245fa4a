//! E0900 to E0906: functions compiled ahead of time.

use crate::diagnostics::Diagnostic;

/// E0900: no function of a file is complete.
pub fn nothing_to_build(others: &[String]) -> Diagnostic {
    let error = Diagnostic::without_place("E0900", "the file has no function whose types are complete");
    match others {
        [] => error.help("write a function: `fn f(x: [3]) = sum(x^2)`"),
        [first, ..] => error
            .note(format!("sizes or arguments are open in {}", others.join(", ")))
            .help(format!("name one with its sizes: `--of {first} --size n=100`, in a build script by `compile_with`")),
    }
}

/// E0901: a name that another language does not accept.
pub fn not_a_name(name: &str) -> Diagnostic {
    Diagnostic::without_place("E0901", format!("`{name}` cannot be a name in C, Rust and Python"))
        .help("choose a name of letters, digits and underscores that is no word of these languages: `--name model`")
}

/// E0902: two functions of one name.
pub fn name_taken(name: &str) -> Diagnostic {
    Diagnostic::without_place("E0902", format!("two functions would be called `{name}`"))
        .help("ask for each once; in a build script `function_as` gives a name")
}

/// E0902: two models of one name in a build script.
pub fn model_built(name: &str, first: &str, second: &str) -> Diagnostic {
    Diagnostic::without_place(
        "E0902",
        format!("two models of the crate would be called `{name}`: {first} and {second}"),
    )
    .help("build each file once, with all of its functions, and give files different names")
}

/// E0903: an ndc that was built without the runtime for C.
pub fn no_runtime() -> Diagnostic {
    Diagnostic::without_place("E0903", "this ndc was built without the static runtime for C")
        .note("the object file alone can be linked into programs in Rust")
        .help("install ndc with its feature `c-runtime`")
}

/// E0904: a shared library that could not be linked.
pub fn not_linked(linker: &str, reason: &str) -> Diagnostic {
    let reason = reason.trim().lines().last().unwrap_or_default();
    let error = Diagnostic::without_place("E0904", format!("`{linker}` did not make the shared library"));
    let error = if reason.is_empty() { error } else { error.note(reason.to_string()) };
    error.help("a C compiler is needed for this: install one, or name it in the variable CC")
}

/// E0905: a build for another machine than this one.
pub fn other_machine(host: &str, target: &str) -> Diagnostic {
    Diagnostic::without_place("E0905", format!("ndc compiles for this machine, {host}, not for {target}"))
        .help("build on a machine of the kind that the program is for")
}

/// E0906: what is meant for build scripts, elsewhere.
pub fn no_build_script(variable: &str) -> Diagnostic {
    Diagnostic::without_place(
        "E0906",
        format!("the variable {variable}, which cargo sets for build scripts, is not there"),
    )
    .help("call this from `build.rs`; `ndc build` is for all else")
}
