//! What a trained model says of the examples of a set: which expression that is, and its values.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::program::{Action, DataId, Program, Train};
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::session::native::to_reals;
use ndc::session::{Session, Silent};
use ndc::train::prediction::predict;

fn checked(text: &str) -> Checked {
    check_text("predictions.nd", None, text.to_string(), &mut FileLoader::new(), Default::default())
}

fn trains(program: &Program) -> Vec<&Train> {
    fn train(action: &Action) -> Option<&Train> {
        match action {
            Action::Train(train) => Some(&**train),
            _ => None,
        }
    }
    program.actions.iter().filter_map(train).collect()
}

/// The sizes and values of the first block's prediction over a data set, after the run of the program.
fn predicted(text: &str, data: u32) -> (Vec<usize>, Vec<f64>) {
    let checked = checked(text);
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    on_large_stack(|| {
        let mut session = Session::new(&checked.program).unwrap();
        session.run(&mut Silent).unwrap();
        let prediction = trains(&checked.program)[0].prediction.as_ref().unwrap();
        let table = predict(&mut session, prediction, DataId(data)).unwrap();
        (table.ty.shape.sizes().to_vec(), to_reals(&table))
    })
}

const MODEL: &str = "
layer Dense(m) {
    param W: [m, n] = [[i + 2 * j for j in 0..n] for i in 0..m]
    fn call(x: [n]) = W @ x
}
model net = Dense(2)
data d = table { a = [[1, 2], [3, 4], [5, 6]], y = [5, 6, 7], z = [1, 0, 1] }
data other = table { a = [[1, 0], [0, 1]], y = [0, 0], z = [0, 0] }
param w = 2.0
";

fn program(settings: &str) -> String {
    format!("{MODEL}train {{ data = d, optimizer = sgd(lr = 1e-300), epochs = 1, {settings} }}")
}

/// The text of a prediction with the columns it reads, if there is one.
type Expected = Option<(&'static str, &'static [u32])>;

#[test]
fn the_prediction_is_what_the_block_states_or_the_model_that_the_loss_calls() {
    // The settings, and the text of the prediction if there is one, with the columns it reads.
    let cases: [(&str, Expected); 14] = [
        ("loss = sum(net(a)) - y", Some(("net(a)", &[0]))),
        ("loss = y * sum((net(a) - y)^2)", Some(("net(a)", &[0]))),
        ("loss = sum(net(a)^2) + net(a)[0]", Some(("net(a)", &[0]))),
        ("loss = { let h = net(a); sum(h) - y }", Some(("net(a)", &[0]))),
        ("loss = sum(net(y * a)) + z", Some(("net(y * a)", &[1, 0]))),
        ("loss = cross_entropy(net(a), z)", Some(("net(a)", &[0]))),
        ("loss = sum(net(net(a))) - y", Some(("net(net(a))", &[0]))),
        ("loss = sum(net(a)) - sum(net(2 * a))", None),
        ("loss = { let h = 2 * a; sum(net(h)) }", None),
        ("loss = sum(net([1, 2])) - y", None),
        ("loss = (w * y - z)^2", None),
        ("loss = (w * y - z)^2, predict = w * y", Some(("w * y", &[1]))),
        ("loss = sum(net(a)), predict = softmax(net(a))", Some(("softmax(net(a))", &[0]))),
        ("loss = sum(net(a)), predict = argmax(net(a))", Some(("argmax(net(a))", &[0]))),
    ];
    for (settings, expected) in cases {
        let checked = checked(&program(settings));
        assert!(!checked.has_errors(), "{settings}: {:#?}", checked.diagnostics);
        let prediction = trains(&checked.program)[0].prediction.as_ref();
        let found = prediction.map(|found| (checked.sources.text(found.value.span), found.inputs()));
        let found = found.as_ref().map(|(text, inputs)| (*text, &inputs[..]));
        assert_eq!(found, expected, "{settings}");
        assert!(prediction.is_none_or(|found| found.stated == settings.contains("predict")), "{settings}");
    }
}

#[test]
fn predictions_have_an_axis_of_examples_in_front() {
    let vectors = predicted(&program("loss = sum(net(a)) - y"), 0);
    assert_eq!(vectors, (vec![3, 2], vec![4.0, 7.0, 8.0, 15.0, 12.0, 23.0]));
    let numbers = predicted(&program("loss = w, predict = w * y"), 0);
    assert_eq!(numbers, (vec![3], vec![10.0, 12.0, 14.0]));
    let classes = predicted(&program("loss = w, predict = argmax(net(-y * a))"), 0);
    assert_eq!(classes, (vec![3], vec![0.0; 3]));
    let truths = predicted(&program("loss = w, predict = y > 5"), 0);
    assert_eq!(truths, (vec![3], vec![0.0, 1.0, 1.0]));
    let constants = predicted(&program("loss = w, predict = [w, 3]"), 0);
    assert_eq!(constants, (vec![3, 2], [2.0, 3.0].repeat(3)));
}

#[test]
fn another_set_with_the_same_columns_can_be_predicted() {
    let (sizes, values) = predicted(&program("loss = sum(net(a)) - y"), 1);
    // The least step of training has moved a 0.
    let rounded: Vec<f64> = values.iter().map(|value| value.round()).collect();
    assert_eq!((sizes, rounded), (vec![2, 2], vec![0.0, 1.0, 2.0, 3.0]));
}

#[test]
fn many_examples_are_predicted_in_chunks() {
    for examples in [1, 1023, 1024, 1025, 2500] {
        let text = format!(
            "param w = 2.0
            data d = table {{ x = [real(i) for i in 0..{examples}] }}
            train {{ data = d, loss = w * x, predict = (x, [x, w * x + 1]).1, optimizer = sgd(lr = 1e-300), epochs = 1 }}"
        );
        let (sizes, values) = predicted(&text, 0);
        assert_eq!(sizes, [examples, 2]);
        let expected: Vec<f64> = (0..examples).flat_map(|row| [row as f64, 2.0 * row as f64 + 1.0]).collect();
        assert_eq!(values, expected, "{examples}");
    }
}

/// A prediction is of the trained parameters, with `training` false, and of each example alone.
#[test]
fn predictions_are_made_outside_training() {
    let text = "
        data d = table { x = [1.0, 2.0, 3.0, 6.0] }
        param w = 1.0
        fn dropped(x) = if training { 0.0 * x * random.normal() } else { w * x }
        train { data = d, loss = (w - 3)^2, predict = dropped(x) - mean(x for batch), optimizer = sgd(lr = 0.5), batch = all, epochs = 1 }";
    // One step leads to 3 exactly; the mean over a mini-batch of one example is that example.
    assert_eq!(predicted(text, 0), (vec![4], vec![2.0, 4.0, 6.0, 12.0]));
}

#[test]
fn predictions_that_cannot_be_are_refused() {
    let refused = |text: &str, code: &str| {
        let checked = checked(text);
        let codes: Vec<&str> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [code], "{text}");
    };
    refused(&program("loss = w, predict = (w, w)"), "E0603");
    refused(&program("loss = w, predict = zeros()"), "E0211");
    refused(&program("loss = w, predict = q * y"), "E0101");
    refused(&program("loss = w, predict = w, predict = w"), "E0607");
    refused("param w = 1.0\ntrain { loss = w, predict = w, optimizer = sgd(lr = 1), epochs = 1 }", "E0603");
}
