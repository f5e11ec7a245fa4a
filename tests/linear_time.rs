//! Long programs: the time to check and lower one grows with its length, not with the square of it, and the number of
//! operations that it is lowered to grows as the program does.
//!
//! Work is counted where it can be: operations of the graph, bytes of working memory. Times are measured by a test
//! that is left out unless asked for: `cargo test --test linear_time -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::check::Options;
use ndc::check::program::{Action, Program, Typed};
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::lower::value::lower_values;
use ndc::optimize::optimize;
use ndc::schedule::schedule;
use ndc::session::{Session, Silent};
use std::fmt::Write;
use std::time::Duration;

fn check(text: &str) -> Checked {
    let checked = check_text("long.nd", None, text.to_string(), &mut FileLoader::new(), Options::default());
    let first = checked.diagnostics.iter().find(|each| each.is_error());
    assert!(first.is_none(), "{first:?}");
    checked
}

/// Text made of one line for each number, between two others.
fn lines(before: &str, count: usize, line: impl Fn(usize) -> String, after: String) -> String {
    let mut text = format!("{before}\n");
    for index in 0..count {
        writeln!(text, "{}", line(index)).unwrap();
    }
    text + &after
}

fn functions(count: usize) -> String {
    let line =
        |index| format!("fn f{index}(x: real, y) = {{ let a = x + y * {index}; if a > 0 {{ a }} else {{ -a }} }}");
    lines("param p = 1.0", count, line, format!("print f0(p, 2), f{}(p, 2)\n", count - 1))
}

fn chain_of_calls(count: usize) -> String {
    let line = |index: usize| format!("fn g{}(x) = g{index}(x) + x", index + 1);
    lines("param p = 1.0\nfn g0(x) = x", count, line, format!("print g{count}(p)\n"))
}

fn bindings(count: usize) -> String {
    let line = |index: usize| format!("    let a{} = a{index} + x;", index + 1);
    lines("param p = 1.0\nfn f(x: real) = {\n    let a0 = x;", count, line, format!("    a{count}\n}}\nprint f(p)\n"))
}

fn values_of_the_file(count: usize) -> String {
    lines("let a0 = 1.0", count, |index| format!("let a{} = a{index} + 1", index + 1), String::new())
}

fn comprehensions(count: usize) -> String {
    let line = |index: usize| format!("    let b{} = [b{index}[i] * 0.5 + x[i] for i];", index + 1);
    let before = "param v: [4] = [1, 2, 3, 4]\nfn f(x: [n]) = {\n    let b0 = x;";
    lines(before, count, line, format!("    sum(b{count})\n}}\nprint f(v)\n"))
}

fn layers(count: usize) -> String {
    let layer = "layer Dense(m, activation = identity) {\n    param W: [m, n] = glorot_uniform()\n    param b: [m] = zeros()\n    \
                 fn call(x: [n]) -> [m] = activation(W @ x + b)\n}";
    // Long chains have a limit of nesting: models of a hundred layers, one after another.
    let part = |place: usize| vec!["Dense(3, tanh)"; (count - 100 * place).min(100)].join(" >> ");
    let parts: Vec<usize> = (0..count.div_ceil(100)).collect();
    let models: String = parts.iter().map(|place| format!("model part{place} = {}\n", part(*place))).collect();
    let names: Vec<String> = parts.iter().map(|place| format!("part{place}")).collect();
    format!("{layer}\n{models}model net = {}\nprint net([1.0, 2.0])\n", names.join(" >> "))
}

fn loops(count: usize) -> String {
    let line =
        |index: usize| format!("    let s{} = fold(s{index}, v, |s, e| fold(s, 0..3, |t, j| 0.5 * t + e));", index + 1);
    let before = "param v: [4] = [1, 2, 3, 4]\nfn f(x) = {\n    let s0 = x;";
    lines(before, count, line, format!("    s{count}\n}}\nprint f(v[0])\n"))
}

