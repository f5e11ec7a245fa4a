//! The code cache as a user meets it: what is found again, what is not, and that nothing goes wrong with a broken one.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// All kinds of code: scalar, strips, a matrix product, gathers, a loop in line and one that is not, functions of matrices,
/// random numbers, integers that are checked, a training run with data.
const PROGRAM: &str = "\
import linalg
import random

data points = csv(\"points.csv\") { x = a, y = b }

param w = 0.5
param c: [3] = [0.1, 0.2, 0.3]
fn f(x) = w * x + sum(c) * x^2

train {
    data      = points
    loss      = (f(x) - y)^2
    optimizer = sgd(lr = 0.001)
    epochs    = 30
    batch     = 2
}

let t = [sin(0.01 * i) for i in 0..700]
let m = [1 / (1 + i + j) + (if i == j { 1.0 } else { 0.0 }) for i in 0..6, j in 0..6]
print grad(|v| sum(tanh(v) * v))(t)[3], (m @ m)[2, 3], linalg.det(m)
print sum(t[(7 * i) % 700] for i in 0..300)
print fold(1.0, 0..50, |s, i| s * 0.9 + cos(s))
print sum(fold(t, 0..20, |s, i| [s[k] * 0.9 + s[699 - k] for k in 0..700]))
print random.normal(key = 3)
assert w > 0.5
";

struct Place {
    folder: tempfile::TempDir,
}

struct Ran {
    /// What the program printed, times left out.
    printed: Vec<String>,
    /// How many programs were compiled or found, and how many of those were found.
    compiled: usize,
    cached: usize,
    errors: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("points.csv"), "a,b\n1,2\n2,4.5\n-1,-1\n0.5,1\n3,7\n").unwrap();
        let place = Place { folder };
        place.write(PROGRAM);
        place
    }

    fn write(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("program.nd")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn entries(&self) -> Vec<PathBuf> {
        let Ok(files) = std::fs::read_dir(self.cache()) else { return Vec::new() };
        files.map(|file| file.unwrap().path()).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
        command.arg(arguments[0]).arg(self.file()).args(&arguments[1..]).arg("--time");
        command.env("NDC_CACHE_DIR", self.cache());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        read(self.command(arguments).output().unwrap())
    }
}

