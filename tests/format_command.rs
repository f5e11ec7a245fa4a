//! `ndc fmt` and `ndc doc` on files: what they write, where, and what they leave alone.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const UNTIDY: &str = "let a=1\nprint  a\n";
const TIDY: &str = "let a = 1\nprint a\n";

/// An empty folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("format_command_{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn ndc(folder: &Path, arguments: &[&str]) -> Output {
    with_input(folder, arguments, "")
}

fn with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ndc"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn shown(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn files_are_formatted_in_place() {
    let folder = folder("in_place");
    fs::create_dir(folder.join("inner")).unwrap();
    for name in ["a.nd", "inner/b.nd"] {
        fs::write(folder.join(name), UNTIDY).unwrap();
    }
    fs::write(folder.join("c.nd"), TIDY).unwrap();
    fs::write(folder.join("other.txt"), UNTIDY).unwrap();
    let output = ndc(&folder, &["fmt", "."]);
    assert_eq!((code(&output), shown(&output).as_str()), (0, "formatted ./a.nd\nformatted ./inner/b.nd\n"));
    for name in ["a.nd", "inner/b.nd", "c.nd"] {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), TIDY);
    }
    assert_eq!(fs::read_to_string(folder.join("other.txt")).unwrap(), UNTIDY);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "nothing is left behind");
    assert_eq!(shown(&ndc(&folder, &["fmt", "a.nd"])), "");
}

#[test]
fn check_changes_nothing() {
    let folder = folder("check");
    fs::write(folder.join("a.nd"), format!("const N = 3\n{UNTIDY}")).unwrap();
    let output = ndc(&folder, &["fmt", "--check", "a.nd"]);
    assert_eq!((code(&output), shown(&output).as_str()), (1, "a.nd:2\n- let a=1\n+ let a = 1\n"));
    assert!(fs::read_to_string(folder.join("a.nd")).unwrap().ends_with(UNTIDY));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = folder("input");
    for arguments in [&["fmt"][..], &["fmt", "-"]] {
        let output = with_input(&folder, arguments, UNTIDY);
        assert_eq!((code(&output), shown(&output).as_str()), (0, TIDY));
    }
    let output = with_input(&folder, &["fmt", "--check"], UNTIDY);
    assert_eq!((code(&output), shown(&output).as_str()), (1, "standard input:1\n- let a=1\n+ let a = 1\n"));
    let output = with_input(&folder, &["fmt"], "let a = (1 +\n");
    assert_eq!((code(&output), shown(&output).as_str()), (2, ""));
    assert!(String::from_utf8(output.stderr).unwrap().contains("standard input:1:9"));
}

#[test]
fn syntax_errors_leave_a_file_alone() {
    let folder = folder("errors");
    let broken = "let a=(1 +\nlet b=2\n";
    fs::write(folder.join("a.nd"), broken).unwrap();
    fs::write(folder.join("b.nd"), UNTIDY).unwrap();
    fs::write(folder.join("c.nd"), b"let a = \"\xff\"").unwrap();
    let output = ndc(&folder, &["fmt", "a.nd", "b.nd", "c.nd", "none.nd"]);
    assert_eq!(code(&output), 2);
    let messages = String::from_utf8(output.stderr).unwrap();
    for part in ["E0004", "a.nd:1:7", "E0802", "E0801"] {
        assert!(messages.contains(part), "{part} in {messages}");
    }
    assert_eq!(fs::read_to_string(folder.join("a.nd")).unwrap(), broken);
    assert_eq!(fs::read_to_string(folder.join("b.nd")).unwrap(), TIDY);
}

#[test]
fn line_endings_stay() {
    let folder = folder("endings");
    let path = folder.join("a.nd");
    fs::write(&path, UNTIDY.replace('\n', "\r\n")).unwrap();
    assert_eq!(code(&ndc(&folder, &["fmt", "a.nd"])), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), TIDY.replace('\n', "\r\n"));
    assert_eq!(code(&ndc(&folder, &["fmt", "--check", "a.nd"])), 0);
}

#[test]
fn a_read_only_file_stays() {
    let folder = folder("read_only");
    let path = folder.join("a.nd");
    fs::write(&path, UNTIDY).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let output = ndc(&folder, &["fmt", "a.nd"]);
    assert_eq!(code(&output), 2);
    assert!(String::from_utf8(output.stderr).unwrap().contains("E0804"));
    assert_eq!(fs::read_to_string(&path).unwrap(), UNTIDY);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder("permissions");
    let path = folder.join("a.nd");
    fs::write(&path, UNTIDY).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.nd", folder.join("link.nd")).unwrap();
    assert_eq!(code(&ndc(&folder, &["fmt", "link.nd"])), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), TIDY);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(folder.join("link.nd")).unwrap().is_symlink());
}

#[test]
fn the_reference_of_a_file_is_shown_or_written() {
    let folder = folder("doc");
    fs::write(folder.join("a.nd"), "/// Twice.\nfn twice(x)=2*x\n").unwrap();
    let output = ndc(&folder, &["doc", "a.nd"]);
    let page = "# a\n\n## Functions\n\n### `twice`\n\n```nd\nfn twice(x)\n```\n\nTwice.\n";
    assert_eq!((code(&output), shown(&output).as_str()), (0, page));
    let output = ndc(&folder, &["doc", "a.nd", "--html", "-o", "out"]);
    assert_eq!(code(&output), 0);
    assert!(fs::read_to_string(folder.join("out/a.html")).unwrap().contains("<p>Twice.</p>"));
    assert_eq!(code(&ndc(&folder, &["doc", "--html"])), 0);
    assert!(fs::read_to_string(folder.join("nd-doc/index.html")).unwrap().contains("prelude.html"));
    fs::write(folder.join("file"), "").unwrap();
    assert_eq!(code(&ndc(&folder, &["doc", "--html", "-o", "file"])), 1);
}
