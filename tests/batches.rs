//! Columns that are computed batch by batch on another thread give the numbers of columns that are computed whole.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::driver::{check_text, on_large_stack};
use ndc::session::{Session, Silent};
use std::path::Path;

/// The parameters after a program was run, as bits, or what stopped it.
fn run(text: &str, whole_columns: usize) -> Result<Vec<Vec<u64>>, Vec<Diagnostic>> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats/program.nd");
    let checked = check_text("program.nd", Some(&place), text.to_string(), &mut FileLoader::new(), Default::default());
    let errors: Vec<&Diagnostic> = checked.diagnostics.iter().filter(|message| message.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    on_large_stack(|| {
        let mut session = Session::new(&checked.program).unwrap();
        session.options.whole_columns = Some(whole_columns);
        session.run(&mut Silent)?;
        Ok(session.params.iter().map(|table| table.bits.clone()).collect())
    })
}

/// Twelve rows of text, and data from a file of arrays.
const DATA: &str = "
data waves = table { t = [0.3 * i for i in 0..12] }
data digits = idx(\"images.idx3-ubyte\", \"labels.idx1-ubyte.gz\") {
    image = exp(pixels / 12), mean = mean(pixels), label = one_hot(label, 2)
}
data measured = csv(\"../../../examples/data/iris.csv\") {
    x = [sepal_length / 3, sin(sepal_width)], scaled = standardize(sepal_length), class = species
}
let (part, rest) = split(measured, 0.37, seed = 3)
param W: [2, 3, 2] = zeros()
param V: [3, 2] = zeros()
param c = 0.5
";

#[test]
fn batches_give_the_numbers_of_whole_columns() {
    let trains = [
        "data = digits, loss = cross_entropy([sum(W[0] * image), sum(W[1] * image) + c * mean], label), batch = 1",
        "data = measured, loss = cross_entropy(V @ x + c * scaled, one_hot(class, 3)), batch = 16",
        "data = measured, loss = cross_entropy(V @ x + c * scaled, one_hot(class, 3)), batch = 7, shuffle = false",
        "data = part, loss = cross_entropy(V @ x + c * scaled, one_hot(class, 3)), batch = 16, metric m = sum(x)",
        "data = measured, loss = sum(V @ x)^2 + mean(measured.scaled) * c, batch = 16",
        "data = measured, loss = sum(V @ x)^2, batch = all",
    ];
    for train in trains {
        for precision in ["", "precision f32\n"] {
            let text = format!("{precision}{DATA}train {{ {train}, optimizer = sgd(lr = 0.1), epochs = 3 }}\n");
            let whole = run(&text, usize::MAX).unwrap();
            assert_eq!(run(&text, 0).unwrap(), whole, "{text}");
            assert!(whole.iter().flatten().any(|bits| *bits != 0));
        }
    }
}

#[test]
fn errors_in_batches_are_those_of_whole_columns_with_the_row() {
    let text = "
data labels = idx(\"labels.idx1-ubyte.gz\") { y = [0.5, 1.5][2 * label] }
param w = 0.0
train { data = labels, loss = w * y, optimizer = sgd(lr = 0.1), batch = 1, steps = 2, shuffle = false }
";
    for whole_columns in [0, usize::MAX] {
        let errors = run(text, whole_columns).unwrap_err();
        let [error] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!(error.code, "E0702");
        assert!(
            error.notes.iter().any(|note| note == "in row 0 of the source, counted from 0: label = 1"),
            "{error:?}"
        );
    }
}

#[test]
fn a_loss_that_is_no_number_is_traced_to_the_same_step() {
    let text = format!(
        "{DATA}train {{ data = measured, loss = log(c - 1) * sum(x) + c^2, optimizer = sgd(lr = 0.1), batch = 8, steps = 9 }}\n"
    );
    let messages = [0, usize::MAX].map(|whole| run(&text, whole).unwrap_err()[0].message.clone());
    assert_eq!(messages[0], messages[1]);
}
