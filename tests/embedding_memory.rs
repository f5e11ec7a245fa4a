//! The library for Rust programs and memory: calls allocate nothing, and what is dropped is freed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::{Options, Program};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all is done by the system's allocator.
#[allow(unsafe_code, reason = "an allocator that counts")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often some work asks for memory.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn calls_allocate_nothing() {
    ndc::set_threads(1);
    let text = "param w: [8] = normal(0, 1)\nfn f(x: [n, 8], k: int) = sum(tanh(x @ w)) * k\nfn first(v: [3], i: int) = v[i]\n\
                fn walk(x) = fold(x, 0..1000, |s, i| s + 0.1 * sin(s))";
    let program = Program::from_text("memory.nd", text).unwrap();
    let f = program.function("f").size("n", 50).with_respect_to(["x", "w"]).value_and_gradient().compile().unwrap();
    let (x, w) = (vec![0.5; 400], [0.25; 8]);
    let (mut value, mut by_x, mut by_w) = (0.0, vec![0.0; 400], [0.0; 8]);
    let mut workspace = f.workspace();
    let count = allocations(|| {
        for k in 0..100i64 {
            f.call_into(&mut workspace, &[&x, &k, &w], &mut [&mut value, &mut by_x, &mut by_w]).unwrap();
        }
    });
    assert_eq!(count, 0, "of `call_into`");
    let kernel = f.hold("k", 2i64).unwrap().kernel().unwrap();
    let (point, mut gradient) = (vec![0.1; 408], vec![0.0; 408]);
    let count = allocations(|| {
        for _ in 0..100 {
            kernel.evaluate(&point, &mut gradient).unwrap();
        }
    });
    assert_eq!(count, 0, "of `evaluate`");
    let walk = program.function("walk").value_and_gradient().compile().unwrap().kernel().unwrap();
    assert_eq!(
        allocations(|| assert!(walk.evaluate(&[0.3], &mut [0.0]).unwrap().is_finite())),
        0,
        "with a loop inside"
    );
    let mut training = Program::from_text(
        "train.nd",
        "param w: [8] = normal(0, 1)\ntrain { loss = sum(tanh(w)^2), optimizer = adam(lr = 0.1), steps = 1 }",
    )
    .unwrap()
    .training(None)
    .unwrap();
    training.step().unwrap();
    assert_eq!(allocations(|| (0..100).for_each(|_| training.step().unwrap())), 0, "of a step");
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
}

/// Compiles programs and drops them, and gives the memory after the first so many and after all.
fn cycles(first: usize, all: usize) -> (u64, u64) {
    let mut after_first = 0;
    for cycle in 0..all {
        let program = Options::new()
            .set("scale", cycle)
            .parse("cycle.nd", "const scale = 1\nfn f(x: [n]) = sum(sin(scale * x)^2)");
        let f = program.unwrap().function("f").size("n", 3 + cycle % 50).value_and_gradient().compile().unwrap();
        let x = vec![0.5; 3 + cycle % 50];
        let (mut value, mut gradient) = (0.0, x.clone());
        f.call_into(&mut f.workspace(), &[&x], &mut [&mut value, &mut gradient]).unwrap();
        let expected = x.len() as f64 * libm::sin(0.5 * cycle as f64).powi(2);
        assert!((value - expected).abs() < 1e-9, "{cycle}: {value} {expected}");
        if cycle + 1 == first {
            after_first = resident();
        }
    }
    (after_first, resident())
}

/// `cargo test --release --test embedding_memory -- --ignored` does 10,000.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
fn dropped_programs_free_their_memory() {
    let (first, all) = cycles(50, 300);
    assert!(all < first * 5 / 4, "{first} bytes after 50 cycles, {all} after 300");
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn ten_thousand_dropped_programs_free_their_memory() {
    let (first, all) = cycles(100, 10_000);
    assert!(all < 2 * first, "{first} bytes after 100 cycles, {all} after 10,000");
}
