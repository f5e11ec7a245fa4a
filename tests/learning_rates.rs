//! `--lr-find`: losses and suggestions where they are known, for every rule that has a learning rate, and that nothing
//! is changed by it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "support/records.rs"]
mod records;

use ndc::data::FileLoader;
use ndc::driver::{check_file, on_large_stack};
use ndc::session::{LearningRateRange, LearningRates, RunOptions, Session};
use records::{Records, run};
use std::fs;
use std::path::Path;
use std::process::Command;

fn options(train: Option<&str>) -> RunOptions {
    let train = train.map(str::to_string);
    let range = LearningRateRange { least: 1e-8, most: 1.0, steps: 100, train };
    RunOptions { find_learning_rate: Some(range), ..RunOptions::default() }
}

fn find(name: &str, text: &str) -> LearningRates {
    let Records { epochs, ends, mut rates, .. } = run(&format!("rates_{name}"), text, options(None));
    assert!(epochs.is_empty() && ends.is_empty() && rates.len() == 1, "nothing is trained");
    rates.remove(0)
}

fn quadratic(settings: &str) -> String {
    format!("param w = 0.0\nparam v = 0.0\ntrain {{ loss = (w - 3)^2 + (v - 2)^2, steps = 10, {settings} }}\n")
}

/// Gradient descent on a quadratic multiplies the distance of each parameter by `1 - 2 lr`.
#[test]
fn losses_of_a_quadratic_are_known() {
    for (settings, ratio) in [
        ("optimizer = sgd(lr = 0.1)", 1.0),
        ("optimizer = sgd(lr = 0.1), schedule = cosine()", 1.0),
        ("optimizer = sgd(lr = 0.1), groups = group(v, lr = 0.025)", 0.25),
        ("optimizer = sgd(lr = 0.1 / step), groups = group(v, lr = 0.3 / step)", 3.0),
    ] {
        let found = find("quadratic", &quadratic(settings));
        assert!(found.tried.len() >= 95, "{}", found.tried.len());
        let (mut w, mut v) = (-3.0_f64, -2.0_f64);
        for tried in &found.tried {
            let loss = w * w + v * v;
            assert!((tried.loss - loss).abs() <= 1e-9 * loss, "{settings}: {tried:?} {loss}");
            w *= 1.0 - 2.0 * tried.learning_rate;
            v *= 1.0 - 2.0 * ratio * tried.learning_rate;
        }
    }
}

/// Where rates rise by a factor `r`, their sum is `c = lr / (1 - 1/r)`; the loss is about `exp(-4 c)`, which falls fastest
/// against the logarithm of `lr` where `4 c = 1`.
#[test]
fn the_suggestion_for_a_quadratic_is_known() {
    let found = find("steepest", "param w = 0.0\ntrain { loss = (w - 3)^2, steps = 10, optimizer = sgd(lr = 1) }");
    let ratio = found.tried[1].learning_rate / found.tried[0].learning_rate;
    let known = 0.25 * (1.0 - 1.0 / ratio);
    let suggestion = found.suggestion.unwrap();
    assert!((1.0 / ratio..ratio).contains(&(suggestion / known)), "{suggestion} is not {known}");
}

#[test]
fn every_rule_with_a_learning_rate_has_one_to_find() {
    let own = "fn own(parameter, gradient, state = zeros(), lr) = {
        let v = 0.5 * state + gradient;
        (parameter - lr * v, v)
    }
    ";
    for rule in [
        "sgd(lr = 0.1, weight_decay = 0.01)",
        "momentum(lr = 0.1)",
        "nesterov(lr = 0.1)",
        "adam()",
        "adamw()",
        "adamax()",
        "rmsprop()",
        "adagrad()",
        "adadelta()",
        "lion()",
        "own(lr = 1)",
    ] {
        for beside in ["", ", clip = 1.0, average = 0.9, schedule = exponential(factor = 0.5)"] {
            let text = format!("{own}{}", quadratic(&format!("optimizer = {rule}{beside}")));
            let found = find("rules", &text);
            let least = found.tried.iter().map(|tried| tried.loss).fold(f64::INFINITY, f64::min);
            assert!(found.tried[0].loss == 13.0 && least < 12.9, "{rule}: {least}");
            let suggestion = found.suggestion.unwrap();
            assert!((1e-4..=1.0).contains(&suggestion), "{rule}: {suggestion}");
        }
    }
}

#[test]
fn another_training_is_found_by_its_name_or_number() {
    let text = "
        param w = 5.0
        train { loss = w^2, optimizer = sgd(lr = 0.25), steps = 1 }
        train fine { loss = (w - 1)^2, optimizer = sgd(lr = 0.25), steps = 1 }
        train { loss = w^4, optimizer = sgd(lr = 0.25), steps = 1 }
    ";
    // Those above are trained: w is 2.5 after the first, 1.75 after the second.
    for (train, name, before, loss) in [
        (None, None, 0, 25.0),
        (Some("1"), None, 0, 25.0),
        (Some("fine"), Some("fine"), 1, 2.25),
        (Some("3"), None, 2, 1.75_f64.powi(4)),
    ] {
        let records = run("rates_several", text, options(train));
        assert_eq!((records.ends.len(), records.rates.len()), (before, 1));
        assert_eq!((records.rates[0].name.as_deref(), records.rates[0].tried[0].loss), (name, loss));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("records_rates_several.nd");
    for (text, train, help) in [
        (text, "fin", Some("did you mean `--lr-find=fine`?")),
        (text, "second", Some("its blocks are 1, fine, 3")),
        ("print 1", "fine", None),
    ] {
        fs::write(&path, text).unwrap();
        let checked = check_file(&path, &mut FileLoader::new(), Default::default());
        let failed = on_large_stack(|| {
            let mut session = Session::new(&checked.program).unwrap();
            session.options = options(Some(train));
            session.run(&mut Records::default()).unwrap_err()
        });
        assert_eq!(failed[0].code, "E0645");
        assert!(help.is_none_or(|help| format!("{:?}", failed[0]).contains(help)), "{:?}", failed[0]);
    }
}

/// With batches, dropout, running means and a validation set: no parameter and no file changes, and a run with the
/// same seed finds the same.
#[test]
fn nothing_is_changed() {
    let text = r#"
        import nn
        data d = table { x = [[i / 10, 1 - i / 10] for i in 0..50], y = [i / 5 for i in 0..50] }
        model net = nn.Dense(4) >> nn.BatchNorm() >> nn.Dropout(0.5) >> nn.Dense(1)
        save "before.safetensors"
        train {
            data = d, validate = 0.2, loss = (net(x)[0] - y)^2, optimizer = adam(lr = 0.01)
            batch = 8, epochs = 3, patience = 2, schedule = plateau(), checkpoint = folder("run", seconds = 0)
        }
        print "below"
        save "after.safetensors"
    "#;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("learning_rates");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("program.nd"), text).unwrap();
    let ndc = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
        command.current_dir(&folder).args(["run", "program.nd", "--no-cache"]).args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = ndc(&["--lr-find"]);
    assert!(shown.contains("suggestion: lr = ") && !shown.contains("below"), "{shown}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "only the program");
    assert_eq!(ndc(&["--lr-find", "--threads", "1"]), shown);
    ndc(&[]);
    let written = |name: &str| fs::read(folder.join(name)).unwrap();
    let (last, after) = (written("run/last.safetensors"), written("after.safetensors"));
    let resumed = ndc(&["--lr-find", "--resume"]);
    assert_ne!(resumed, shown, "it starts from the checkpoint");
    assert_eq!((written("run/last.safetensors"), written("after.safetensors")), (last, after));
}
