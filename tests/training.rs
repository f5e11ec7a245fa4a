//! What training measures and when it ends: metrics against scikit-learn, validation that changes nothing, early stopping.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "support/records.rs"]
mod records;

use ndc::runtime::threads::set_count;
use ndc::session::{Ending, RunOptions};
use records::{Records, run, try_run};

fn bits(records: &Records) -> Vec<u64> {
    records.ends[0].params.iter().flat_map(|(.., values)| values.iter().map(|value| value.to_bits())).collect()
}

/// Twenty examples with the scores of three classes, a probability with ties at one half, and two outputs.
const DATA: &str = "
data d = table {
    scores = [[(i * 7 % 11) / 11, (i * 5 % 13) / 13, (i * 3 % 7) / 7] for i in 0..20]
    label  = [i * i % 3 for i in 0..20]
    p      = [(i * 7 % 10) / 10 for i in 0..20]
    truth  = [if i % 3 == 0 { 1 } else { 0 } for i in 0..20]
    y      = [(i * i % 17) / 4 for i in 0..20]
    q      = [(i * i % 17) / 4 + (i * 5 % 7 - 3) / 3 for i in 0..20]
    u      = [i * 3 % 5 for i in 0..20]
}
param w = 0.0
";

/// Each measure with the value that scikit-learn 1.x gives for the same numbers.
const SCIKIT_LEARN: &[(&str, f64)] = &[
    ("accuracy(scores, label)", 0.4),
    // Example 0 has three equal scores. scikit-learn takes the later of them for greater, nd the earlier, as `argmax`
    // does: this is scikit-learn's value for scores that are made smaller by 1e-9 from one entry to the next.
    ("top_k(scores, label, 2)", 0.7),
    ("precision(scores, label)", 0.41269841269841273),
    ("recall(scores, label)", 0.29304029304029305),
    ("f1(scores, label)", 0.3308270676691729),
    ("f1(argmax(scores), label)", 0.3308270676691729),
    ("precision(p, truth)", 0.125),
    ("recall(p > 0.5, truth)", 0.14285714285714285),
    ("f1(p, truth == 1)", 0.13333333333333333),
    ("auc(p, truth)", 0.2692307692307692),
    ("mae(q, y)", 0.5833333333333333),
    ("mae([q, 0.5 * u], [y, u])", 0.7916666666666666),
    ("rmse(q, y)", 0.6790516262487787),
    ("rmse([q, 0.5 * u], [y, u])", 0.9518982488201839),
    ("r2(q, y)", 0.7747071447353912),
    ("r2([q, 0.5 * u], [y, u])", 0.5123535723676955),
];

#[test]
fn scores_that_are_nan_are_of_no_class() {
    let text = "
data d = table { s = [0.9, -1, 0.16, 0.64], t = [1, 0, 0, 1] }
param w = 0.0
train {
    data = d
    loss = w^2
    metric precise = precision(sqrt(s), t)
    metric recalled = recall([0.5, sqrt(s)], t)
    metric both = f1(sqrt(s), t)
    metric right = accuracy(sqrt(s), t)
    metric found = precision(abs(s), t)
    metric table = confusion([0.5, sqrt(s)], t)
    optimizer = sgd(lr = 0.1)
    epochs = 1
}
";
    let records = run("scores_of_no_class", text, RunOptions::default());
    let values: Vec<f64> = records.ends[0].metrics.iter().map(|(_, value)| *value).collect();
    assert!(values[..3].iter().all(|value| value.is_nan()), "{values:?}");
    assert_eq!(values[3..5], [0.75, 2.0 / 3.0]);
    assert_eq!(records.ends[0].confusions[0].counts, [[1, 0], [0, 2]]);
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    let metrics: String =
        (0..).zip(SCIKIT_LEARN).map(|(place, (measure, _))| format!("metric m{place} = {measure}\n")).collect();
    let text = format!(
        "{DATA}train {{
            data = d
            loss = (w - y)^2
            {metrics} metric table = confusion(scores, label)
            optimizer = sgd(lr = 0.1)
            batch = 7
            epochs = 2
        }}"
    );
    let records = run("measures", &text, RunOptions::default());
    // While training, over batches of 7, 7 and 6, and at the end over all at once.
    for found in [&records.epochs[0].metrics, &records.epochs[1].metrics, &records.ends[0].metrics] {
        for ((measure, expected), (_, value)) in SCIKIT_LEARN.iter().zip(found) {
            assert!((value - expected).abs() < 1e-14, "{measure}: {value} is not {expected}");
        }
        assert_eq!(found.len(), SCIKIT_LEARN.len());
    }
    assert_eq!(records.ends[0].confusions[0].counts, [[4, 2, 1], [3, 4, 6], [0, 0, 0]]);
}

