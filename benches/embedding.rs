//! What a call through the library costs beside the computation: `cargo bench --bench embedding`.
//!
//! The least time of many rounds counts, of each way to call in turn. `--cycles` also compiles and drops 10,000 programs.
#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use ndc::{Function, Kernel, Program};
use std::hint::black_box;
use std::time::Instant;

/// Calls of a round.
const CALLS: u32 = 20_000;
/// Rounds of each way.
const ROUNDS: usize = 200;

/// A way to call: its name, and a round of calls.
struct Way<'w> {
    name: &'w str,
    round: Box<dyn FnMut() + 'w>,
    best: f64,
}

fn main() {
    let program = Program::from_text("f.nd", "fn f(x) = x * x * x - 2 * x\nfn g(x: [3], w: [3]) = dot(x, w)^2")
        .unwrap_or_else(fail);
    let f = program.function("f").value_and_gradient().compile().unwrap_or_else(fail);
    let g = program.function("g").value_and_gradient().compile().unwrap_or_else(fail);
    let (kernel, large) = (f.kernel().unwrap_or_else(fail), g.kernel().unwrap_or_else(fail));
    let mut ways = vec![
        way("the same in Rust, by a function pointer", in_rust()),
        way("`call_into`: f(x) with its gradient", through_function(&f)),
        way("`Kernel::evaluate`: the same", through_kernel(&kernel)),
        way("`call_into`: g(x: [3], w: [3]) with its gradient", of_two_vectors(&g)),
        way("`Kernel::evaluate`: the same", of_two_vectors_flat(&large)),
    ];
    for _ in 0..ROUNDS {
        for way in &mut ways {
            let begun = Instant::now();
            (way.round)();
            way.best = way.best.min(begun.elapsed().as_secs_f64() / f64::from(CALLS));
        }
    }
    println!("| call | ns |\n| --- | --- |");
    for way in &ways {
        println!("| {} | {:.1} |", way.name, way.best * 1e9);
    }
    if std::env::args().any(|word| word == "--cycles") {
        cycles();
    }
}

fn fail<T>(error: ndc::Error) -> T {
    panic!("{error}")
}

fn way<'w>(name: &'w str, round: impl FnMut() + 'w) -> Way<'w> {
    Way { name, round: Box::new(round), best: f64::INFINITY }
}

fn in_rust() -> impl FnMut() {
    fn f(x: &f64, value: &mut f64, gradient: &mut f64) {
        *value = x * x * x - 2.0 * x;
        *gradient = 3.0 * x * x - 2.0;
    }
    let pointer: fn(&f64, &mut f64, &mut f64) = black_box(f);
    move || {
        let (mut value, mut gradient) = (0.0, 0.5);
        for _ in 0..CALLS {
            pointer(&gradient.clone(), &mut value, &mut gradient);
            gradient = gradient.min(1.0);
        }
        black_box(value);
    }
}

/// Each call waits for the last: its result is its argument.
fn through_function(f: &Function) -> impl FnMut() {
    let mut workspace = f.workspace();
    move || {
        let (mut x, mut value, mut gradient) = (0.5f64, 0.0, 0.0f64);
        for _ in 0..CALLS {
            f.call_into(&mut workspace, &[&x], &mut [&mut value, &mut gradient]).unwrap_or_else(fail);
            x = gradient.min(1.0);
        }
        black_box(value);
    }
}

fn through_kernel(kernel: &Kernel) -> impl FnMut() {
    move || {
        let (mut x, mut sum, mut gradient) = (0.5f64, 0.0, [0.0f64]);
        for _ in 0..CALLS {
            sum += kernel.evaluate(&[x], &mut gradient).unwrap_or_else(fail);
            x = gradient[0].min(1.0);
        }
        black_box(sum);
    }
}

fn of_two_vectors(g: &Function) -> impl FnMut() {
    let mut workspace = g.workspace();
    move || {
        let (x, mut w, mut value) = ([0.1, 0.2, 0.3], [1.0f64, 2.0, 3.0], 0.0);
        let (mut by_x, mut by_w) = ([0.0; 3], [0.0f64; 3]);
        for _ in 0..CALLS {
            g.call_into(&mut workspace, &[&x, &w], &mut [&mut value, &mut by_x, &mut by_w]).unwrap_or_else(fail);
            w[0] = by_w[0].min(1.0);
        }
        black_box(value);
    }
}

fn of_two_vectors_flat(g: &Kernel) -> impl FnMut() {
    move || {
        let (mut point, mut gradient, mut sum) = ([0.1, 0.2, 0.3, 1.0f64, 2.0, 3.0], [0.0f64; 6], 0.0);
        for _ in 0..CALLS {
            sum += g.evaluate(&point, &mut gradient).unwrap_or_else(fail);
            point[3] = gradient[3].min(1.0);
        }
        black_box(sum);
    }
}

/// The memory of this process in MiB, where the system tells it.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}

fn cycles() {
    let begun = Instant::now();
    for cycle in 1..=10_000 {
        let program =
            Program::from_text("cycle.nd", format!("fn f(x: [n]) = sum(sin({cycle} * x)^2)")).unwrap_or_else(fail);
        black_box(program.function("f").size("n", 3).value_and_gradient().compile().unwrap_or_else(fail));
        if [100, 10_000].contains(&cycle) {
            println!(
                "{cycle} programs compiled and dropped: {:.1} MiB, {:.1} s",
                resident(),
                begun.elapsed().as_secs_f64()
            );
        }
    }
}
