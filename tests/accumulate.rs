//! Gradients of several batches for one update: the large batch, what a step remembers, and settings that are none.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "support/records.rs"]
mod records;

use ndc::data::FileLoader;
use ndc::driver::check_file;
use ndc::session::RunOptions;
use records::Records;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = "import nn
data d = table {
    x = [[(i * 7 % 11) / 11, (i * 5 % 13) / 13, (i * 3 % 7) / 7] for i in 0..38]
    y = [(i * i % 17) / 4 for i in 0..38]
}
model net = nn.Dense(8, tanh) >> nn.Dropout(0.25) >> nn.Dense(1)
";

fn block(settings: &str) -> String {
    format!("{PROGRAM}train {{ data = d, loss = (net(x)[0] - y)^2, {settings} }}\n")
}

fn run(name: &str, text: &str) -> Records {
    records::run(&format!("accumulate_{name}"), text, RunOptions::default())
}

/// Draws of dropout belong to a step and an example, so that they are those of the large batch too.
#[test]
fn batches_that_make_one_update_are_as_good_as_one_large_batch() {
    for (name, settings) in [
        ("adam", "optimizer = adam(lr = 0.02), epochs = 30"),
        ("clip", "optimizer = sgd(lr = 0.1), clip = norm(0.5), epochs = 30"),
        (
            "loss",
            "optimizer = sgd(lr = 0.1), schedule = if loss > 2 { 0.1 } else { 0.3 }, stop = loss < 0.8, epochs = 30",
        ),
        ("step_norm", "optimizer = sgd(lr = 0.1), clip = if step == 1 { 1 } else { 2 * step_norm }, epochs = 30"),
        ("average", "optimizer = momentum(lr = 0.02), average = 0.9, validate = 0.2, epochs = 30"),
    ] {
        let large = run(&format!("{name}_large"), &block(&format!("{settings}, batch = 16")));
        let small = run(&format!("{name}_small"), &block(&format!("{settings}, batch = 4, accumulate = 4")));
        assert_eq!(large.starts[0].examples_per_step(), small.starts[0].examples_per_step());
        assert_eq!(large.starts[0].steps_per_epoch, small.starts[0].steps_per_epoch);
        assert_eq!(large.ends[0].steps, small.ends[0].steps, "{name}");
        assert_eq!(large.epochs.len(), small.epochs.len());
        let pairs = large.epochs.iter().zip(&small.epochs);
        let losses = pairs.map(|(large, small)| (large.loss, small.loss));
        let norms = large.epochs.iter().zip(&small.epochs);
        let norms = norms.map(|(large, small)| (large.gradient_norm.unwrap(), small.gradient_norm.unwrap()));
        let values = large.ends[0].params.iter().zip(&small.ends[0].params);
        let values = values.flat_map(|(large, small)| large.2.iter().copied().zip(small.2.iter().copied()));
        for (large, small) in losses.chain(norms).chain(values) {
            assert!((large - small).abs() <= 1e-10 * large.abs().max(1.0), "{name}: {large:?} and {small:?}");
        }
    }
}