#[test]
fn a_score_that_is_no_number_is_a_wrong_answer() {
    let text = "data d = table { q = [-1.0, -1.0, 0.5, 4.0], label = [0, 1, 1, 0], positive = [0, 0, 0, 1] }
param w = 1.0
train {
    data = d, loss = w^2, optimizer = sgd(lr = 0.1), epochs = 1, batch = all
    metric vector = accuracy([log(q), 0.5], label)
    metric hot = accuracy([log(q), 0.5], one_hot(label, 2))
    metric probability = accuracy(log(q), positive)
    metric first = top_k([log(q), 0.5], label, 1)
    metric both = top_k([log(q), 0.5], label, 2)
}
";
    let records = run("nan_scores", text, RunOptions::default());
    let found: Vec<f64> = records.epochs[0].metrics.iter().map(|(_, value)| *value).collect();
    // NaN is greater than all, so that the other entry is among two.
    assert_eq!(found, [0.5, 0.5, 0.5, 0.5, 0.75]);
}

const CURVE: &str = "
data seen  = table { x = [i / 40 for i in 0..80], y = [3 * i / 40 - 1 for i in 0..80] }
data other = table { x = [0.5, 1.5, 2.5], y = [0.25, 3.75, 6.25] }
param w = 0.0
param b = 0.0
";

fn curve(settings: &str) -> String {
    format!("{CURVE}train {{ data = seen, loss = (w * x + b - y)^2, optimizer = sgd(lr = 0.1), {settings} }}")
}

#[test]
fn validation_changes_nothing() {
    let plain = run("plain", &curve("batch = 12, epochs = 30"), RunOptions::default());
    let validated = run("validated", &curve("batch = 12, epochs = 30, validate = other"), RunOptions::default());
    assert_eq!(bits(&plain), bits(&validated));
    assert_eq!(plain.epochs.len(), 30);
    for (a, b) in plain.epochs.iter().zip(&validated.epochs) {
        assert_eq!((a.loss.to_bits(), a.validation.is_some()), (b.loss.to_bits(), false));
        assert!(b.validation.is_some());
    }
}

#[test]
fn a_fraction_to_validate_on_is_a_split() {
    for (fraction, rest) in [("0.9", "0.1"), ("0.25", "0.75"), ("0.7", "0.3")] {
        let settings = "batch = 3, epochs = 5, seed = 7";
        let stated = run("fraction", &curve(&format!("{settings}, validate = {fraction}")), RunOptions::default());
        let text = curve(&format!("{settings}, validate = held_out"))
            .replace("data = seen", "data = kept")
            .replace("param w", &format!("let (kept, held_out) = split(seen, {rest}, seed = 7)\nparam w"));
        let split = run("split", &text, RunOptions::default());
        assert_eq!(bits(&stated), bits(&split), "{fraction}");
        let losses = |records: &Records| -> Vec<u64> {
            records.epochs.iter().map(|epoch| epoch.validation.as_ref().unwrap().0.to_bits()).collect()
        };
        assert_eq!(losses(&stated), losses(&split), "{fraction}");
    }
}

#[test]
fn the_validation_loss_is_that_of_the_parameters_at_the_end() {
    let records = run("evaluated", &curve("batch = 12, epochs = 3, validate = other"), RunOptions::default());
    let end = &records.ends[0];
    let (w, b) = (end.params[0].2[0], end.params[1].2[0]);
    let error = |(x, y): &(f64, f64)| (w * x + b - y).powi(2);
    let expected = [(0.5, 0.25), (1.5, 3.75), (2.5, 6.25)].iter().map(error).sum::<f64>() / 3.0;
    for (loss, _) in [end.validation.as_ref().unwrap(), records.epochs[2].validation.as_ref().unwrap()] {
        assert!((loss - expected).abs() < 1e-14, "{loss} is not {expected}");
    }
}

