//! The library for Rust programs: what functions of a program give, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "embedding/derivatives.rs"]
mod derivatives;

use ndc::{Error, Function, FunctionBuilder, Input, Kernel, Options, Precision, Program, Record, Tensor, Workspace};
use std::sync::Arc;
use std::thread;

fn program(text: &str) -> Program {
    Program::from_text("test.nd", text).unwrap()
}

/// All results of a call, as doubles.
fn results(function: &Function, inputs: &[&dyn Input]) -> Vec<(String, Vec<f64>)> {
    let results = function.call(inputs).unwrap();
    results.into_iter().map(|(name, tensor)| (name, tensor.to_f64())).collect()
}

/// A question: the program, the function, what is asked of it, the signature, the arguments, the results.
struct Case {
    text: &'static str,
    of: &'static str,
    ask: fn(FunctionBuilder<'_>) -> FunctionBuilder<'_>,
    signature: &'static str,
    inputs: Vec<Box<dyn Input>>,
    results: Vec<Vec<f64>>,
}

macro_rules! inputs {
    ($($value:expr),*) => { vec![$(Box::new($value) as Box<dyn Input>),*] };
}

const QUADRATIC: &str = "fn f(x: [2], y) = x[0]^2 * y + 3 * x[1]";
const MAP: &str = "fn g(x: [2]) = (square = x^2, product = x[0] * x[1])";

fn cases() -> Vec<Case> {
    vec![
        Case {
            text: QUADRATIC,
            of: "f",
            ask: |f| f,
            signature: "f(x: f64[2], y: f64) -> (value: f64)",
            inputs: inputs![[2.0, 1.0], 0.5],
            results: vec![vec![5.0]],
        },
        Case {
            text: QUADRATIC,
            of: "f",
            ask: |f| f.gradient().value(),
            signature: "f(x: f64[2], y: f64) -> (gradient.x: f64[2], gradient.y: f64, value: f64)",
            inputs: inputs![vec![2.0, 1.0], 0.5],
            results: vec![vec![2.0, 3.0], vec![4.0], vec![5.0]],
        },
        Case {
            text: QUADRATIC,
            of: "f",
            ask: |f| f.with_respect_to(["y"]).value_and_gradient().hold("x", vec![3.0, 0.0]),
            signature: "f(y: f64) -> (value: f64, gradient.y: f64), holding x: f64[2]",
            inputs: inputs![0.5],
            results: vec![vec![4.5], vec![9.0]],
        },
        Case {
            text: QUADRATIC,
            of: "f",
            ask: |f| f.jvp().hessian_product(),
            signature: "f(x: f64[2], y: f64, tangent.x: f64[2], tangent.y: f64) -> \
                        (jvp: f64, hessian_product.x: f64[2], hessian_product.y: f64)",
            inputs: inputs![[2.0, 1.0], 0.5, [1.0, 0.0], 1.0],
            results: vec![vec![6.0], vec![5.0, 0.0], vec![4.0]],
        },
        Case {
            text: QUADRATIC,
            of: "f",
            ask: |f| f.hessian(),
            signature: "f(x: f64[2], y: f64) -> (hessian.x.x: f64[2, 2], hessian.x.y: f64[2], hessian.y.x: f64[2], \
                        hessian.y.y: f64)",
            inputs: inputs![[2.0, 1.0], 0.5],
            results: vec![vec![1.0, 0.0, 0.0, 0.0], vec![4.0, 0.0], vec![4.0, 0.0], vec![0.0]],
        },
        Case {
            text: MAP,
            of: "g",
            ask: |g| g.value().jacobian(),
            signature: "g(x: f64[2]) -> (value.square: f64[2], value.product: f64, jacobian.square.x: f64[2, 2], \
                        jacobian.product.x: f64[2])",
            inputs: inputs![[3.0, 4.0]],
            results: vec![vec![9.0, 16.0], vec![12.0], vec![6.0, 0.0, 0.0, 8.0], vec![4.0, 3.0]],
        },
        Case {
            text: MAP,
            of: "g",
            ask: |g| g.vjp(),
            signature: "g(x: f64[2], cotangent.square: f64[2], cotangent.product: f64) -> (vjp.x: f64[2])",
            inputs: inputs![[3.0, 4.0], [1.0, 1.0], 10.0],
            results: vec![vec![46.0, 38.0]],
        },
        Case {
            text: "fn h(a: [n, m], b: [m], i: int, on: bool) = if on { (a @ b)[i] } else { 0 }",
            of: "h",
            ask: |h| h.shape("a", &[2, 3]).value_and_gradient(),
            signature: "h(a: f64[2, 3], b: f64[3], i: i64, on: bool) -> (value: f64, gradient.a: f64[2, 3], \
                        gradient.b: f64[3])",
            inputs: inputs![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [1.0, 1.0, 1.0], 1i64, true],
            results: vec![vec![15.0], vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0], vec![4.0, 5.0, 6.0]],
        },
        Case {
            text: "fn total(x) = sum(x^2)",
            of: "total",
            ask: |f| f.shape("x", &[2, 2]).gradient(),
            signature: "total(x: f64[2, 2]) -> (gradient.x: f64[2, 2])",
            inputs: inputs![Tensor::new(&[2, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap()],
            results: vec![vec![2.0, 4.0, 6.0, 8.0]],
        },
        Case {
            text: "fn scaled(x: [n], by = 2.0) = sum(x) * by",
            of: "scaled",
            ask: |f| f.size("n", 3).value_and_gradient(),
            signature: "scaled(x: f64[3]) -> (value: f64, gradient.x: f64[3]), holding by: f64",
            inputs: inputs![[1.0, 2.0, 3.0]],
            results: vec![vec![12.0], vec![2.0, 2.0, 2.0]],
        },
        Case {
            text: "fn scaled(x: [n], by = 2.0) = sum(x) * by",
            of: "scaled",
            ask: |f| f.size("n", 3).argument("by").gradient(),
            signature: "scaled(x: f64[3], by: f64) -> (gradient.x: f64[3], gradient.by: f64)",
            inputs: inputs![[1.0, 2.0, 3.0], 5.0],
            results: vec![vec![5.0, 5.0, 5.0], vec![6.0]],
        },
        Case {
            text: "fn cube(x) = x^3",
            of: "grad(grad(cube))",
            ask: |f| f.value_and_gradient(),
            signature: "function(x: f64) -> (value: f64, gradient.x: f64)",
            inputs: inputs![2.0],
            results: vec![vec![12.0], vec![6.0]],
        },
        Case {
            text: "let scale = 2 * 3.0\nfn f(x) = scale * x",
            of: "|x: [2]| sum(f(x))",
            ask: |f| f,
            signature: "function(x: f64[2]) -> (value: f64), holding scale.0: f64",
            inputs: inputs![[1.0, 2.0]],
            results: vec![vec![18.0]],
        },
        Case {
            text: "param w: [2] = [1, 2]\nparam b = 0.5\nfn predict(x: [2]) = dot(w, x) + b",
            of: "predict",
            ask: |f| f.with_respect_to(["w", "b"]).value_and_gradient(),
            signature: "predict(x: f64[2], w: f64[2], b: f64) -> (value: f64, gradient.w: f64[2], gradient.b: f64)",
            inputs: inputs![[3.0, 4.0], [1.0, 1.0], 0.0],
            results: vec![vec![7.0], vec![3.0, 4.0], vec![1.0]],
        },
        Case {
            text: "param w: [2] = [1, 2]\nparam b = 0.5\nfn predict(x: [2]) = dot(w, x) + b",
            of: "predict",
            ask: |f| f.value_and_gradient(),
            signature: "predict(x: f64[2]) -> (value: f64, gradient.x: f64[2]), holding w: f64[2], b: f64",
            inputs: inputs![[3.0, 4.0]],
            results: vec![vec![11.5], vec![1.0, 2.0]],
        },
        Case {
            text: "fn same(x: [2]) = x",
            of: "same",
            ask: |f| f.value().jacobian(),
            signature: "same(x: f64[2]) -> (value: f64[2], jacobian.x: f64[2, 2])",
            inputs: inputs![[3.0, 4.0]],
            results: vec![vec![3.0, 4.0], vec![1.0, 0.0, 0.0, 1.0]],
        },
        Case {
            text: "fn none(x: [2], y) = y",
            of: "none",
            ask: |f| f.gradient().jvp(),
            signature: "none(x: f64[2], y: f64, tangent.x: f64[2], tangent.y: f64) -> \
                        (gradient.x: f64[2], gradient.y: f64, jvp: f64)",
            inputs: inputs![[3.0, 4.0], 1.0, [1.0, 1.0], 7.0],
            results: vec![vec![0.0, 0.0], vec![1.0], vec![7.0]],
        },
    ]
}

#[test]
fn functions_give_what_is_asked_of_them() {
    for Case { text, of, ask, signature, inputs, results: expected } in cases() {
        let program = program(text);
        let function = ask(program.function(of)).compile().unwrap();
        assert_eq!(function.signature().to_string(), signature, "{text}");
        let inputs: Vec<&dyn Input> = inputs.iter().map(|input| &**input).collect();
        let found = results(&function, &inputs);
        let names: Vec<&str> = function.signature().outputs().iter().map(|port| port.name()).collect();
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
        assert_eq!(found.into_iter().map(|(_, values)| values).collect::<Vec<_>>(), expected, "{text}: {signature}");
    }
}

#[test]
fn functions_may_be_called_from_any_thread() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let program = program("fn f(x) = sin(x) * exp(-x^2)");
    let function = program.function("f").value_and_gradient().compile().unwrap();
    fn sent<T: Send>(_: &T) {}
    shared(&program);
    shared(&function);
    shared(&function.kernel().unwrap());
    sent(&function.workspace());
    let function = Arc::new(function);
    const POINTS: usize = 4096;
    const CALLS: usize = 10_000_000;
    let call = |function: &Function, workspace: &mut Workspace, point: usize| {
        let (x, mut value, mut gradient) = (point as f64 / 512.0 - 4.0, 0.0, 0.0);
        function.call_into(workspace, &[&x], &mut [&mut value, &mut gradient]).unwrap();
        [value, gradient].map(f64::to_bits)
    };
    let mut workspace = function.workspace();
    let alone: Arc<Vec<[u64; 2]>> = Arc::new((0..POINTS).map(|point| call(&function, &mut workspace, point)).collect());
    let threads = [0, 1].map(|first| {
        let (function, alone) = (function.clone(), alone.clone());
        thread::spawn(move || {
            let mut workspace = function.workspace();
            let mut points = (first..CALLS).step_by(2).map(|each| each % POINTS);
            points.find(|point| call(&function, &mut workspace, *point) != alone[*point])
        })
    });
    for thread in threads {
        assert_eq!(thread.join().unwrap(), None, "a point where a call gave something else");
    }
    assert_ne!(alone[0], alone[1]);
}

/// What a failing request gives.
fn error<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("this is refused"),
        Err(error) => error,
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_signature() {
    let program = program(
        "fn f(x: [2, 3], k: int) = sum(x) * k\nfn pair(x) = (x, 2 * x)\nfn count(n: int) = n + 1\nparam w in (0, 1) = 0.5\n\
         fn any(x: [n]) = sum(x)\nfn first(v: [3], i: int) = v[i]",
    );
    let f = program.function("f").compile().unwrap();
    let x = [[0.0; 3]; 2];
    let signature = "the function is f(x: f64[2, 3], k: i64) -> (value: f64)";
    let pair = |ask: fn(FunctionBuilder<'_>) -> FunctionBuilder<'_>| error(ask(program.function("pair")).compile());
    let mut changed = program.clone();
    let mut value = 0.0;
    let mut wrong = [0.0; 2];
    let cases: Vec<(Error, &str, &str)> = vec![
        (error(f.call(&[&x])), "E0920", "the function has 2 arguments, but 1 came"),
        (error(f.call(&[&x, &1i64, &1i64])), "E0920", signature),
        (error(f.call(&[&[0.0; 5], &1i64])), "E0920", "`x` is f64[2, 3], but 5 elements were given"),
        (error(f.call(&[&[[0.0; 2]; 3], &1i64])), "E0920", "`x` is f64[2, 3], but f64[3, 2] was given"),
        (error(f.call(&[&[0.0f32; 6], &1i64])), "E0920", "`x` is f64[2, 3], but f32 was given"),
        (error(f.call(&[&x, &1.0])), "E0920", "`k` is i64, but f64 was given"),
        (
            error(f.call_into(&mut f.workspace(), &[&x, &1i64], &mut [&mut wrong])),
            "E0920",
            "`value` is f64, but 2 elements were given",
        ),
        (
            error(f.call_into(&mut f.workspace(), &[&x, &1i64], &mut [&mut value, &mut wrong])),
            "E0920",
            "the function has 1 result, but 2 came",
        ),
        (error(f.call_record(&Record::new().with("x", vec![0.0; 6]))), "E0921", "the call has no value for `k`"),
        (error(f.call_record(&Record::new().with("y", 1.0))), "E0921", "there is no argument called `y`"),
        (error(f.hold("kk", 1i64)), "E0921", "did you mean `k`?"),
        (error(f.hold("k", 1.0)), "E0920", "`k` is i64, but f64 was given"),
        (error(f.kernel()), "E0923", "`k` is i64"),
        (error(program.function("f").with_respect_to(["z"]).compile()), "E0921", signature),
        (error(program.function("f").hold("z", 1.0).compile()), "E0921", signature),
        (error(program.function("f").hold("x", 1.0).compile()), "E0920", "`x` is f64[2, 3], but f64 was given"),
        (error(program.function("f").argument("z").compile()), "E0921", signature),
        (error(program.function("f").with_respect_to(["k"]).gradient().compile()), "E0922", "`k` has no real number"),
        (pair(|pair| pair.gradient()), "E0922", "`pair` gives 2 real results, not one real number"),
        (pair(|pair| pair.hessian_product()), "E0922", "there is no hessian_product"),
        (error(program.function("|x: [2]| 2 * x").gradient().compile()), "E0922", "`function` gives f64[2]"),
        (error(program.function("count").jacobian().compile()), "E0922", "no real argument to differentiate by"),
        (error(program.function("|x| x > 0").jvp().compile()), "E0922", "gives no real number"),
        (error(program.function("nothing").compile()), "E0111", "nothing"),
        (error(program.function("any").compile()), "E0112", "the size `n`"),
        (error(program.function("any").size("n", 2).size("m", 2).compile()), "E0112", "no size called `m`"),
        (error(program.function("any").shape("y", &[2]).compile()), "E0112", "no argument called `y`"),
        (error(program.function("any").shape("x", &[2, 2]).compile()), "E0112", "its shape is given as [2, 2]"),
        (error(program.function("f(").compile()), "E0004", "never closed"),
        (error(program.loss(None).compile()), "E0921", "the program trains nothing"),
        (error(program.training(Some("a"))), "E0921", "the program trains nothing"),
        (error(program.parameter("v")), "E0921", "no parameter called `v`"),
        (error(changed.set_parameter("w", vec![0.5])), "E0924", "the parameter `w` is f64, but f64[1] was given"),
        (error(changed.set_parameter("w", 2.0)), "E0924", "2 lies outside (0, 1)"),
        (error(changed.load("/nowhere/at/all")), "E0806", "/nowhere/at/all"),
        (error(changed.save(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/w"))), "E0813", "Cargo.toml/w"),
        (error(Options::new().set("a b", 1).parse("a.nd", "const a = 1")), "E0925", "a b"),
        (error(Options::new().set("b", 1).parse("a.nd", "const a = 1")), "E0640", "states no value for `b`"),
        (error(Program::from_file("/nowhere.nd")), "E0801", "/nowhere.nd"),
        (error(Program::from_text("a.nd", "print 1 +")), "E0003", "a.nd:1"),
    ];
    for (error, code, part) in cases {
        assert_eq!(error.codes(), [code], "{error}");
        assert!(error.to_string().contains(part), "{error}\nhas not: {part}");
    }
}

#[test]
fn errors_are_of_their_kinds() {
    let program = program("fn first(v: [3], i: int) = v[i]\nfn half(a: int, b: int) = div(a, b)");
    let first = program.function("first").compile().unwrap();
    let failed = error(first.call(&[&[1.0, 2.0, 3.0], &3i64]));
    assert!(matches!(failed, Error::Numeric(_)) && failed.to_string().contains("v[i]"), "{failed}");
    let half = program.function("half").compile().unwrap();
    let failed = error(half.call(&[&1i64, &0i64]));
    assert!(matches!(failed, Error::Numeric(_)) && failed.to_string().contains("zero"), "{failed}");
    assert_eq!(half.call(&[&7i64, &2i64]).unwrap().number("value").unwrap(), 3.0, "a failed call spoils nothing");
    assert!(matches!(error(first.call(&[])), Error::Bind(_)));
    assert!(matches!(error(Program::from_text("a.nd", "print x")), Error::Source(_)));
    assert!(matches!(error(Program::from_file("/nowhere.nd")), Error::Io(_)));
    let data = "data d = csv(\"/nowhere.csv\") { x = a }\nprint mean(d.x)";
    let missing = error(Program::from_text("a.nd", data));
    assert!(matches!(missing, Error::Data(_)), "{missing}");
}

#[test]
fn questions_are_compiled_once_for_each_size() {
    let program = program("fn total(x: [n]) = sum(x^2)");
    let ask = |n| program.function("total").size("n", n).gradient().compile().unwrap();
    let three = ask(3);
    assert!(three.shares_code_with(&ask(3)) && !three.shares_code_with(&ask(4)));
    assert!(three.shares_code_with(&program.clone().function("total").size("n", 3).gradient().compile().unwrap()));
    program.forget_compiled();
    assert!(!three.shares_code_with(&ask(3)));
    assert_eq!(three.call(&[&[1.0, 2.0, 3.0]]).unwrap().get("gradient.x").unwrap().to_f64(), [2.0, 4.0, 6.0]);
}

#[test]
fn a_workspace_fits_every_function() {
    let program = program("fn small(x) = x + 1\nfn large(x: [1000]) = sum(sin(x) * cos(x[1]))");
    let (small, large) =
        (program.function("small").compile().unwrap(), program.function("large").gradient().compile().unwrap());
    let x: Vec<f64> = (0..1000).map(f64::from).collect();
    let expected = large.call(&[&x]).unwrap().get("gradient.x").unwrap().to_f64();
    let mut workspace = small.workspace();
    let (mut value, mut gradient) = (0.0, vec![0.0; 1000]);
    for _ in 0..3 {
        small.call_into(&mut workspace, &[&value.clone()], &mut [&mut value]).unwrap();
        large.call_into(&mut workspace, &[&x], &mut [&mut gradient]).unwrap();
        assert_eq!(gradient, expected);
    }
    assert_eq!(value, 3.0);
}

const CONSTRAINED: &str = "param rate in (0, inf) = 0.5\nparam mix: [3] in simplex\nparam W: [2, 2] = normal(0, 1)\n\
                           fn f(x) = rate * x + sum(mix) + W[0, 1]";

#[test]
fn parameters_are_read_set_saved_and_loaded() {
    let mut program = program(CONSTRAINED);
    assert_eq!(program.parameter_names(), ["rate", "mix", "W"]);
    let before = program.function("f").compile().unwrap();
    program.set_parameter("rate", 2.0).unwrap();
    program.set_parameters(&Record::new().with("mix", vec![0.25, 0.25, 0.5])).unwrap();
    program.set_parameter("W", Tensor::new(&[2, 2], &[0.0, 7.0, 0.0, 0.0]).unwrap()).unwrap();
    let values = program.parameters().unwrap();
    assert_eq!(values.number("rate").unwrap(), 2.0);
    assert_eq!(values.get("W").unwrap().shape(), [2, 2]);
    let after = program.function("f").compile().unwrap();
    let value = |function: &Function| function.call(&[&1.0]).unwrap().number("value").unwrap();
    assert!(after.shares_code_with(&before));
    assert!((value(&after) - 10.0).abs() < 1e-12);
    assert_eq!(value(&before.with_parameters(&program).unwrap()), value(&after));
    assert_ne!(value(&before), value(&after));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedding.safetensors");
    program.save(&file).unwrap();
    let mut other = Program::from_text("other.nd", CONSTRAINED).unwrap();
    assert_ne!(other.parameters().unwrap(), values);
    other.load(&file).unwrap();
    assert_eq!(other.parameters().unwrap(), values);
}

#[test]
fn what_a_run_saved_is_loaded() {
    let settings = "optimizer = sgd(lr = 0.01)\n batch = 5\n checkpoint = \"kept\"\n}\nsave \"line.safetensors\"\nconst rest = {\n 1";
    let mut program = with_data("embedding_saved", settings);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedding_saved");
    let _ = std::fs::remove_dir_all(folder.join("kept"));
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_ndc"));
    assert!(run.args(["run", "line.nd"]).current_dir(&folder).output().unwrap().status.success());
    let mut kept = program.clone();
    let first = program.parameters().unwrap();
    program.load(folder.join("line.safetensors")).unwrap();
    kept.load(folder.join("kept/last.safetensors")).unwrap();
    assert_eq!(program.parameters().unwrap(), kept.parameters().unwrap());
    assert_ne!(program.parameters().unwrap(), first);
}

#[test]
fn values_of_the_file_follow_parameters() {
    let mut program = program("param w = 2.0\nlet double = 2 * w\nfn f(x) = double * x");
    let value =
        |program: &Program| program.function("f").compile().unwrap().call(&[&1.0]).unwrap().number("value").unwrap();
    assert_eq!(value(&program), 4.0);
    program.set_parameter("w", 5.0).unwrap();
    assert_eq!(value(&program), 10.0);
    // Clones that were changed as often as one another.
    let (mut one, mut other) = (program.clone(), program.clone());
    one.set_parameter("w", 1.0).unwrap();
    other.set_parameter("w", 3.0).unwrap();
    assert_eq!((value(&one), value(&other), value(&program)), (2.0, 6.0, 10.0));
}

#[test]
fn other_parameters_reach_what_follows_from_them() {
    let mut program =
        program("param w = 2.0\nlet double = 2 * w\nfn f(x, by = w) = (double * x, by, w)\nfn g(x) = double * x");
    let f = program.function("f").compile().unwrap();
    let held = f.hold("w", -1.0).unwrap();
    let held_before = program.function("f").hold("by", -2.0).compile().unwrap();
    program.set_parameter("w", 5.0).unwrap();
    let values =
        |function: &Function| results(function, &[&1.0]).into_iter().flat_map(|(_, all)| all).collect::<Vec<_>>();
    assert_eq!(values(&f), [4.0, 2.0, 2.0]);
    let with = f.with_parameters(&program).unwrap();
    assert!(with.shares_code_with(&f));
    assert_eq!(values(&with), [10.0, 5.0, 5.0]);
    program.set_parameter("w", 7.0).unwrap();
    assert_eq!(values(&with.with_parameters(&program).unwrap()), [14.0, 7.0, 7.0]);
    // What was given stays.
    assert_eq!(values(&held.with_parameters(&program).unwrap()), [14.0, 7.0, -1.0]);
    assert_eq!(values(&held_before.with_parameters(&program).unwrap()), [14.0, -2.0, 7.0]);
    // Another program, with other inputs, or with none of the name.
    let other = Program::from_text("other.nd", "param w = 2.0\nlet a = w\nfn f(x, by = w) = (a * x, by, a)").unwrap();
    assert_eq!(error(f.with_parameters(&other)).codes(), ["E0924"]);
}

/// A place for results that changes while it is asked for its shape.
struct Fickle {
    elements: std::cell::Cell<Vec<f64>>,
    shape: [usize; 2],
}

impl ndc::Output for Fickle {
    fn view_mut(&mut self) -> ndc::ViewMut<'_> {
        ndc::ViewMut::shaped(self.elements.get_mut())
    }

    fn view_shape(&self) -> &[usize] {
        self.elements.set(vec![0.0; 1]);
        &self.shape
    }
}

#[test]
fn places_that_change_when_they_are_asked_are_refused() {
    let program = program("fn f(x) = [[x, x], [x, x]]");
    let f = program.function("f").compile().unwrap();
    let mut fickle = Fickle { elements: vec![0.0; 4].into(), shape: [2, 2] };
    let refused = error(f.call_into(&mut f.workspace(), &[&1.0], &mut [&mut fickle]));
    assert_eq!(refused.codes(), ["E0920"]);
}

#[test]
fn arguments_hide_parameters_of_their_name() {
    let program = program(
        "param w = 2.0\nfn g(x) = w * x\nfn f(w) = w * g(3)\nfn t(x, tangent: (x: real)) = x * tangent.x\n\
                           fn c(x, cotangent) = x * cotangent",
    );
    let asked: [fn(FunctionBuilder<'_>) -> FunctionBuilder<'_>; 3] =
        [|f| f, |f| f.with_respect_to(["w"]), |f| f.argument("w")];
    for ask in asked {
        let f = ask(program.function("f")).value_and_gradient().compile().unwrap();
        assert_eq!(f.signature().to_string(), "f(w: f64) -> (value: f64, gradient.w: f64), holding w: f64");
        let found = f.call_record(&Record::new().with("w", 5.0)).unwrap();
        assert_eq!((found.number("value").unwrap(), found.number("gradient.w").unwrap()), (30.0, 6.0));
        assert_eq!(f.hold("w", 7.0).unwrap().call(&[]).unwrap().number("value").unwrap(), 42.0);
    }
    let held = program.function("f").hold("w", 7.0).compile().unwrap();
    assert_eq!(held.call(&[]).unwrap().number("value").unwrap(), 42.0);
    // A direction may not be called like an argument.
    let refused = error(program.function("t").jvp().compile());
    assert!(refused.codes() == ["E0922"] && refused.to_string().contains("`tangent.x`"), "{refused}");
    assert_eq!(error(program.function("t").hessian_product().compile()).codes(), ["E0922"]);
    assert_eq!(error(program.function("c").vjp().compile()).codes(), ["E0922"]);
    assert!(program.function("t").vjp().compile().is_ok() && program.function("c").jvp().compile().is_ok());
}

/// A program with data, in a folder of its own.
fn with_data(name: &str, settings: &str) -> Program {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("points.csv"), "x,y\n0,1\n1,3\n2,5\n3,7\n4,8\n").unwrap();
    let text = format!(
        "
param w = 0.5
param b = 0.0
frozen param scale = 1.0
data points = csv(\"points.csv\") {{
    x = x
    y = y
}}
fn predict(x) = scale * (w * x + b)
train line {{
    data   = points
    loss   = (predict(x) - y)^2
    epochs = 3
    {settings}
}}
"
    );
    std::fs::write(folder.join("line.nd"), text).unwrap();
    Program::from_file(folder.join("line.nd")).unwrap()
}

#[test]
fn the_loss_is_that_of_the_data_or_of_examples() {
    let program = with_data("embedding_loss", "optimizer = sgd(lr = 0.01)\n batch = 5");
    let loss = program.loss(None).value_and_gradient().compile().unwrap();
    assert_eq!(
        loss.signature().to_string(),
        "line(w: f64, b: f64) -> (value: f64, gradient.w: f64, gradient.b: f64), \
         holding points.x: f64[5], points.y: f64[5], scale: f64"
    );
    let (x, y) = ([0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 5.0, 7.0, 8.0]);
    let by_hand = |x: &[f64], y: &[f64], w: f64, b: f64| {
        let errors: Vec<f64> = x.iter().zip(y).map(|(x, y)| w * x + b - y).collect();
        let count = x.len() as f64;
        let value = errors.iter().map(|error| error * error).sum::<f64>() / count;
        let by_w = errors.iter().zip(x).map(|(error, x)| 2.0 * error * x).sum::<f64>() / count;
        [value, by_w, errors.iter().map(|error| 2.0 * error).sum::<f64>() / count]
    };
    let close = |found: &[f64], expected: [f64; 3]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
    };
    let kernel: Kernel = loss.kernel().unwrap();
    let mut gradient = [0.0; 2];
    let value = kernel.evaluate(&[1.5, 0.25], &mut gradient).unwrap();
    close(&[value, gradient[0], gradient[1]], by_hand(&x, &y, 1.5, 0.25));
    let some = program.loss(Some("line")).examples(3).value_and_gradient().compile().unwrap();
    assert_eq!(some.signature().inputs().len(), 4);
    let found: Vec<f64> =
        results(&some, &[&1.5, &0.25, &&x[1..4], &&y[1..4]]).into_iter().flat_map(|(_, all)| all).collect();
    close(&found, by_hand(&x[1..4], &y[1..4], 1.5, 0.25));
    // The loss of a step over all examples is the same function.
    let first = program.training(None).unwrap().step_with_loss().unwrap();
    assert_eq!(first, kernel.evaluate(&[0.5, 0.0], &mut gradient).unwrap());
}

#[test]
fn steps_one_at_a_time_are_those_of_the_block() {
    let adam = "optimizer = adam(lr = 0.05)\n batch = 2\n shuffle = true";
    let cases = [
        (adam.to_string(), 9),
        (format!("{adam}\n accumulate = 2"), 6),
        (format!("{adam}\n average = 0.9"), 9),
        ("optimizer = lbfgs()\n steps = 3".to_string(), 3),
    ];
    for (settings, steps) in cases {
        let mut program = with_data("embedding_steps", &settings);
        let mut training = program.training(Some("line")).unwrap();
        for step in 0..steps {
            // Reported and other steps by turns.
            match step % 2 {
                0 => training.step().unwrap(),
                _ => assert!(training.step_with_loss().unwrap().is_finite()),
            }
        }
        assert_eq!((training.steps(), training.epoch()), (steps, 3), "{settings}");
        let mut other = program.clone();
        program.train(None).unwrap();
        assert_eq!(training.parameters().unwrap(), program.parameters().unwrap(), "{settings}");
        training.store(&mut other).unwrap();
        assert_eq!(other.parameters().unwrap(), program.parameters().unwrap(), "{settings}");
        assert_eq!(error(training.store(&mut with_data("embedding_steps", &settings))).codes(), ["E0924"]);
    }
}

#[test]
fn models_are_functions() {
    let text = "model net = nn.Dense(3) >> tanh >> nn.Dense(1)\nprint net([1, 2])";
    let program = program(text);
    let net = program.function("net").compile().unwrap();
    assert_eq!(net.signature().outputs()[0].shape(), [1]);
    assert_eq!(net.signature().inputs().len(), 1, "{net:?}");
    let by = program.function("|x: [2]| sum(net(x))").with_respect_to(["net"]).gradient().compile().unwrap();
    let names: Vec<&str> = by.signature().outputs().iter().map(|port| port.name()).collect();
    let parameters = program.parameter_names();
    assert_eq!(names.iter().map(|name| name.trim_start_matches("gradient.")).collect::<Vec<_>>(), parameters);
    let mut record = program.parameters().unwrap();
    record.set("x", vec![1.0, 2.0]);
    let gradient = by.call_record(&record).unwrap().record("gradient.net");
    assert!(gradient.iter().any(|(_, tensor)| tensor.to_f64().iter().any(|each| *each != 0.0)));
}

#[test]
fn kernels_work_on_flat_slices() {
    let program = program("fn f(a, x: [2], m: [2, 2]) = a + dot(x @ m, x)\nfn rhs(t, y: [2]) = [y[1], -y[0] * t]");
    let kernel = program.function("f").value_and_gradient().compile().unwrap().kernel().unwrap();
    assert_eq!((kernel.inputs(), kernel.outputs()), (7, 7));
    let (point, mut gradient) = ([1.0, 2.0, 3.0, 1.0, 0.0, 0.0, 1.0], [0.0; 7]);
    assert_eq!(kernel.evaluate(&point, &mut gradient).unwrap(), 14.0);
    assert_eq!(gradient, [1.0, 4.0, 6.0, 4.0, 6.0, 6.0, 9.0]);
    let mut parts = [0.0; 7];
    let pieces: [&[f64]; 4] = [&point[..1], &[], &point[1..3], &point[3..]];
    assert_eq!(kernel.evaluate_parts(&pieces, &mut parts).unwrap(), 14.0);
    assert_eq!(parts, gradient);
    for (given, room) in [(6, 7), (8, 7), (0, 7), (7, 6), (7, 8), (7, 0)] {
        let failed = error(kernel.evaluate(&vec![0.0; given], &mut vec![0.0; room]));
        assert_eq!(failed.codes(), ["E0920"], "{given} {room}: {failed}");
    }
    // A piece may not end inside an argument.
    assert_eq!(error(kernel.evaluate_parts(&[&point[..2], &point[2..]], &mut parts)).codes(), ["E0920"]);
    let rhs = program.function("rhs").compile().unwrap().kernel().unwrap();
    let mut slope = [0.0; 2];
    assert_eq!(rhs.evaluate(&[2.0, 3.0, 4.0], &mut slope).unwrap(), 0.0);
    assert_eq!(slope, [4.0, -6.0]);
    let along = program.function("rhs").with_respect_to(["y"]).jvp().compile().unwrap().kernel().unwrap();
    along.evaluate_parts(&[&[2.0], &[3.0, 4.0], &[1.0, 0.0]], &mut slope).unwrap();
    assert_eq!(slope, [0.0, -2.0]);
    let closure = program.function("f").gradient().compile().unwrap().kernel().unwrap().into_fn();
    assert_eq!(closure(&point, &mut parts), 0.0);
    assert_eq!(parts, gradient);
}

#[test]
fn single_precision_is_called_with_single_precision() {
    let options = Options::new().precision(Precision::F32);
    let program = options.parse("single.nd", "fn f(x: [2]) = sum(x^2)").unwrap();
    let f = program.function("f").value_and_gradient().compile().unwrap();
    let (mut value, mut gradient) = (0.0f32, [0.0f32; 2]);
    f.call_into(&mut f.workspace(), &[&[1.5f32, 2.0]], &mut [&mut value, &mut gradient]).unwrap();
    assert_eq!((value, gradient), (6.25, [3.0, 4.0]));
    assert_eq!(error(f.kernel()).codes(), ["E0923"]);
}

#[test]
fn imports_and_data_start_from_the_folder_of_the_file() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedding_imports");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shared.nd"), "fn square(x) = x * x").unwrap();
    std::fs::write(folder.join("main.nd"), "import \"shared.nd\"\nfn f(x) = square(x) + 1").unwrap();
    let program = Program::from_file(folder.join("main.nd")).unwrap();
    let results = program.function("f").value_and_gradient().compile().unwrap().call(&[&3.0]).unwrap();
    assert_eq!((results.number("value").unwrap(), results.number("gradient.x").unwrap()), (10.0, 6.0));
}

