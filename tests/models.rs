//! Models from outside: which parameters a program has, and what their initial values depend on.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::check::Options;
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::session::{Session, Silent, native};

const DENSE: &str = "layer Dense(m) { param W: [m, n] = normal(0, 1) param b: [m] = uniform(-1, 1)
    fn call(x: [n]) -> [m] = W @ x + b }\n";

fn check(text: &str) -> Checked {
    let checked = check_text("models.nd", None, format!("{DENSE}{text}"), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    checked
}

fn paths(checked: &Checked) -> Vec<&str> {
    checked.program.params.iter().map(|param| param.name.as_str()).collect()
}

/// The initial values of the parameters, with their paths.
fn initial(text: &str) -> Vec<(String, Vec<f64>)> {
    let checked = check(text);
    on_large_stack(|| {
        let session = Session::new(&checked.program).unwrap();
        let values = session.params.iter().map(native::to_reals);
        checked.program.params.iter().map(|param| param.name.clone()).zip(values).collect()
    })
}

/// The tests of the files of the language about models and parameters.
#[test]
fn the_cases_of_the_language_hold() {
    for name in ["layers", "models", "params"] {
        let path = format!("{}/tests/cases/language/{name}.nd", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let checked = check_text(&path, None, text, &mut FileLoader::new(), Options::default());
        assert!(!checked.has_errors(), "{path}: {:#?}", checked.diagnostics);
        assert!(checked.program.tests.len() >= 3);
        for test in &checked.program.tests {
            let ran = on_large_stack(|| Session::new(&test.program).unwrap().run(&mut Silent));
            assert!(ran.is_ok(), "{path} \"{}\": {:#?}", test.name, ran.unwrap_err());
        }
    }
}

#[test]
fn parameters_stand_in_order_of_declaration() {
    let checked = check(
        "param a = 1.0
         layer Block(k) { param s: [d] = ones() model inner = Dense(k) >> Dense(d) param t: [d] = ones()
             fn call(x: [d]) = s * inner(x) + t }
         model late = Block(3)
         model early = Dense(2) >> tanh >> Dense(1)
         param z = 2.0
         print early([1.0]), z
         print late([1.0, 2.0]), a",
    );
    let expected = [
        "a",
        "late.s",
        "late.inner.0.W",
        "late.inner.0.b",
        "late.inner.1.W",
        "late.inner.1.b",
        "late.t",
        "early.0.W",
        "early.0.b",
        "early.2.W",
        "early.2.b",
        "z",
    ];
    assert_eq!(paths(&checked), expected);
}

#[test]
fn a_shared_model_has_one_copy() {
    let checked = check("model a = Dense(2)\nmodel b = a >> a >> Dense(1)\nprint b([1.0, 2.0])");
    assert_eq!(paths(&checked), ["a.W", "a.b", "b.2.W", "b.2.b"]);
}

#[test]
fn a_model_that_nothing_calls_has_no_parameters() {
    let checked = check("model a = Dense(2)\nmodel b = Dense(1)\nprint b([1.0, 2.0])");
    assert_eq!(paths(&checked), ["b.W", "b.b"]);
}

#[test]
fn another_layer_changes_no_initial_value() {
    let before = initial("model net = Dense(3) >> Dense(2)\nprint net([1.0, 2.0])");
    let after = initial(
        "param other: [4] = normal(0, 1)
         model more = Dense(5)
         print more([1.0])
         model net = Dense(3) >> Dense(2) >> Dense(4)
         print net([1.0, 2.0])",
    );
    assert_eq!(before.len(), 4);
    for (path, values) in &before {
        let (_, same) = after.iter().find(|(other, _)| other == path).unwrap();
        assert_eq!(same, values, "{path}");
    }
    assert!(before.iter().all(|(_, values)| before.iter().filter(|(_, other)| other == values).count() == 1));
}

#[test]
fn a_model_of_a_thousand_layers_is_checked() {
    let hundreds = (0..10).map(|part| {
        let layers = vec!["Dense(8)"; 100].join(" >> ");
        format!("model part{part} = {layers}\n")
    });
    let parts: Vec<String> = (0..10).map(|part| format!("part{part}")).collect();
    let text = hundreds.collect::<String>() + &format!("model net = {}\nprint net([1.0, 2.0])", parts.join(" >> "));
    assert_eq!(check(&text).program.params.len(), 2000);
}

#[test]
fn doubling_layers_end_in_a_message() {
    let mut text = "layer L0() { param s = 1.0 fn call(x) = s * x }\n".to_string();
    for level in 1..40 {
        let below = level - 1;
        text += &format!("layer L{level}() {{ model a = L{below}() model b = L{below}() fn call(x) = a(b(x)) }}\n");
    }
    text += "model net = L39()\nprint net(1.0)";
    let checked = check_text("models.nd", None, text, &mut FileLoader::new(), Options::default());
    assert!(checked.diagnostics.iter().any(|diagnostic| diagnostic.code == "E0209"), "{:#?}", checked.diagnostics);
}