#[test]
fn early_stopping_goes_back_to_the_best_epoch() {
    let records = run("patience", &curve("epochs = 1000, validate = other, patience = 4"), RunOptions::default());
    let end = &records.ends[0];
    let best = end.best.as_ref().unwrap();
    assert_eq!(end.ending, Ending::NoImprovement);
    assert_eq!(end.epochs, best.epoch + 4);
    let losses = records.epochs.iter().map(|record| record.validation.as_ref().unwrap().0);
    assert_eq!(losses.fold(f64::INFINITY, f64::min), best.value);
    assert_eq!(end.validation.as_ref().unwrap().0, best.value);
}

#[test]
fn dropout_and_batch_normalisation_evaluate_without_the_batch() {
    let text = "
        import nn
        data seen  = table { x = [[i / 10, 1 - i / 10] for i in 0..10], y = [i / 5 for i in 0..10] }
        data other = table { x = [[0.2, 0.4]], y = [0.6] }
        model net = nn.Dense(4) >> nn.BatchNorm() >> nn.Dropout(0.5) >> nn.Dense(1)
        train {
            data = seen, validate = other, loss = (net(x)[0] - y)^2
            optimizer = sgd(lr = 0.05), batch = BATCH, epochs = 5
        }";
    for batch in ["4", "all"] {
        let text = text.replace("BATCH", batch);
        let [a, b] =
            ["first", "again"].map(|name| run(&format!("dropout_{batch}_{name}"), &text, RunOptions::default()));
        assert_eq!(bits(&a), bits(&b));
        let (end, last) = (&a.ends[0], a.epochs.last().unwrap());
        assert_eq!(end.validation, last.validation, "nothing is drawn, nothing is moved on");
    }
}

#[test]
fn a_short_trial_takes_one_step() {
    let options = RunOptions { fast_dev_run: true, ..RunOptions::default() };
    let records = run("trial", &curve("batch = 12, epochs = 1000, validate = other"), options);
    assert_eq!((records.ends[0].steps, records.epochs.len()), (1, 1));
}

#[test]
fn a_few_batches_are_learnt_by_heart() {
    let options = RunOptions { overfit_batches: Some(1), ..RunOptions::default() };
    let records = run("by_heart", &curve("batch = 3, epochs = 2000"), options);
    assert_eq!(records.ends[0].steps, 2000);
    assert!(records.epochs.last().unwrap().loss < 1e-6);
}

/// PyTorch's `ReduceLROnPlateau(factor=0.5, patience=2, threshold=0.01, threshold_mode="abs")` on a loss that goes to
/// and fro: the learning rates of 24 steps and the parameter they end with.
#[test]
fn plateau_reduces_the_learning_rate_as_pytorch_does() {
    let text = "
param w = 0.0
train {
    loss      = abs(w - 1.03)
    optimizer = sgd(lr = 0.4)
    schedule  = plateau(patience = 2, factor = 0.5, min_delta = 0.01)
    steps     = 24
}
";
    let records = run("plateau", text, RunOptions::default());
    let rates: Vec<f64> = records.epochs.iter().map(|record| record.learning_rate.unwrap()).collect();
    let counts = [(0.4, 7), (0.2, 5), (0.1, 3), (0.05, 3), (0.025, 5), (0.0125, 1)];
    let expected: Vec<f64> = counts.iter().flat_map(|(rate, count)| std::iter::repeat_n(*rate, *count)).collect();
    assert_eq!(rates, expected);
    let w = records.ends[0].params[0].2[0];
    assert!((w - 1.0375000000000003).abs() < 1e-15, "{w}");
}

/// The validation loss of the epoch before is what a schedule and a bound on the gradient see.
#[test]
fn schedules_and_clips_see_the_validation_loss() {
    let text = "
data d = table {
    x = [1.0, 2.0]
}
param w = 0.0
train {
    data      = d
    validate  = d
    loss      = (w - x)^2
    optimizer = sgd(lr = 0.1)
    schedule  = if epoch > 1 { validation_loss } else { 1 }
    batch     = all
    epochs    = 4
}
";
    let records = run("seen_by_schedule", text, RunOptions::default());
    let losses: Vec<f64> = records.epochs.iter().map(|record| record.validation.as_ref().unwrap().0).collect();
    let rates: Vec<f64> = records.epochs.iter().map(|record| record.learning_rate.unwrap()).collect();
    assert_eq!(rates[0], 0.1);
    for (rate, loss) in rates[1..].iter().zip(&losses) {
        assert_eq!(*rate, 0.1 * loss);
    }
    let bounded = text.replace("schedule  =", "clip      =");
    let records = run("seen_by_clip", &bounded, RunOptions::default());
    // The first gradient, -3, is bounded by 1; PyTorch's factor is 1 / (3 + 1e-6).
    let mut w = 0.1 * 3.0 / (3.0 + 1e-6);
    let loss = |w: f64| ((w - 1.0) * (w - 1.0) + (w - 2.0) * (w - 2.0)) / 2.0;
    for record in &records.epochs[1..] {
        let gradient = 2.0 * w - 3.0;
        w -= 0.1 * gradient * (loss(w) / (gradient.abs() + 1e-6)).min(1.0);
        assert!((record.validation.as_ref().unwrap().0 - loss(w)).abs() < 1e-12);
    }
}

