//! `ndc grad FILE --of f`.

use super::Common;
use super::output::{report, say};
use crate::adjoint;
use crate::data::FileLoader;
use crate::diagnostics::catalog::files::cannot_write;
use crate::subject::{Request, open};
use std::fs;
use std::path::Path;

/// Writes a function and its gradient as nd; whether that went well.
pub(super) fn grad(file: &Path, request: Request, wrt: &[String], output: Option<&Path>, common: &Common) -> bool {
    let opened = open(file, request, &mut FileLoader::new(), common.options());
    let written = opened.and_then(|subject| {
        report(&subject.checked.diagnostics, &subject.checked.sources, common);
        adjoint::text(subject, wrt, request.at.is_some())
    });
    let text = match written {
        Ok(text) => text,
        Err(failure) => {
            report(&failure.diagnostics, &failure.sources, common);
            return false;
        }
    };
    let Some(path) = output else {
        say(&text);
        return true;
    };
    match fs::write(path, text) {
        Ok(()) => {
            say(&format!("wrote {}\n", path.display()));
            true
        }
        Err(error) => {
            let diagnostic = cannot_write(&path.display().to_string(), &error);
            report(&[diagnostic], &Default::default(), common);
            false
        }
    }
}
