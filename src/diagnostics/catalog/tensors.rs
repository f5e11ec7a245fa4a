//! E0806 to E0813, E0818: files of tensors.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// How many names a message lists.
const LISTED: usize = 6;

/// An error at the place in the file that asked for it, or without one where the command line did.
pub(super) fn placed(code: &'static str, message: String, span: Option<Span>, saying: &str) -> Diagnostic {
    match span {
        Some(span) => Diagnostic::error(code, message, span).saying(saying),
        None => Diagnostic::without_place(code, message),
    }
}

fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "this is not permitted".to_string(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "the disk is full".to_string(),
        std::io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_string(),
        _ => error.to_string(),
    }
}

/// E0806: a file of tensors that cannot be read.
pub fn cannot_read(path: &str, error: &std::io::Error, span: Option<Span>) -> Diagnostic {
    placed("E0806", format!("cannot read `{path}`: {}", reason(error)), span, "read here")
        .help("check the path: it starts from the folder of the program's file, on the command line from where you are")
}

/// E0807: a file that is no safetensors file.
pub fn not_tensors(path: &str, problem: &str, span: Option<Span>) -> Diagnostic {
    placed("E0807", format!("`{path}` is not a whole safetensors file"), span, "read here")
        .note(problem)
        .help("`save`, ndc's checkpoints, and the `safetensors` package of Python write such files")
}

/// E0808: parameters that a file does not have.
pub fn tensors_missing(path: &str, missing: &[&str], present: &[&str], span: Option<Span>) -> Diagnostic {
    let plural = if missing.len() == 1 { "" } else { "s" };
    let error =
        placed("E0808", format!("`{path}` has no tensor{plural} called {}", listed(missing)), span, "loaded here");
    let error = match missing.first().and_then(|name| nearest(name, present.iter().copied())) {
        Some(near) => error.note(format!("it has `{near}`")),
        None if present.is_empty() => error.note("it holds no tensors"),
        None => error.note(format!("it has {}", listed(present))),
    };
    error.help("name what it has: `load \"…\", w`; the other parameters then keep their values")
}

/// E0809: tensors that are no parameters of the program.
pub fn tensors_unknown(path: &str, unknown: &[&str], params: &[&str], span: Option<Span>) -> Diagnostic {
    let plural = if unknown.len() == 1 { "no parameter" } else { "no parameters" };
    let error =
        placed("E0809", format!("{} in `{path}` are {plural} of this program", listed(unknown)), span, "loaded here");
    let error = match unknown.first().and_then(|name| nearest(name, params.iter().copied())) {
        Some(near) => error.note(format!("the program has `{near}`")),
        None => error.note(format!("the program has {}", listed(params))),
    };
    error.help("name what is wanted: `load \"…\", w`; the rest of the file is then left alone")
}

/// E0810: a tensor of another shape than the parameter.
pub fn tensor_shape(path: &str, name: &str, found: &str, declared: &str, load: Option<Span>, at: Span) -> Diagnostic {
    let error = placed("E0810", format!("`{name}` is {found} in `{path}`, but {declared} here"), load, "loaded here");
    let error =
        if load.is_some() { error.label(at, format!("`{name}` is declared here as {declared}")) } else { error };
    error.help("declare it with the shape that the file has, or load another file")
}

/// E0811: a tensor whose elements do not fit the parameter.
pub fn tensor_element(path: &str, name: &str, found: &str, wanted: &str, span: Option<Span>) -> Diagnostic {
    placed("E0811", format!("`{name}` holds {found} in `{path}`, but {wanted} are needed"), span, "loaded here")
        .help("parameters are read from F64, F32, F16 and BF16")
}

/// E0812: a value that `save` cannot name, or would name twice.
pub fn cannot_name(problem: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0812", format!("`save` stores values under their names, and {problem}"), span)
        .saying("this value")
        .help("name parameters, models and `let` values, each once: `let total = a + b`, then `save \"f.safetensors\", total`")
}

/// E0812: something else than parameters where `load` wants some.
pub fn not_parameters(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0812", format!("`load` sets parameters, but this is {found}"), span)
        .saying("not a parameter")
        .help("name parameters and models; without names all parameters of the program are set")
}

/// E0812: a path that is not written out.
pub fn path_not_text(action: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0812", format!("`{action}` wants a path in quotes"), span)
        .saying("not a quoted path")
        .help(format!("write it out: `{action} \"parameters.safetensors\"`"))
}

/// E0813: a file that cannot be written, asked for by the program.
pub fn cannot_write(path: &str, error: &std::io::Error, span: Option<Span>) -> Diagnostic {
    placed("E0813", format!("cannot write `{path}`: {}", reason(error)), span, "written here")
        .note("a file that was there before is as it was")
        .help("make room, or choose a folder that may be written to")
}

/// E0818: a value of a file outside the parameter's domain.
pub fn tensor_outside(path: &str, name: &str, domain: &str, problem: &str, load: Option<Span>, at: Span) -> Diagnostic {
    let error = placed("E0818", format!("`{name}` of `{path}` is not in {domain}: {problem}"), load, "loaded here");
    let error = if load.is_some() { error.label(at, format!("`{name}` lies in {domain}")) } else { error };
    error.help("load another file, or change the domain")
}