#[test]
fn odd_questions_have_answers() {
    let program = program(
        "fn total(x: [n]) = sum(x)\nfn swap(pair: (real, [2]), k = 3.0) = (pair.1, pair.0 * k)\nfn apply(f: fn(real) -> real, x) = f(x)\n\
         fn dots(x: [n, n]) = x @ x\nfn choose(on: bool, x) = if on { x^2 } else { sqrt(x - 10) }",
    );
    let empty = program.function("total").size("n", 0).value_and_gradient().compile().unwrap();
    let none: [f64; 0] = [];
    assert_eq!(empty.call(&[&none]).unwrap().number("value").unwrap(), 0.0);
    for size in [usize::MAX, 1 << 40] {
        let codes = error(program.function("dots").size("n", size).compile()).codes();
        assert!(!codes.is_empty() && codes[0] != "E0999", "{size}: {codes:?}");
        let codes = error(program.function("dots").shape("x", &[size, size]).compile()).codes();
        assert!(!codes.is_empty() && codes[0] != "E0999", "{size}: {codes:?}");
    }
    assert_eq!(error(program.function("apply").compile()).codes(), ["E0112"]);
    assert_eq!(error(program.function("sin").compile()).codes(), ["E0112"]);
    assert_eq!(error(program.function("").compile()).codes().len(), 1);
    assert_eq!(error(program.function("total\nprint 1").size("n", 1).compile()).codes(), ["E0112"]);
    let swap = program.function("swap").argument("k").jacobian().compile().unwrap();
    assert_eq!(
        swap.signature().to_string(),
        "swap(pair.0: f64, pair.1: f64[2], k: f64) -> (jacobian.0.pair.0: f64[2], jacobian.0.pair.1: f64[2, 2], \
         jacobian.0.k: f64[2], jacobian.1.pair.0: f64, jacobian.1.pair.1: f64[2], jacobian.1.k: f64)"
    );
    let held = program.function("swap").hold("pair.1", [5.0, 6.0]).hold("k", 2.0).value().gradient();
    assert_eq!(error(held.compile()).codes(), ["E0922"]);
    // A branch that is not taken does not reach derivatives.
    let choose = program.function("choose").gradient().compile().unwrap();
    assert_eq!(choose.call(&[&true, &3.0]).unwrap().number("gradient.x").unwrap(), 6.0);
    // The same name twice, and held last.
    let twice = program.function("swap").hold("k", 1.0).hold("k", 4.0).compile().unwrap();
    let results = twice.call(&[&2.0, &[0.0, 1.0]]).unwrap();
    assert_eq!(results.number("value.1").unwrap(), 8.0);
    assert_eq!(error(results.number("value.0")).codes(), ["E0920"]);
    assert_eq!(error(results.number("value")).codes(), ["E0921"]);
}