fn read(output: Output) -> Ran {
    let (out, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let line = errors.lines().find(|line| line.starts_with("compile (")).unwrap_or_else(|| panic!("{errors}"));
    let numbers: Vec<usize> = line.split(|c: char| !c.is_ascii_digit()).flat_map(str::parse).collect();
    let cached = if line.contains("from the cache") { numbers[1] } else { 0 };
    // Lines of training have times.
    let timeless = |line: &&str| !line.contains("steps/s") && !line.contains("compiled in") && !line.contains(" in ");
    let printed = out.lines().filter(timeless).map(str::to_string).collect();
    Ran { printed, compiled: numbers[0], cached, errors }
}

#[test]
fn a_second_run_finds_all_of_the_first_and_prints_the_same() {
    let place = Place::new();
    let first = place.run(&["run"]);
    assert!(first.cached == 0 && first.compiled > 10, "{}", first.errors);
    assert!(first.printed.len() >= 7, "{:?}\n{}", first.printed, first.errors);
    let second = place.run(&["run"]);
    assert_eq!((second.compiled, second.cached), (first.compiled, first.compiled), "{}", second.errors);
    assert_eq!(second.printed, first.printed);
    let without = place.run(&["run", "--no-cache"]);
    assert_eq!((without.cached, without.printed), (0, first.printed));
}

#[test]
fn whatever_decides_the_code_decides_the_entry() {
    let place = Place::new();
    let misses = |what: &str, ran: Ran| assert_eq!(ran.cached, 0, "{what}: {}", ran.errors);
    place.run(&["run"]);
    misses("precision", place.run(&["run", "--precision", "f32"]));
    misses("seed", place.run(&["run", "--seed", "7"]));
    misses("loop memory", place.run(&["run", "--loop-memory", "1KiB"]));
    let levels = ["baseline", "avx2"].map(|level| {
        let mut command = place.command(&["run"]);
        read(command.env("NDC_CPU", level).output().unwrap())
    });
    let detected = ndc::runtime::detected();
    for (ran, level) in levels.into_iter().zip([ndc::runtime::Level::Baseline, ndc::runtime::Level::Avx2]) {
        assert_eq!(ran.cached > 0, level >= detected, "{level:?}: {}", ran.errors);
    }
    std::fs::write(place.folder.path().join("points.csv"), "a,b\n1,2\n2,4.5\n-1,-1\n0.5,1\n3,7.5\n").unwrap();
    misses("data", place.run(&["run"]));
    place.write(&PROGRAM.replace("0.9", "0.8"));
    misses("source", place.run(&["run"]));
    place.write(PROGRAM);
    assert!(place.run(&["run"]).cached > 10, "what was there is found again");
}

#[test]
fn files_of_data_that_change_places_are_other_data() {
    let place = Place::new();
    place.write(
        "data few = csv(\"few.csv\") { x = a }\ndata many = csv(\"many.csv\") { x = a }
param w = 1.0
train { data = few, loss = (w - x)^2, optimizer = sgd(lr = 0.1), epochs = 3 }
train { data = many, loss = (w + x)^2, optimizer = sgd(lr = 0.1), epochs = 3 }
print w
",
    );
    let [few, many] = ["few.csv", "many.csv"].map(|name| place.folder.path().join(name));
    std::fs::write(&few, "a\n1\n2\n").unwrap();
    std::fs::write(&many, format!("a\n{}", "3\n".repeat(500))).unwrap();
    let first = place.run(&["run"]);
    let aside = place.folder.path().join("aside.csv");
    for (from, to) in [(&few, &aside), (&many, &few), (&aside, &many)] {
        std::fs::rename(from, to).unwrap();
    }
    let swapped = place.run(&["run"]);
    assert_eq!(swapped.cached, 0, "{}", swapped.errors);
    assert_ne!(swapped.printed, first.printed);
    assert_eq!(place.run(&["run", "--no-cache"]).printed, swapped.printed);
}

#[test]
fn an_imported_file_is_part_of_the_program() {
    let place = Place::new();
    let helper = place.folder.path().join("helper.nd");
    place.write("import \"helper.nd\"\nprint helper.f(2.0)\n");
    std::fs::write(&helper, "fn f(x) = x * x\n").unwrap();
    let first = place.run(&["run"]);
    assert!(first.printed[0].contains('4'), "{:?}", first.printed);
    assert_eq!(place.run(&["run"]).cached, 1);
    std::fs::write(&helper, "fn f(x) = x + x * x\n").unwrap();
    let changed = place.run(&["run"]);
    assert!(changed.cached == 0 && changed.printed[0].contains('6'), "{:?}", changed.printed);
}

#[test]
fn tests_of_a_file_have_entries_of_their_own() {
    let place = Place::new();
    place.write(
        "fn f(x) = x * x\ntest \"a\" {\n    assert f(2.0) == 4\n}\ntest \"b\" {\n    assert f(3.0) == 9\n    assert f(1.0) == 1\n}\n",
    );
    let (first, second) = (place.run(&["test"]), place.run(&["test"]));
    assert_eq!((first.compiled, first.cached, second.compiled, second.cached), (3, 0, 3, 3), "{}", second.errors);
    // A part of the tests finds its own programs.
    assert_eq!(place.run(&["test", "--only", "b"]).cached, 2);
}

#[test]
fn messages_of_run_time_errors_are_the_same_from_the_cache() {
    let place = Place::new();
    place.write("let parts: int = 0\nprint div(7, parts)\n");
    let message = |ran: Ran| ran.errors.split("error").nth(1).expect("a message").to_string();
    let (first, second) = (place.run(&["run"]), place.run(&["run"]));
    assert!(second.cached > 0);
    assert_eq!(message(first), message(second));
}

#[test]
fn broken_entries_are_made_anew() {
    let place = Place::new();
    let first = place.run(&["run"]);
    let path = place.entries().pop().expect("an entry");
    let whole = std::fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 4;
    for broken in [&changed[..], &whole[..whole.len() / 3], b"", b"\x7fELF something else"] {
        std::fs::write(&path, broken).unwrap();
        let ran = place.run(&["run"]);
        assert_eq!((ran.cached, &ran.printed), (0, &first.printed));
        assert_eq!(place.run(&["run"]).cached, first.compiled, "what was broken is stored again");
    }
}

#[test]
fn processes_at_once_do_not_disturb_one_another() {
    let place = Place::new();
    let expected = place.run(&["run", "--no-cache"]).printed;
    let running: Vec<_> = (0..4)
        .map(|_| {
            let mut command = place.command(&["run"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for process in running {
        assert_eq!(read(process.wait_with_output().unwrap()).printed, expected);
    }
    assert_eq!(place.entries().len(), 1, "one entry, nothing unfinished");
    let last = place.run(&["run"]);
    assert_eq!((last.cached, last.printed), (last.compiled, expected));
}

#[test]
fn without_a_cache_everything_works() {
    let place = Place::new();
    let expected = place.run(&["run", "--no-cache"]).printed;
    assert!(place.entries().is_empty(), "--no-cache writes nothing");
    let file = place.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let with = |name: &str, value: Option<&Path>| {
        let mut command = place.command(&["run"]);
        command.env_remove("NDC_CACHE_DIR").env_remove("XDG_CACHE_HOME").env_remove("HOME");
        if let Some(value) = value {
            command.env(name, value);
        }
        read(command.output().unwrap())
    };
    let cases = [
        (with("NDC_CACHE_DIR", Some(Path::new(""))), "NDC_CACHE_DIR is empty"),
        (with("NDC_CACHE_DIR", Some(&file)), "no cache: "),
        (with("HOME", None), "there is no home folder"),
    ];
    for (ran, said) in cases {
        assert_eq!((ran.cached, &ran.printed), (0, &expected));
        assert!(ran.errors.contains(said), "{}", ran.errors);
    }
    let home = place.folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    with("HOME", Some(&home));
    assert!(with("HOME", Some(&home)).cached > 10, "a home folder has a cache");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.run(&["run"]);
    std::fs::set_permissions(place.cache(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let ran = place.run(&["run"]);
    assert_eq!(ran.cached, 0);
    assert!(ran.errors.contains("others can write to"), "{}", ran.errors);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.run(&["run"]);
    std::fs::set_permissions(place.cache(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let again = place.run(&["run"]);
    assert_eq!(again.cached, again.compiled);
    let other = place.run(&["run", "--seed", "3"]);
    assert!(other.cached == 0 && other.printed.len() == again.printed.len(), "{}", other.errors);
    std::fs::set_permissions(place.cache(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn the_cache_is_shown_and_cleared() {
    let place = Place::new();
    place.run(&["run"]);
    let cache = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
        let output = command.arg("cache").args(arguments).env("NDC_CACHE_DIR", place.cache()).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let folder = place.cache().display().to_string();
    let shown = cache(&[]);
    assert!(shown.starts_with(&folder) && shown.contains(": 1 entry, "), "{shown}");
    let cleared = cache(&["--clear"]);
    assert!(cleared.starts_with("removed 1 entry, ") && cleared.contains(&folder), "{cleared}");
    assert!(cache(&[]).contains(": 0 entries, 0.0 MiB"));
    assert_eq!(place.run(&["run"]).cached, 0);
}