fn nested(depth: usize) -> String {
    format!("param p = 1.0\nprint {}p{}\n", "(".repeat(depth), " + 1)".repeat(depth))
}

/// A kind of long program: its name, the program of a length, and the length that must be no trouble.
type Long = (&'static str, fn(usize) -> String, usize);

const LONG: &[Long] = &[
    ("functions", functions, 10_000),
    ("chain of calls", chain_of_calls, 50),
    ("bindings", bindings, 10_000),
    ("values of the file", values_of_the_file, 10_000),
    ("comprehensions", comprehensions, 5_000),
    ("layers", layers, 1_000),
    ("loops", loops, 200),
    ("nesting", nested, 100),
];

/// The expressions that a program prints.
fn printed(program: &Program) -> Vec<&Typed> {
    let printed = program.actions.iter().filter_map(|action| match action {
        Action::Print(values) => Some(values.iter().map(|(_, value)| value)),
        _ => None,
    });
    printed.flatten().collect()
}

/// How many operations the printed expressions are lowered to.
fn operations(program: &Program) -> usize {
    on_large_stack(|| lower_values(program, &printed(program)).graph.len())
}

#[test]
fn operations_grow_with_the_program() {
    for (name, program, length) in LONG {
        let small = (length / 40).max(10);
        let [once, twice] = [small, 2 * small].map(|length| operations(&check(&program(length)).program));
        assert!(twice <= 2 * once + 16, "{name}: {once} operations, and {twice} for twice the length");
    }
}

#[test]
fn long_programs_run() {
    for (name, program, length) in LONG {
        let checked = check(&program(length / 20));
        let ran = on_large_stack(|| Session::new(&checked.program).unwrap().run(&mut Silent));
        assert!(ran.is_ok(), "{name}: {ran:?}");
    }
}

/// The working memory and the value of a loop of so many steps.
fn long_loop(steps: usize) -> (usize, f64) {
    let text = format!(
        "param half = 0.5\nprint fold((0.0, 0), 0..{steps}, |(s, k), i| (half * s + 1, max(k, i))).0, \
         while((0, 0.0), |(k, s)| k < {steps}, |(k, s)| (k + 1, half * s + 1), max = {steps}).1\n"
    );
    let checked = check(&text);
    on_large_stack(|| {
        let mut session = Session::new(&checked.program).unwrap();
        let lowered = lower_values(&checked.program, &printed(&checked.program));
        let bytes = schedule(&optimize(&lowered.graph)).workspace_bytes;
        let values = session.evaluate(&printed(&checked.program)).unwrap();
        let numbers: Vec<f64> = values.iter().map(|leaves| f64::from_bits(leaves.tables[0].bits[0])).collect();
        assert_eq!(numbers[0], numbers[1]);
        (bytes, numbers[0])
    })
}

#[test]
fn long_loops_need_no_more_memory_than_short_ones() {
    let (few, _) = long_loop(1000);
    let (many, value) = long_loop(10_000_000);
    assert_eq!(few, many);
    assert_eq!(value, 2.0);
}

/// The processor time of this process so far, which other work on the machine disturbs less than the clock.
fn processor_time() -> Duration {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = status.rsplit(')').next().unwrap();
    let ticks = |field: usize| after_name.split_whitespace().nth(field).unwrap().parse::<u64>().unwrap();
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// How long checking and lowering take.
fn time(text: &str) -> Duration {
    let begin = processor_time();
    let checked = check(text);
    operations(&checked.program);
    processor_time() - begin
}

#[test]
#[ignore = "measures time, and needs a machine that tells it in /proc"]
fn time_grows_with_the_program() {
    for (name, program, length) in LONG {
        let [half, whole] = [length / 2, *length].map(|length| time(&program(length)));
        println!("{name}: {half:?} for {}, {whole:?} for {length}", length / 2);
        assert!(whole <= 3 * half + Duration::from_millis(300), "{name}: {half:?}, and {whole:?} for twice the length");
        assert!(whole <= Duration::from_secs(30), "{name}: {whole:?}");
    }
}