#[test]
fn losses_that_draw_or_see_their_batch_are_functions_too() {
    let with = |layer: &str| {
        program(&format!(
            "model net = nn.Dense(4) >> {layer} >> nn.Dense(1)\ndata points = table {{ x = [[1, 2], [5, 3], [0, 1]] }}\n\
             train {{ data = points, loss = sum(net(x)^2), optimizer = sgd(lr = 0.1), steps = 2, batch = all }}"
        ))
    };
    let loss_of = |program: &Program| {
        let loss = program.loss(None).value_and_gradient().compile().unwrap();
        let values = program.parameters().unwrap();
        let named =
            loss.signature().inputs().iter().map(|port| (port.name(), values.get(port.name()).unwrap().clone()));
        let arguments: Record = named.collect();
        let results = loss.call_record(&arguments).unwrap();
        assert_eq!(results, loss.call_record(&arguments).unwrap(), "the same at each call");
        results.number("value").unwrap()
    };
    let normalised = with("nn.BatchNorm()");
    let first = normalised.training(None).unwrap().step_with_loss().unwrap();
    assert_eq!(loss_of(&normalised), first);
    let dropping = with("nn.Dropout(0.5)");
    let plain = with("tanh");
    assert_ne!(loss_of(&dropping), loss_of(&plain));
}