/// Layers that are large enough to be shared among threads, with draws and running means.
#[test]
fn the_number_of_threads_changes_no_bit_of_a_training() {
    let text = "
        import nn
        data d = table {
            x     = [[[sin(i * (j + 3) + k) for k in 0..12] for j in 0..12] for i in 0..96]
            label = [i % 5 for i in 0..96]
        }
        model net = nn.Conv2d(8, 3, activation = relu) >> flatten >> nn.Dense(96) >> nn.BatchNorm() >> nn.Dropout(0.3) >> nn.Dense(5)
        train {
            data = d, validate = 0.25, loss = cross_entropy(net(stack(x)), label)
            metric accuracy = accuracy(net(stack(x)), label)
            optimizer = adam(lr = 0.003), clip = 1.0, average = 0.9, batch = 32, epochs = 3
        }";
    let text = text.replace("stack(x)", "[x]");
    let trained = |threads: usize| {
        set_count(threads);
        let records = run(&format!("threads_{threads}"), &text, RunOptions::default());
        let epochs: Vec<u64> = records.epochs.iter().map(|record| record.loss.to_bits()).collect();
        let end = &records.ends[0];
        (bits(&records), epochs, end.validation.clone(), end.metrics.clone())
    };
    let expected = trained(1);
    assert!(expected.0.len() > 10_000);
    for threads in [2, 3] {
        assert!(trained(threads) == expected, "{threads} threads");
    }
}

/// With `--nan ignore` a run goes on to its end where it would stop otherwise.
#[test]
fn losses_that_are_no_numbers_can_be_ignored() {
    let text = "param w = 1.0\ntrain { loss = log(w), optimizer = sgd(lr = 0.3), steps = 40 }\nprint 1";
    let options = RunOptions { ignore_not_finite: true, ..RunOptions::default() };
    let records = run("nan_ignored", text, options);
    let end = &records.ends[0];
    assert_eq!((end.steps, end.ending, records.epochs.len()), (40, Ending::Done, 40));
    assert!(end.loss.is_nan() && end.params[0].2[0] < 0.0);
    let bad = records.epochs.iter().position(|record| record.loss.is_nan()).unwrap();
    assert!(bad > 0 && records.epochs[..bad].iter().all(|record| record.loss.is_finite()));
    let Err(stopped) = try_run("nan_stopped", text, RunOptions::default()) else { panic!("it goes on") };
    assert_eq!(stopped.iter().map(|error| error.code).collect::<Vec<_>>(), ["E0701"]);
}

/// Each block begins where the one above it ended, changes what its own loss reads, and has a fresh optimizer.
#[test]
fn several_blocks_follow_one_another() {
    let text = "
        param w = 5.0
        param v = 1.0
        train first { loss = (w - 1)^2, optimizer = momentum(lr = 0.25), steps = 1 }
        train { loss = (w + v)^2, optimizer = momentum(lr = 0.125), steps = 1 }
        train last { loss = (v - 1)^2, optimizer = momentum(lr = 0.25), steps = 1 }";
    let records = run("several", text, RunOptions::default());
    let names: Vec<Option<&str>> = records.ends.iter().map(|end| end.name.as_deref()).collect();
    assert_eq!(names, [Some("first"), None, Some("last")]);
    let ends: Vec<Vec<(&str, f64)>> = records
        .ends
        .iter()
        .map(|end| end.params.iter().map(|(name, _, values)| (name.as_str(), values[0])).collect())
        .collect();
    // 5 - 0.25 * 8; then 3 and 1, both less 0.125 * 8; then 0 less 0.25 * -2.
    assert_eq!(ends, [vec![("w", 3.0)], vec![("w", 2.0), ("v", 0.0)], vec![("v", 0.5)]]);
}
