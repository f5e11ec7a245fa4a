//! `ndc new` and `ndc watch`, as real processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How long a line is waited for before the test fails; it comes much earlier.
const PATIENCE: Duration = Duration::from_secs(60);

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("projects_{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn ndc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ndc")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_new_project_runs_and_is_in_its_usual_form() {
    let folder = folder("new");
    for (template, data) in
        [("classification", "data/iris.csv"), ("regression", "data/cars.csv"), ("ode", "data/bod.csv")]
    {
        let made = ndc(&folder, &["new", &format!("in/my-{template}"), "--template", template]);
        assert!(made.status.success(), "{}", text(&made));
        let program = format!("my-{template}.nd");
        assert!(text(&made).contains(&program), "it says how to run it: {}", text(&made));
        let project = folder.join(format!("in/my-{template}"));
        for arguments in [&["run", &program][..], &["test", &program], &["fmt", "--check", &program]] {
            let output = ndc(&project, arguments);
            assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        }
        let predicted = ndc(&project, &["predict", &program, "--input", data]);
        assert!(predicted.status.success(), "{}", text(&predicted));
        let rows = fs::read_to_string(project.join(data)).unwrap().lines().count();
        assert_eq!(String::from_utf8_lossy(&predicted.stdout).lines().count(), rows, "{}", text(&predicted));
        assert!(ndc(&project, &["eval", &program]).status.success());
        let tested = text(&ndc(&project, &["test", &program]));
        assert!(tested.contains("2 passed, 0 failed"), "{tested}");
        let readme = fs::read_to_string(project.join("README.md")).unwrap();
        assert!(readme.contains(&format!("ndc run {program}")) && !readme.contains('{'), "{readme}");
        assert!(project.join(".gitignore").is_file());
        let source = fs::read_to_string(project.join(&program)).unwrap();
        assert!(!source.contains("{name}") && !source.contains("{title}"), "{source}");
    }
}

#[test]
fn a_project_takes_nothing_that_is_there() {
    let folder = folder("taken");
    fs::create_dir(folder.join("empty")).unwrap();
    assert!(ndc(&folder, &["new", "empty"]).status.success());
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/notes.txt"), "mine").unwrap();
    fs::write(folder.join("file"), "mine").unwrap();
    for (name, code) in [
        ("full", "E0644"),
        ("empty", "E0644"),
        ("file", "E0644"),
        ("file/inside", "E0804"),
        (".", "E0643"),
        ("..", "E0643"),
        ("2fast", "E0643"),
        ("-x", "E0643"),
        ("a b", "E0643"),
        ("naïve", "E0643"),
        ("a.nd", "E0643"),
    ] {
        let output = ndc(&folder, &["new", "--", name]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", text(&output));
        assert!(text(&output).contains(code), "{name}: {}", text(&output));
    }
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["empty", "file", "full"]);
    assert_eq!(fs::read_dir(folder.join("full")).unwrap().count(), 1);
}

