//! What can go wrong with checkpoints: each has a clear message, and nothing that was there is lost.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::checkpoint::{RunFolder, Tensors};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = r#"
data d = csv("d.csv")
param w: [2] = [0.5, -0.5]
train {
    data       = d
    loss       = (w[0] * x + w[1] - y)^2
    optimizer  = sgd(lr = 0.01)
    batch      = 4
    epochs     = 6
    checkpoint = folder("run", epochs = 2, keep = 2)
}
save "end.safetensors"
"#;

fn data(rows: usize) -> String {
    let row = |row: usize| format!("{row},{}\n", 2 * row + 1);
    std::iter::once("x,y\n".to_string()).chain((0..rows).map(row)).collect()
}

struct Project(PathBuf);

impl Project {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checkpoints").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let project = Project(folder);
        project.write("program.nd", PROGRAM);
        project.write("d.csv", &data(10));
        project
    }

    /// One that has run.
    fn trained(name: &str) -> Self {
        let project = Project::new(name);
        assert_eq!(project.run(&[]), Ok(()));
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, &text.replace(from, to));
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs the program; the messages if it fails.
    fn run(&self, more: &[&str]) -> Result<(), String> {
        self.shown(more).map(drop)
    }

    /// Runs the program; what it shows, or the messages if it fails.
    fn shown(&self, more: &[&str]) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_ndc"))
            .current_dir(&self.0)
            .args(["run", "program.nd", "--no-cache"])
            .args(more)
            .output()
            .unwrap();
        match output.status.code() {
            Some(0) => Ok(String::from_utf8(output.stdout).unwrap()),
            Some(1) => Err(String::from_utf8(output.stderr).unwrap()),
            other => panic!("ended with {other:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Runs the program, which fails with this code and these words.
    fn fails(&self, more: &[&str], code: &str, words: &[&str]) {
        let message = self.run(more).unwrap_err();
        assert!(message.contains(&format!("error[{code}]")), "{message}");
        for word in words {
            assert!(message.contains(word), "no `{word}` in: {message}");
        }
    }
}

#[test]
fn a_folder_has_the_newest_and_as_many_others_as_asked_for() {
    let project = Project::trained("kept");
    let mut names: Vec<String> = fs::read_dir(project.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["epoch-4.safetensors", "epoch-6.safetensors", "last.safetensors", "lock"]);
    let last = Tensors::read(&project.path("run/last.safetensors")).unwrap();
    let end = Tensors::read(&project.path("end.safetensors")).unwrap();
    assert_eq!(last.get("w").unwrap().bits, end.get("w").unwrap().bits);
}

#[test]
fn more_epochs_go_on_as_if_they_had_been_asked_for_at_once() {
    let whole = Project::new("more-whole");
    whole.change("program.nd", "epochs     = 6", "epochs     = 11");
    assert_eq!(whole.run(&[]), Ok(()));
    let parts = Project::trained("more-parts");
    assert_ne!(parts.bytes("end.safetensors"), whole.bytes("end.safetensors"));
    parts.change("program.nd", "epochs     = 6", "epochs     = 11");
    assert_eq!(parts.run(&["--resume"]), Ok(()));
    assert_eq!(parts.bytes("end.safetensors"), whole.bytes("end.safetensors"));
}

#[test]
fn moving_averages_go_on_from_what_they_are_averages_of() {
    for rule in ["sgd(lr = 0.01)", "momentum(lr = 0.01)", "adam(lr = 0.1)"] {
        let project = Project::new("averages");
        let settings = format!("{rule}\n    average = 0.9");
        project.change("program.nd", "sgd(lr = 0.01)", &settings);
        project.change("program.nd", "epochs = 2, keep = 2", "steps = 1, keep = 100");
        assert_eq!(project.run(&[]), Ok(()));
        let end = project.bytes("end.safetensors");
        for step in [1, 7, 12] {
            assert_eq!(project.run(&["--resume", &format!("run/step-{step}.safetensors")]), Ok(()));
            assert_eq!(project.bytes("end.safetensors"), end, "{rule} from step {step}");
        }
    }
}

#[test]
fn an_update_rule_does_not_take_the_memories_of_another() {
    let project = Project::new("rules");
    project.change("program.nd", "sgd(lr = 0.01)", "momentum(lr = 0.01)");
    assert_eq!(project.run(&[]), Ok(()));
    for other in ["nesterov", "lion", "rmsprop", "adagrad"] {
        project.change("program.nd", "momentum(lr", &format!("{other}(lr"));
        project.fails(&["--resume"], "E0816", &["`optimizer` is momentum there", other]);
        project.change("program.nd", &format!("{other}(lr"), "momentum(lr");
    }
}

#[test]
fn a_trial_saves_nothing() {
    let project = Project::trained("trial");
    let end = project.bytes("end.safetensors");
    for trial in [&["--fast-dev-run"][..], &["--overfit-batches", "1"]] {
        assert_eq!(project.run(trial), Ok(()));
        assert_eq!(project.bytes("end.safetensors"), end, "{trial:?}");
    }
}

#[test]
fn saving_goes_through_a_link() {
    let project = Project::new("link");
    std::os::unix::fs::symlink("real.safetensors", project.path("end.safetensors")).unwrap();
    project.write("real.safetensors", "");
    assert_eq!(project.run(&[]), Ok(()));
    assert!(project.path("end.safetensors").is_symlink());
    assert!(Tensors::read(&project.path("real.safetensors")).is_ok());
}

#[test]
fn a_run_that_begins_anew_puts_the_earlier_one_aside() {
    let project = Project::trained("aside");
    let first = project.bytes("run/last.safetensors");
    project.change("program.nd", "lr = 0.01", "lr = 0.02");
    assert_eq!(project.run(&[]), Ok(()));
    assert_eq!(project.bytes("run/previous/last.safetensors"), first);
    assert_ne!(project.bytes("run/last.safetensors"), first);
}

#[test]
fn a_folder_from_the_command_line_is_as_good() {
    let project = Project::new("command-line");
    project.change("program.nd", "checkpoint = folder(\"run\", epochs = 2, keep = 2)", "");
    assert_eq!(project.run(&["--checkpoint", "elsewhere/deep"]), Ok(()));
    let end = project.bytes("end.safetensors");
    assert_eq!(project.run(&["--resume", "elsewhere/deep"]), Ok(()));
    assert_eq!(project.bytes("end.safetensors"), end);
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let project = Project::trained("shared");
    let before = project.bytes("run/last.safetensors");
    let lock = RunFolder::open(&project.path("run")).unwrap();
    let process = format!("process {}", std::process::id());
    project.fails(&[], "E0814", &[&process, "`--checkpoint runs/2`"]);
    assert_eq!(project.bytes("run/last.safetensors"), before);
    drop(lock);
    assert_eq!(project.run(&["--resume"]), Ok(()));
}

#[test]
fn there_must_be_something_to_go_on_from() {
    let project = Project::trained("nothing");
    project.fails(&["--resume", "nowhere"], "E0815", &["there is no such file or folder"]);
    project.fails(&["--resume", "end.safetensors"], "E0815", &["`load` takes them"]);
    fs::create_dir(project.path("empty")).unwrap();
    project.fails(&["--resume", "empty"], "E0815", &["has no `last.safetensors`"]);
    let whole = project.bytes("run/last.safetensors");
    fs::write(project.path("run/last.safetensors"), &whole[..whole.len() - 9]).unwrap();
    project.fails(&["--resume"], "E0807", &["run/last.safetensors"]);
    project.fails(&["--resume", "d.csv"], "E0807", &["d.csv"]);
}

#[test]
fn a_checkpoint_of_another_training_is_refused() {
    for (name, from, to, words) in [
        ("batch", "batch      = 4", "batch      = 5", "`batch` is 4 there and 5 here"),
        ("seed", "batch ", "seed = 7\n    batch ", "`seed` is 0 there and 7 here"),
        ("shape", "[2] = [0.5, -0.5]", "[3] = [0.5, -0.5, 1]", "`w` is [2] there and [3] here"),
        ("name", "w", "v", "the checkpoint has no `v`"),
        ("more", "train", "param u = 1.0\ntrain", "the checkpoint has no `u`"),
        ("precision", "data d", "precision f32\ndata d", "`precision` is f64 there and f32 here"),
    ] {
        let project = Project::trained(&format!("other-{name}"));
        let before = project.bytes("run/last.safetensors");
        project.change("program.nd", from, to);
        project.fails(&["--resume"], "E0816", &[words]);
        assert_eq!(project.bytes("run/last.safetensors"), before, "{name}");
    }
}

#[test]
fn changed_data_are_noticed() {
    let project = Project::trained("data");
    project.write("d.csv", &data(11));
    project.fails(&["--resume"], "E0817", &["it had 10 rows and has 11"]);
    project.write("d.csv", &data(10).replace("3,7", "3,7.5"));
    project.fails(&["--resume"], "E0817", &["some values are not"]);
    project.write("d.csv", &data(10).replace("x,y", "x,z"));
    project.change("program.nd", "- y)", "- z)");
    project.fails(&["--resume"], "E0817", &["the columns were `x` (real), `y` (real)"]);
    fs::remove_file(project.path("d.csv")).unwrap();
    project.fails(&["--resume"], "E0501", &["d.csv"]);
}

#[test]
fn a_loss_that_is_no_number_leaves_the_state_before_it() {
    let project = Project::new("nan");
    project.change("program.nd", "(w[0] * x + w[1] - y)^2", "(w[0] * x + w[1] - y)^2 + 0 * log(30 - step_of(x))");
    project.change("program.nd", "data d", "fn step_of(x) = if x > 8.5 { 31 } else { 0 }\ndata d");
    let message = project.run(&[]).unwrap_err();
    assert!(message.contains("E0701") && message.contains("before-"), "{message}");
    let (_, rest) = message.split_once("`--resume ").unwrap();
    let path = rest.split('`').next().unwrap();
    assert!(project.path(path).is_file(), "{path}");
    // The failing step fails again, at the same place.
    let again = project.run(&["--resume", path]).unwrap_err();
    let first_line = |text: &str| text.lines().next().unwrap().to_string();
    assert_eq!(first_line(&again), first_line(&message));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_training() {
    let project = Project::new("file-in-the-way");
    project.write("run", "a file");
    project.fails(&[], "E0813", &["run"]);
    assert_eq!(project.bytes("run"), b"a file");
}

/// Needs the rights to mount; elsewhere there is nothing to try.
#[test]
fn a_full_disk_leaves_the_earlier_checkpoint() {
    let project = Project::trained("full");
    let disk = project.path("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        return;
    }
    project.change("program.nd", "\"run\"", "\"disk/run\"");
    let outcome = project.run(&[]);
    let before = project.bytes("disk/run/last.safetensors");
    let filled = (0..100).take_while(|each| fs::write(disk.join(format!("{each}")), [1; 4096]).is_ok()).count();
    project.change("program.nd", "epochs     = 6", "epochs     = 9");
    let full = project.run(&["--resume"]);
    let after = project.bytes("disk/run/last.safetensors");
    let unmounted = Command::new("umount").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert_eq!(outcome, Ok(()));
    assert!(filled > 0);
    let message = full.unwrap_err();
    assert!(message.contains("error[E0813]") && message.contains("the disk is full"), "{message}");
    assert_eq!(after, before, "the earlier checkpoint is as it was");
}

#[test]
fn output_that_is_lost_is_an_error() {
    let project = Project::new("lost");
    let full = fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_ndc"))
        .current_dir(&project.0)
        .args(["run", "program.nd", "--no-cache"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write its output"));
}

/// What `plateau` counts is part of a checkpoint: the factor is reduced within the epochs that follow it.
#[test]
fn a_plateau_goes_on_from_where_it_was() {
    let plateau = "schedule   = plateau(patience = 1, factor = 0.5, min_delta = 1000)\n    epochs";
    let whole = Project::new("plateau_whole");
    whole.change("program.nd", "epochs     = 6", &format!("{plateau}     = 6"));
    assert_eq!(whole.run(&[]), Ok(()));
    let parted = Project::new("plateau_parted");
    parted.change("program.nd", "epochs     = 6", &format!("{plateau}     = 2"));
    assert_eq!(parted.run(&[]), Ok(()));
    parted.change("program.nd", "epochs     = 2", "epochs     = 6");
    assert_eq!(parted.run(&["--resume"]), Ok(()));
    assert_eq!(fs::read(whole.path("end.safetensors")).unwrap(), fs::read(parted.path("end.safetensors")).unwrap());
    let plain = Project::trained("plateau_none");
    assert_ne!(fs::read(whole.path("end.safetensors")).unwrap(), fs::read(plain.path("end.safetensors")).unwrap());
}

/// A run that `stop` or `patience` ended goes on where these have changed, as if they had been so at once.
#[test]
fn an_end_by_stop_or_patience_is_none_when_they_change() {
    let patient = |epochs: u64| format!("patience = early_stopping({epochs}, min_delta = 0.5, restore = false)");
    for (name, before, after) in [
        ("loss", "stop = loss < 1".to_string(), "stop = loss < 0.01".to_string()),
        ("step", "stop = step == 5".to_string(), "stop = step == 50 and epoch > 1".to_string()),
        ("constant", "stop = loss < limit".to_string(), "stop = loss < limit / 2".to_string()),
        ("patience", patient(2), patient(7)),
        ("neither", "stop = step == 5\n    patience = 4".to_string(), String::new()),
    ] {
        let settings = |text: &str| format!("epochs     = 120\n    {text}");
        let whole = Project::new(&format!("terms-{name}-whole"));
        let parts = Project::new(&format!("terms-{name}-parts"));
        for (project, text) in [(&whole, &after), (&parts, &before)] {
            project.change("program.nd", "epochs     = 6", &settings(text));
            project.change("program.nd", "data d", "let limit = 1.0\ndata d");
            assert_eq!(project.run(&[]), Ok(()));
        }
        let (end, last) = (parts.bytes("end.safetensors"), parts.bytes("run/last.safetensors"));
        assert_eq!(parts.run(&["--resume"]), Ok(()), "{name}");
        assert_eq!(parts.bytes("end.safetensors"), end, "{name}: nothing has changed");
        assert_eq!(parts.bytes("run/last.safetensors"), last, "{name}: nothing has changed");
        assert_ne!(whole.bytes("end.safetensors"), end, "{name}");
        match name {
            // The text stays, what it means does not.
            "constant" => parts.change("program.nd", "limit = 1.0", "limit = 0.5"),
            _ => parts.change("program.nd", &before, &after),
        }
        assert_eq!(parts.run(&["--resume"]), Ok(()), "{name}");
        assert_eq!(parts.bytes("end.safetensors"), whole.bytes("end.safetensors"), "{name}");
    }
}

/// What was counted while something else was watched does not count.
#[test]
fn another_measure_is_watched_from_the_start() {
    let project = Project::new("watched");
    let settings =
        "epochs     = 120\n    metric off = abs(w[0] * x + w[1] - y)\n    patience = early_stopping(3, monitor = loss)";
    project.change("program.nd", "epochs     = 6", settings);
    let first = project.shown(&[]).unwrap();
    assert!(first.contains("ended by `patience`"), "{first}");
    project.change("program.nd", "monitor = loss", "monitor = off, mode = max");
    let second = project.shown(&["--resume"]).unwrap();
    let best = |text: &str| {
        let line = text.lines().find(|line| line.contains("best epoch")).unwrap().to_string();
        line.split_whitespace().nth(2).unwrap().trim_end_matches(',').parse::<u64>().unwrap()
    };
    assert!(second.contains("going on from step"), "{second}");
    assert!(best(&second) > best(&first) + 3, "an epoch after the end of the first run: {second}");
}

/// A trial goes on from a checkpoint too, though it keeps nothing.
#[test]
fn a_trial_begins_with_what_a_checkpoint_has() {
    let project = Project::trained("trial-resumed");
    let before = project.bytes("run/last.safetensors");
    for path in [&["--resume"][..], &["--resume", "run"], &["--resume", "run/epoch-6.safetensors"]] {
        let once = project.shown(&[&["--fast-dev-run"], path].concat()).unwrap();
        assert!(once.contains("going on from step 18") && once.contains("trained: 19 steps"), "{once}");
        let by_heart = project.shown(&[&["--overfit-batches", "1"], path].concat()).unwrap();
        assert!(by_heart.contains("going on from step 18") && by_heart.contains("trained: 6 steps"), "{by_heart}");
    }
    let losses = |shown: String| {
        let first = shown.lines().find(|line| line.contains("step         1 ")).unwrap().to_string();
        first.split("loss ").nth(1).unwrap().split_whitespace().next().unwrap().parse::<f64>().unwrap()
    };
    let fresh = losses(project.shown(&["--overfit-batches", "1"]).unwrap());
    let learnt = losses(project.shown(&["--overfit-batches", "1", "--resume"]).unwrap());
    assert!(learnt < fresh, "{learnt} {fresh}");
    assert_eq!(project.bytes("run/last.safetensors"), before);
    project.change("program.nd", "epochs     = 6", "epochs     = 200\n    stop = loss < 1");
    let ended = project.shown(&[]).unwrap();
    assert!(ended.contains("ended by `stop`"), "{ended}");
    let once = project.shown(&["--fast-dev-run", "--resume"]).unwrap();
    assert!(once.contains("going on from step"), "{once}");
}

/// Also where it is root who runs it: a folder below a file, and one that the system makes no files in.
#[test]
fn a_folder_that_cannot_be_made_is_told_before_training() {
    let project = Project::trained("no-folder");
    let (end, data) = (project.bytes("end.safetensors"), project.bytes("d.csv"));
    project.change("program.nd", "checkpoint = folder(\"run\", epochs = 2, keep = 2)", "");
    for folder in ["d.csv/run", "/proc/ndc/run"] {
        project.fails(&["--checkpoint", folder], "E0813", &[folder]);
        assert_eq!((project.bytes("end.safetensors"), project.bytes("d.csv")), (end.clone(), data.clone()));
    }
}

/// Needs the rights to mount; elsewhere there is nothing to try.
#[test]
fn a_folder_that_has_become_read_only_keeps_its_checkpoint() {
    let project = Project::trained("read-only");
    let disk = project.path("disk");
    fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk).output();
        mounted.is_ok_and(|mounted| mounted.status.success())
    };
    if !mount("size=1m") {
        return;
    }
    project.change("program.nd", "\"run\"", "\"disk/run\"");
    let outcome = project.run(&[]);
    let before = project.bytes("disk/run/last.safetensors");
    let is_read_only = mount("remount,ro");
    project.change("program.nd", "epochs     = 6", "epochs     = 9");
    let end = project.bytes("end.safetensors");
    let refused = project.run(&["--resume"]);
    let after = project.bytes("disk/run/last.safetensors");
    let unmounted = Command::new("umount").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert_eq!(outcome, Ok(()));
    if is_read_only {
        let message = refused.unwrap_err();
        assert!(message.contains("error[E0813]") && message.contains("disk/run"), "{message}");
        assert_eq!((after, project.bytes("end.safetensors")), (before, end));
    }
}

/// A device is written to, not replaced by a file. Needs the rights to make one.
#[test]
fn saving_to_a_device_leaves_a_device() {
    use std::os::unix::fs::FileTypeExt;
    let project = Project::new("device");
    for (name, minor) in [("null", "3"), ("full", "7")] {
        let device = project.path(name);
        let made = Command::new("mknod").arg(&device).args(["c", "1", minor]).output();
        let opened =
            made.is_ok_and(|made| made.status.success()) && fs::OpenOptions::new().write(true).open(&device).is_ok();
        if !opened {
            return;
        }
        project.write("program.nd", &format!("param w = 1.0\nsave \"{name}\"\n"));
        match name {
            "null" => assert_eq!(project.run(&[]), Ok(())),
            _ => project.fails(&[], "E0813", &["full"]),
        }
        assert!(fs::metadata(&device).unwrap().file_type().is_char_device(), "{name}");
    }
}