#[test]
fn messages_say_what_can_be_done() {
    let program = Program::from_text("f.nd", "fn f(x: [n], k: int) = k * sum(x)").unwrap();
    let f = program.function("f").size("n", 20).compile().unwrap();
    let record = Record::new().with("value", vec![1.5, 2.0]);
    for (message, words) in [
        (error(f.call(&[&[0.0; 20], &1.0])), "`int` is i64"),
        (error(f.call(&[&[0.0; 19], &1i64])), "ask for it again with other ones"),
        (error(record.number("valeu")), "the record is (value: f64[2])"),
        (error(record.number("valeu")), "did you mean `value`?"),
        (error(record.number("value")), "`value` has 2 elements, but is asked for as one number"),
    ] {
        assert!(message.to_string().contains(words), "{message}");
    }
    assert_eq!(format!("{:?}", record.get("value").unwrap()), "F64[2] [1.5, 2.0]");
    assert!(format!("{:?}", Tensor::from(vec![0i64; 20])).ends_with("0.0] and 4 more"));
}

#[test]
fn questions_about_large_arguments_need_no_memory_for_them() {
    let program = Program::from_text("f.nd", "fn f(x: [n]) = sum(x)").unwrap();
    let f = program.function("f").size("n", 1 << 32).compile().unwrap();
    assert_eq!(f.signature().to_string(), "f(x: f64[4294967296]) -> (value: f64)");
}