/// A process that watches, with the lines that it writes.
struct Watching {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Watching {
    fn new(folder: &Path, arguments: &[&str]) -> Self {
        // One pipe for both, so that lines come in order.
        let (reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ndc"))
            .arg("watch")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        send_lines(reader, sender);
        let stdin = child.stdin.take();
        Watching { child, stdin, lines }
    }

    /// Waits for a line with a text; the lines before it, itself included.
    fn until(&self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|line: &String| !line.contains(text)) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => seen.push(line),
                Err(_) => panic!("no line with {text:?} came, but {seen:#?}"),
            }
        }
        seen
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Quits; the exit code, and the lines that were left.
    fn quit(mut self) -> (Option<i32>, Vec<String>) {
        self.say("q");
        let code = self.child.wait().unwrap().code();
        (code, self.lines.iter().collect())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send_lines(from: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

/// Saves as many editors do: a new file takes the place of the old one.
fn save_by_renaming(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

#[test]
fn whatever_is_saved_is_checked_and_run_on_request() {
    let folder = folder("watch");
    let (program, shared, data) = (folder.join("a.nd"), folder.join("shared.nd"), folder.join("d.csv"));
    fs::write(&data, "x,y\n1,2\n2,4\n").unwrap();
    fs::write(&shared, "fn twice(x) = 2 * x\n").unwrap();
    let good = "import \"shared.nd\"\ndata d = csv(\"d.csv\")\nprint twice(sum(d.y))\n";
    fs::write(&program, good).unwrap();
    let mut watching = Watching::new(&folder, &["a.nd"]);
    watching.until("a.nd: no mistakes, checked in");

    // In place, by a new file, and a file that is imported.
    fs::write(&program, good.replace("print twice", "print twise")).unwrap();
    let seen = watching.until("a.nd: 1 error, checked in");
    assert!(seen.iter().any(|line| line.contains("E0101")), "{seen:#?}");
    save_by_renaming(&program, good);
    watching.until("a.nd: no mistakes");
    save_by_renaming(&shared, "fn twice(x) = 2 * z\n");
    watching.until("a.nd: 1 error");
    save_by_renaming(&shared, "fn twice(x) = 3 * x\n");
    watching.until("a.nd: no mistakes");

    // Data: a column is gone, and comes back with other numbers.
    save_by_renaming(&data, "x,z\n1,2\n");
    watching.until("a.nd: 1 error");
    save_by_renaming(&data, "x,y\n1,5\n2,5\n");
    watching.until("a.nd: no mistakes");
    watching.say("");
    let seen = watching.until("ran in");
    assert!(seen.iter().any(|line| line.contains("= 30")), "{seen:#?}");

    // A file that is not there yet.
    save_by_renaming(&program, &good.replace("shared.nd", "later.nd"));
    let seen = watching.until("a.nd: 1 error");
    assert!(seen.iter().any(|line| line.contains("E0805")), "{seen:#?}");
    fs::write(folder.join("later.nd"), "fn twice(x) = -x\n").unwrap();
    watching.until("a.nd: no mistakes");
    watching.say("r");
    let seen = watching.until("ran in");
    assert!(seen.iter().any(|line| line.contains("= -10")), "{seen:#?}");

    // Nothing was saved, so nothing was said; the code tells whether there were mistakes.
    assert_eq!(watching.quit(), (Some(0), Vec::new()));
}

#[test]
fn options_reach_the_run_and_a_failed_one_is_told() {
    let folder = folder("watch_options");
    let program = folder.join("a.nd");
    fs::write(&program, "const n = 1\nprint n\nassert n < 5\n").unwrap();
    let watching = Watching::new(&folder, &["a.nd", "--run", "--set", "n=3", "--", "--no-cache"]);
    let seen = watching.until("ran in");
    assert!(seen.iter().any(|line| line == "n = 3"), "{seen:#?}");
    save_by_renaming(&program, "const n = 1\nprint n + 4\nassert n + 4 < 5\n");
    let seen = watching.until("the run failed after");
    assert!(seen.iter().any(|line| line == "n + 4 = 7"), "{seen:#?}");
    assert!(seen.iter().any(|line| line.contains("E0704")), "{seen:#?}");
    // With mistakes it is not run.
    save_by_renaming(&program, "print 1 +\n");
    watching.until("a.nd: 1 error");
    let (code, rest) = watching.quit();
    assert_eq!((code, rest), (Some(1), Vec::new()));
}

/// A request ends a run that would go on for ever, and so does the end.
#[test]
fn a_run_that_goes_on_is_ended() {
    let folder = folder("watch_long");
    let program = folder.join("a.nd");
    let endless =
        "param w = 0.0\nprint \"begun\"\ntrain { loss = (w - 1)^2, optimizer = sgd(lr = 1e-300), stop = loss < 0 }\n";
    fs::write(&program, endless).unwrap();
    let mut watching = Watching::new(&folder, &["a.nd"]);
    watching.until("no mistakes");
    watching.say("r");
    watching.until("begun");
    watching.say("r");
    watching.until("begun");
    let (code, _) = watching.quit();
    assert_eq!(code, Some(0));
}

/// What is saved during a run is checked at once, and a signal that ends the watching ends the run with it.
#[cfg(unix)]
#[test]
fn a_run_does_not_delay_checks_and_does_not_outlive_the_watching() {
    let folder = folder("watch_ended");
    let program = folder.join("a.nd");
    let endless =
        "param w = 0.0\nprint \"begun\"\ntrain { loss = (w - 1)^2, optimizer = sgd(lr = 1e-300), stop = loss < 0 }\n";
    fs::write(&program, endless).unwrap();
    let mut watching = Watching::new(&folder, &["a.nd", "--", "--checkpoint", "kept"]);
    watching.until("no mistakes");
    watching.say("r");
    watching.until(" 100  loss");
    save_by_renaming(&program, "print 1 +\n");
    let seen = watching.until("a.nd: 1 error");
    assert!(seen.iter().any(|line| line.contains("E0003")), "{seen:#?}");
    assert!(Command::new("kill").args(["-TERM", &watching.child.id().to_string()]).status().unwrap().success());
    watching.until("interrupted; to go on: ndc run a.nd --resume");
    assert_eq!(watching.child.wait().unwrap().code(), Some(130));
    // Lines end when the last process that may write some has ended.
    while watching.lines.recv_timeout(PATIENCE).is_ok() {}
    assert!(watching.lines.recv_timeout(PATIENCE).is_err_and(|error| error == RecvTimeoutError::Disconnected));
    assert!(folder.join("kept").read_dir().unwrap().count() > 0);
}

/// A file that is moved away before it is written anew, as some editors do, is no missing file.
#[test]
fn a_file_that_comes_back_at_once_was_not_missing() {
    let folder = folder("watch_moved");
    let program = folder.join("a.nd");
    fs::write(&program, "print 1\n").unwrap();
    let watching = Watching::new(&folder, &["a.nd"]);
    watching.until("no mistakes");
    fs::rename(&program, folder.join("a.nd~")).unwrap();
    std::thread::sleep(Duration::from_millis(80));
    fs::write(&program, "print 2 +\n").unwrap();
    let seen = watching.until("a.nd: 1 error");
    assert!(seen.iter().any(|line| line.contains("E000") || line.contains("E0801")), "{seen:#?}");
    fs::remove_file(&program).unwrap();
    let seen = watching.until("a.nd: 1 error");
    assert!(seen.iter().any(|line| line.contains("E0801")), "{seen:#?}");
    fs::write(&program, "print 2\n").unwrap();
    watching.until("no mistakes");
}

#[test]
fn a_program_that_is_not_there_is_not_watched() {
    let folder = folder("watch_nothing");
    let output = ndc(&folder, &["watch", "a.nd"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("E0801"), "{}", text(&output));
}
