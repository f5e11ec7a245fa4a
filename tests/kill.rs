//! Runs that are killed: whatever the moment, no checkpoint is unreadable, and the run that goes on ends with the bits of
//! one that was never stopped.
//!
//! `NDC_KILLS` sets how many runs each test kills; the full count is `NDC_KILLS=200 cargo test --release --test kill`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![allow(clippy::print_stdout, reason = "how many runs were killed is worth knowing")]

use ndc::checkpoint::Tensors;
use ndc::runtime::random::{Key, Sequence};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How many runs are killed where nothing else is said.
const KILLS: usize = 21;

/// What is trained: several ways to keep a state.
const PROGRAMS: &[(&str, &str)] = &[
    (
        "shuffled",
        r#"
        data d = table { x = [[i / 40, (i * 7 % 40) / 40] for i in 0..40], y = [sin(i / 6) for i in 0..40] }
        import nn
        model net = nn.Dense(8, tanh) >> nn.Dropout(0.2) >> nn.Dense(1)
        train {
            data = d  loss = (net(x)[0] - y)^2  optimizer = adamw(lr = 0.01)
            batch = 7  epochs = 40  checkpoint = folder("run", steps = 20, seconds = 0.03)
        }
        save "end.safetensors"
        "#,
    ),
    (
        "running",
        r#"
        data d = table { x = [[i / 40, (i * 7 % 40) / 40] for i in 0..40], y = [sin(i / 6) for i in 0..40] }
        import nn
        param scale in (0, inf) = 1.5
        model net = nn.Dense(8) >> nn.BatchNorm() >> nn.Dense(1)
        train first {
            data = d  loss = (scale * net(x)[0] - y)^2  optimizer = sgd(lr = 0.05)  seed = 3
            batch = 16  epochs = 40  checkpoint = folder("run", epochs = 3, keep = 2, seconds = 0.01)
        }
        let middle = scale
        train second {
            data = d  loss = (scale * net(x)[0] - y)^2 + 0.01 * (scale - middle)^2
            optimizer = adam(lr = 0.02)  batch = all  steps = 150
            checkpoint = folder("run", seconds = 0.01)
        }
        save "end.safetensors"
        "#,
    ),
    (
        "stopping",
        r#"
        data d = table { x = [[i / 40, (i * 7 % 40) / 40] for i in 0..40], y = [sin(i / 6) for i in 0..40] }
        import nn
        model net = nn.Dense(16, tanh) >> nn.Dense(1)
        train {
            data = d  loss = (net(x)[0] - y)^2  optimizer = sgd(lr = 0.3)  validate = 0.3
            batch = 8  epochs = 200  patience = 15  checkpoint = folder("run", seconds = 0.001)
        }
        save "end.safetensors"
        "#,
    ),
];

/// Layers, and the settings of a block: every update rule that the programs above do not have, and what may stand beside it.
const SETTINGS: &[(&str, &str)] = &[
    (
        "nn.BatchNorm() >>",
        "optimizer = momentum(lr = 0.01), schedule = cosine(warmup = 5), clip = norm(0.5), average = 0.9, batch = 7, epochs = 400",
    ),
    (
        "nn.Dropout(0.3) >>",
        "optimizer = nesterov(lr = 0.01), weight_decay = 1e-3, groups = group(net.0, lr = 0.002), accumulate = 2, batch = 7, epochs = 400",
    ),
    (
        "nn.BatchNorm() >> nn.Dropout(0.2) >>",
        "optimizer = adam(lr = 0.01), schedule = plateau(patience = 1, factor = 0.7), accumulate = 3, average = 0.99, batch = 5, epochs = 400",
    ),
    ("", "optimizer = adamax(), schedule = one_cycle(), clip = value(0.1), validate = 0.25, batch = 8, epochs = 400"),
    (
        "nn.Dropout(0.1) >>",
        "optimizer = rmsprop(), schedule = exponential(factor = 0.99), groups = group(net, epsilon = 1e-6), batch = 7, epochs = 400",
    ),
    (
        "",
        "optimizer = adagrad(lr = 0.1), schedule = linear(end = 0.1), validate = 0.3, patience = 390, batch = 9, epochs = 400",
    ),
    (
        "nn.BatchNorm() >>",
        "optimizer = adadelta(), clip = if step > 1 { 1 + step_norm } else { 1 }, batch = 6, epochs = 400",
    ),
    (
        "nn.Dropout(0.5) >>",
        "optimizer = lion(lr = 1e-3), schedule = step_decay(every = 50, factor = 0.5), batch = 8, shuffle = false, epochs = 400",
    ),
    ("", "optimizer = lbfgs(), batch = all, steps = 250"),
];

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, text: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kill").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("program.nd"), text).unwrap();
        Folder(folder)
    }

    fn command(&self, threads: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
        command.current_dir(&self.0).args(["run", "program.nd", "--threads", threads]).args(more);
        command.env("NDC_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("kill-cache"));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn run(&self, threads: &str, more: &[&str]) -> Output {
        let output = self.command(threads, more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Every checkpoint can be read, however its run ended.
    fn checkpoints_are_whole(&self) -> usize {
        let mut count = 0;
        let mut folders = vec![self.0.join("run")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "safetensors") {
                    let tensors = Tensors::read(&path);
                    assert!(tensors.is_ok_and(|tensors| tensors.state.is_some()), "{}", path.display());
                    count += 1;
                }
            }
        }
        count
    }

    fn end(&self) -> Vec<u8> {
        fs::read(self.0.join("end.safetensors")).unwrap()
    }
}

