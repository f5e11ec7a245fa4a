//! Speed of the strip kernels of every operation (per strip of 256 elements, at each processor level, beside a copy of the
//! strip), reductions and the random generator. `cargo bench --bench kernels`, or some of it:
//! `cargo bench --bench kernels -- strip/tanh`.

#![allow(unsafe_code, reason = "kernels are called through raw pointers")]
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndc::ir::{Meaning, Pointwise};
use ndc::ops::POINTWISE;
use ndc::runtime::kernel::{Form, copy};
use ndc::runtime::random::Key;
use ndc::runtime::reduce::{self, ReduceShape, Reduction};
use ndc::runtime::{AlignedBytes, Element, Level, STRIP};

/// A strip of numbers between `low` and `high`, in no order.
fn numbers(low: f64, high: f64) -> Vec<f64> {
    (0..STRIP).map(|i| low + (high - low) * ((i * 101 % STRIP) as f64 / STRIP as f64)).collect()
}

/// Where a function is usual: most of those with a limited domain are defined between 0 and 1.
fn usual(definition: &Pointwise) -> (f64, f64) {
    if definition.domain == "every number" || definition.domain == "x finite" { (-3.0, 3.0) } else { (0.05, 0.95) }
}

/// Every operation on real numbers, and copying beside them: the limit of any.
fn strips(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("strip");
    group.throughput(Throughput::Elements(STRIP as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(20)).measurement_time(Duration::from_millis(100));
    for level in Level::available() {
        for definition in POINTWISE {
            let (low, high) = usual(definition);
            let (a, b) = (numbers(low, high), numbers(0.1, 2.0));
            let [single_a, single_b] = [&a, &b].map(|numbers| numbers.iter().map(|&x| x as f32).collect::<Vec<f32>>());
            let (mut out, mut single) = (vec![0.0f64; STRIP], vec![0.0f32; STRIP]);
            let name = |element: &str| format!("{}/{element}/{level:?}", definition.name);
            // SAFETY, for all: the buffers hold a strip, and the level is available.
            match &definition.meaning {
                Meaning::Unary { kernel, .. } => {
                    let (f64, f32) = (kernel.strip_f64().at(level), kernel.strip_f32().at(level));
                    group.bench_function(name("f64"), |bencher| {
                        bencher.iter(|| unsafe { f64(out.as_mut_ptr(), black_box(&a).as_ptr(), STRIP) });
                    });
                    group.bench_function(name("f32"), |bencher| {
                        bencher.iter(|| unsafe { f32(single.as_mut_ptr(), black_box(&single_a).as_ptr(), STRIP) });
                    });
                }
                Meaning::Binary { kernel, .. } => {
                    let form = Form::VectorVector;
                    let (f64, f32) = (kernel.strip_f64(form).at(level), kernel.strip_f32(form).at(level));
                    group.bench_function(name("f64"), |bencher| {
                        let b = black_box(&b).as_ptr();
                        bencher.iter(|| unsafe { f64(out.as_mut_ptr(), black_box(&a).as_ptr(), b, STRIP) });
                    });
                    group.bench_function(name("f32"), |bencher| {
                        let b = black_box(&single_b).as_ptr();
                        bencher.iter(|| unsafe { f32(single.as_mut_ptr(), black_box(&single_a).as_ptr(), b, STRIP) });
                    });
                }
                _ => {}
            }
        }
        for element in [Element::F64, Element::F32] {
            let (from, mut to) = (AlignedBytes::zeroed(STRIP * 8), AlignedBytes::zeroed(STRIP * 8));
            let strip = copy(element).at(level);
            group.bench_function(format!("copy/{element:?}/{level:?}"), |bencher| {
                bencher.iter(|| unsafe { strip(to.as_mut_ptr(), black_box(&from).as_ptr(), STRIP) });
            });
        }
    }
    group.finish();
}

fn reductions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sum");
    for (outer, length, inner) in
        [(1, 100_000, 1), (1000, 3, 1), (1000, 10, 1), (100, 1000, 1), (1, 150, 3), (1, 128, 512)]
    {
        let shape = ReduceShape { outer, length, inner };
        let count = outer * length * inner;
        let Some(kernel) = reduce::kernel(Reduction::Sum, Element::F32) else { return };
        let mut state = AlignedBytes::zeroed(reduce::state_bytes(Reduction::Sum, Element::F32, shape));
        let (a, mut out) = (AlignedBytes::zeroed(count * 4), AlignedBytes::zeroed(outer * inner * 4));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{outer}x{length}x{inner}"), |bencher| {
            let whole = kernel.whole.get();
            // SAFETY: the buffers have the sizes of the shape.
            bencher.iter(|| unsafe { whole(state.as_mut_ptr(), out.as_mut_ptr(), black_box(&a).as_ptr(), &shape) });
        });
    }
    group.finish();
}

fn random(criterion: &mut Criterion) {
    let mut sequence = Key { seed: 1, stream: 2 }.sequence();
    criterion.bench_function("random/below", |bencher| bencher.iter(|| sequence.below(black_box(150))));
    criterion.bench_function("random/normal", |bencher| bencher.iter(|| sequence.normal()));
}

criterion_group!(benches, strips, reductions, random);
criterion_main!(benches);