#[test]
fn running_means_see_every_batch() {
    let text = "import nn
data d = table { x = [[real(i), i * i / 7] for i in 0..12] }
model net = nn.BatchNorm()
train { data = d, loss = sum(net(x)^2), optimizer = sgd(lr = 1e-300), shuffle = false, epochs = 1, SETTINGS }
print net([1.0, 2.0])
";
    let printed = |settings: &str| {
        let folder = folder("running");
        fs::write(folder.join("program.nd"), text.replace("SETTINGS", settings)).unwrap();
        let output = ndc(&folder, &["run", "program.nd"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_string()
    };
    assert_eq!(printed("batch = 4"), printed("batch = 4, accumulate = 3"));
    assert_ne!(printed("batch = 12"), printed("batch = 4, accumulate = 3"));
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("accumulate").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn ndc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ndc")).current_dir(folder).args(arguments).output().unwrap()
}

/// A step is never left in the middle, so that no sum over its batches is part of a checkpoint.
#[test]
fn threads_reports_and_going_on_change_no_bit() {
    let settings =
        "optimizer = adam(lr = 0.02), clip = if step < 5 { 1 } else { 20 * step_norm }, batch = 5, accumulate = 3,
        checkpoint = \"kept\"";
    let ended = |name: &str, runs: &[(u64, &[&str])]| {
        let folder = folder(name);
        for (steps, more) in runs {
            let text = block(&format!("{settings}, steps = {steps}")) + "save \"end.safetensors\"\n";
            fs::write(folder.join("program.nd"), text).unwrap();
            let output = ndc(&folder, &[&["run", "program.nd", "--no-cache"], *more].concat());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        fs::read(folder.join("end.safetensors")).unwrap()
    };
    let whole = ended("whole", &[(50, &["--threads", "1"])]);
    assert_ne!(whole, ended("less", &[(49, &[])]));
    assert_eq!(whole, ended("threads", &[(50, &["--threads", "2", "--json"])]));
    assert_eq!(whole, ended("parts", &[(1, &[]), (17, &["--resume"]), (29, &["--resume"]), (50, &["--resume"])]));
}

#[test]
fn another_number_of_batches_is_another_training() {
    let folder = folder("other");
    let text = |number: u64, steps: u64| {
        let settings = "optimizer = sgd(lr = 0.02), batch = 5, checkpoint = \"kept\"";
        block(&format!("{settings}, steps = {steps}, accumulate = {number}"))
    };
    fs::write(folder.join("program.nd"), text(2, 3)).unwrap();
    assert!(ndc(&folder, &["run", "program.nd"]).status.success());
    fs::write(folder.join("program.nd"), text(4, 6)).unwrap();
    let output = ndc(&folder, &["run", "program.nd", "--resume"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("`accumulate` is 2 there and 4 here"), "{errors}");
}

/// Example 13, in the fourth of five batches, has no logarithm, or the rate of the first step has none.
#[test]
fn a_loss_that_is_no_number_is_found_in_any_batch_of_its_step() {
    for (name, loss, rate, operation) in [
        ("loss", "log(w * abs(x - 13))", "1e-9", "log"),
        ("gradient", "sqrt(w * w + (x - 13)^2 - 1)", "1e-9", "on the way back"),
        ("update", "(w - x)^2", "log(1 - step)", "log(0.0) = -inf, in the update"),
    ] {
        let folder = folder(&format!("failure_{name}"));
        let text = format!(
            "param w = 1.0
data d = table {{ x = [real(i) for i in 0..20] }}
train {{ data = d, loss = {loss}, optimizer = sgd(lr = {rate}), epochs = 3, batch = 4, accumulate = 5, shuffle = false }}
"
        );
        fs::write(folder.join("program.nd"), text).unwrap();
        let output = ndc(&folder, &["run", "program.nd"]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("E0701"), "{name}: {errors}");
        assert!(errors.contains(operation), "{name}: {errors}");
    }
}

#[test]
fn without_data_every_batch_is_the_same() {
    let text = |more: &str| {
        format!("param w = 3.0\ntrain {{ loss = (w - 1)^4, optimizer = sgd(lr = 0.01), steps = 20{more} }}\n")
    };
    let values = |records: Records| records.ends[0].params[0].2[0].to_bits();
    assert_eq!(values(run("alone", &text(""))), values(run("alone_many", &text(", accumulate = 4"))));
}

/// Settings with the part that is marked and a part of the message.
const REFUSED: &[(&str, &str, &str)] = &[
    ("accumulate = 0", "0", "is a whole number above zero"),
    ("accumulate = -1", "-1", "is a whole number above zero"),
    ("accumulate = 1.5", "1.5", "is a whole number above zero"),
    ("accumulate = true", "true", "is a whole number above zero"),
    ("accumulate = 6, batch = 8", "6", "is at most 5, the batches of an epoch"),
    ("accumulate = 2, batch = all", "2", "needs several batches"),
];

#[test]
fn numbers_of_batches_that_are_none_are_refused() {
    for (place, (settings, marked, message)) in REFUSED.iter().enumerate() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("accumulate_refused_{place}.nd"));
        let text = block(&format!("optimizer = sgd(lr = 0.1), epochs = 3, {settings}"));
        fs::write(&path, &text).unwrap();
        let checked = check_file(&path, &mut FileLoader::new(), Default::default());
        let [error] = &checked.diagnostics[..] else { panic!("{settings}: {:#?}", checked.diagnostics) };
        assert!(error.code == "E0603" && error.message.contains(message), "{settings}: {}", error.message);
        let span = error.primary.as_ref().unwrap().span;
        assert_eq!(&text[span.start as usize..span.end as usize], *marked, "{settings}");
    }
}