/// How many runs are killed; `usual` where nothing else is said.
fn kills(usual: usize) -> usize {
    std::env::var("NDC_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// Kills a process after a while; whether it was still running.
fn kill_after(mut command: Command, wait: Duration) -> bool {
    let mut child = command.spawn().unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Kills runs of a program, each at a random moment, and goes on; how many were still going when they were killed.
fn kill_and_go_on(name: &str, text: &str, count: usize, sequence: &mut Sequence) -> usize {
    let whole = Folder::new(&format!("{name}-whole"), text);
    let begun = Instant::now();
    whole.run("1", &[]);
    let expected = whole.end();
    // Once more, to know the time without compiling.
    let begun_again = Instant::now();
    whole.run("2", &[]);
    assert_eq!(whole.end(), expected, "{name}: with two threads");
    let time = begun_again.elapsed().min(begun.elapsed());
    let mut killed = 0;
    let mut folder = Folder::new(name, text);
    for kill in 0..count {
        let threads = if kill % 2 == 0 { "1" } else { "2" };
        let mut command = folder.command(threads, &["--resume"]);
        let mut wait = time.mul_f64(sequence.uniform());
        if kill % 4 == 3 {
            // Long enough to be killed in the middle of a write.
            command.env("NDC_SLOW_WRITES", "20");
            wait *= 3;
        }
        let was_going = kill_after(command, wait);
        killed += usize::from(was_going);
        folder.checkpoints_are_whole();
        // A run that goes on is shorter than a whole one, so the next begins at the start where this one came to its end.
        if kill % 3 == 2 || !was_going {
            folder.run(threads, &["--resume"]);
            assert_eq!(folder.end(), expected, "{name}, kill {kill}");
            folder = Folder::new(name, text);
        }
    }
    folder.run("2", &["--resume"]);
    assert!(folder.checkpoints_are_whole() > 0);
    assert_eq!(folder.end(), expected, "{name}");
    println!("{name}: {killed} of {count} runs were still going when they were killed");
    killed
}

#[test]
fn a_killed_run_goes_on_bit_by_bit() {
    let mut sequence = Key { seed: 1, stream: 1 }.sequence();
    for (name, text) in PROGRAMS {
        let count = kills(KILLS).div_ceil(PROGRAMS.len());
        assert!(kill_and_go_on(name, text, count, &mut sequence) > 0, "none of {count} runs was still going");
    }
}

/// A program with one of [`SETTINGS`], and when it writes checkpoints.
fn block(layers: &str, settings: &str, when: &str) -> String {
    format!(
        r#"
        data d = table {{ x = [[i / 40, (i * 7 % 40) / 40] for i in 0..40], y = [sin(i / 6) for i in 0..40] }}
        import nn
        model net = nn.Dense(6, tanh) >> {layers} nn.Dense(1)
        train {{
            data = d  loss = (net(x)[0] - y)^2  {settings}
            checkpoint = folder("run", {when})
        }}
        save "end.safetensors"
        "#
    )
}

/// Every update rule and whatever a block says beside it keeps its state in checkpoints.
#[test]
fn every_rule_and_setting_goes_on_bit_by_bit() {
    let mut sequence = Key { seed: 2, stream: 1 }.sequence();
    let count = kills(2 * SETTINGS.len()).div_ceil(SETTINGS.len());
    let mut killed = 0;
    for (index, (layers, settings)) in SETTINGS.iter().enumerate() {
        let text = block(layers, settings, "seconds = 0.003");
        killed += kill_and_go_on(&format!("settings-{index}"), &text, count, &mut sequence);
    }
    assert!(killed > 0, "no run was still going when it was killed");
}

/// The same without chance: from a few checkpoints of each block, among them one in the middle of an epoch.
#[test]
fn every_rule_and_setting_goes_on_from_any_step() {
    for (index, (layers, settings)) in SETTINGS.iter().enumerate() {
        let settings = settings.replace("epochs = 400", "epochs = 6").replace("steps = 250", "steps = 12");
        let text = block(layers, &settings, "steps = 1, keep = 1000");
        let folder = Folder::new(&format!("steps-{index}"), &text);
        folder.run("1", &[]);
        let expected = folder.end();
        for step in [1, 5, 10] {
            let path = format!("run/step-{step}.safetensors");
            assert!(folder.0.join(&path).is_file(), "{settings}: {path}");
            folder.run("2", &["--resume", &path]);
            assert_eq!(folder.end(), expected, "{settings}: from step {step}");
        }
    }
}

#[test]
fn a_run_can_go_on_from_every_checkpoint() {
    let (name, text) = PROGRAMS[0];
    let text =
        text.replace("steps = 20, seconds = 0.03", "steps = 1, keep = 1000").replace("epochs = 40", "epochs = 2");
    let whole = Folder::new(&format!("{name}-each"), &text);
    whole.run("1", &[]);
    let expected = whole.end();
    let steps: Vec<PathBuf> = fs::read_dir(whole.0.join("run")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let steps: Vec<&PathBuf> = steps.iter().filter(|path| path.to_string_lossy().contains("step-")).collect();
    assert_eq!(steps.len(), 12);
    for step in steps {
        whole.run("2", &["--resume", step.to_str().unwrap()]);
        assert_eq!(whole.end(), expected, "{}", step.display());
    }
}

#[test]
fn a_run_that_is_interrupted_keeps_its_state_and_says_so() {
    let text = PROGRAMS[0]
        .1
        .replace("epochs = 40", "epochs = 1000000")
        .replace("steps = 20, seconds = 0.03", "seconds = 1000");
    for signal in ["-INT", "-TERM"] {
        let folder = Folder::new(&format!("interrupted{signal}"), &text);
        let mut command = folder.command("1", &[]);
        command.stdout(Stdio::piped());
        let child = command.spawn().unwrap();
        // Until training has begun.
        std::thread::sleep(Duration::from_millis(3000));
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{errors}");
        assert!(errors.contains("--resume run"), "{errors}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("interrupted"));
        assert!(folder.checkpoints_are_whole() > 0);
        assert!(!folder.0.join("end.safetensors").exists(), "what follows is left out");
    }
}

/// Whoever asks twice does not wait: the checkpoint that is being written is not, the one before it stays.
#[test]
fn a_second_interruption_ends_a_run_at_once() {
    let text = PROGRAMS[0].1.replace("epochs = 40", "epochs = 1000000").replace("seconds = 0.03", "seconds = 0");
    let folder = Folder::new("interrupted-twice", &text);
    let mut command = folder.command("1", &[]);
    // It is nearly always writing, for two seconds each time.
    command.env("NDC_SLOW_WRITES", "200").stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    let last = folder.0.join("run/last.safetensors");
    while !last.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let interrupt = || Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    interrupt();
    std::thread::sleep(Duration::from_millis(100));
    interrupt();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("training on d") && !shown.contains("trained"), "{shown}");
    assert!(folder.checkpoints_are_whole() > 0);
}
