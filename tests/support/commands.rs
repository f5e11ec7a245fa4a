//! Commands of `ndc` in a folder, as real processes.

use std::path::Path;
use std::process::{Command, Output};

/// What comes of a command, which has a cache of its own in the folder.
pub fn ndc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ndc"))
        .args(arguments)
        .current_dir(folder)
        .env("NDC_CACHE_DIR", folder.join("cache"))
        .output()
        .unwrap()
}

/// What a command that succeeds without a message writes.
pub fn shown(folder: &Path, arguments: &[&str]) -> String {
    let output = ndc(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Holds that a command is refused with a code and with each of the texts, and writes nothing.
pub fn refused(folder: &Path, arguments: &[&str], code: &str, texts: &[&str]) {
    let output = ndc(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).to_string();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
    assert!(errors.contains(&format!("error[{code}]")), "{arguments:?}: {errors}");
    for text in texts {
        assert!(errors.contains(text), "{arguments:?} says {text:?}: {errors}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?} writes nothing");
}
