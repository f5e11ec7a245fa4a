//! Speed of matrix products beside the limit of the processor: `cargo bench --bench products`.
//!
//! `NN` is `A B` of contiguous rows, `TN` has `A` transposed, `NT` has `B` transposed. The limit is a loop of fused
//! multiply-adds on registers.

#![allow(unsafe_code, reason = "kernels are called through raw pointers")]
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndc::runtime::matmul::{self, MatmulShape};
use ndc::runtime::{AlignedBytes, Element, Level, cpu};

/// Sizes `m`, `k`, `n`: squares, layers of networks with their gradients, recurrent steps, attention, vectors.
const SIZES: &[[usize; 3]] = &[
    [8, 8, 8],
    [16, 16, 16],
    [64, 64, 64],
    [100, 100, 100],
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [32, 784, 16],
    [784, 32, 16],
    [128, 784, 512],
    [784, 128, 512],
    [128, 512, 10],
    [300, 6, 10],
    [16, 64, 256],
    [128, 16, 128],
    [128, 128, 16],
    [1, 64, 64],
    [1, 784, 512],
    [512, 1, 512],
];

/// A multiply-add counts as one element, in all groups.
fn products(criterion: &mut Criterion) {
    limit(criterion);
    for (name, element) in [("f32", Element::F32), ("f64", Element::F64)] {
        let Some(product) = matmul::function(element) else { continue };
        let mut group = criterion.benchmark_group(format!("products {name}"));
        for [m, k, n] in SIZES.iter().copied() {
            let bytes = |count: usize| AlignedBytes::zeroed(count * element.bytes());
            let (a, b, mut c) = (bytes(m * k), bytes(k * n), bytes(m * n));
            group.throughput(Throughput::Elements((m * k * n) as u64));
            for orientation in ["NN", "TN", "NT"] {
                let [a_row, a_column] = if orientation == "TN" { [1, m] } else { [k, 1] };
                let [b_row, b_column] = if orientation == "NT" { [1, k] } else { [n, 1] };
                let shape = MatmulShape {
                    batch: 1,
                    m,
                    k,
                    n,
                    a_batch: 0,
                    a_row: a_row as isize,
                    a_column: a_column as isize,
                    b_batch: 0,
                    b_row: b_row as isize,
                    b_column: b_column as isize,
                    c_batch: 0,
                    c_row: n,
                    accumulate: 0,
                };
                group.bench_function(format!("{m} x {k} x {n} {orientation}"), |bencher| {
                    // SAFETY: the memories have the sizes of the shape.
                    bencher.iter(|| unsafe { product(&shape, c.as_mut_ptr(), a.as_ptr(), b.as_ptr()) });
                });
            }
        }
        group.finish();
    }
}

/// Multiply-adds on as many registers as it takes to hide their latency.
macro_rules! chains {
    ($($name:ident $type:ty, $lanes:literal, $features:literal;)*) => {
        $(
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = $features)]
            fn $name(factor: $type) -> [[$type; $lanes]; CHAINS] {
                let mut sums: [[$type; $lanes]; CHAINS] = [[0.5; $lanes]; CHAINS];
                for _ in 0..ROUNDS {
                    for sum in &mut sums {
                        for lane in sum {
                            *lane = lane.mul_add(factor, factor);
                        }
                    }
                }
                sums
            }
        )*
    };
}

const CHAINS: usize = 12;
const ROUNDS: usize = 1000;

chains! {
    wide_f32 f32, 16, "avx512f,avx512vl,fma";
    wide_f64 f64, 8, "avx512f,avx512vl,fma";
    narrow_f32 f32, 8, "avx2,fma";
    narrow_f64 f64, 4, "avx2,fma";
}

#[cfg(target_arch = "x86_64")]
fn limit(criterion: &mut Criterion) {
    let wide = cpu() == Level::Avx512;
    if cpu() == Level::Baseline {
        return;
    }
    let lanes = if wide { 16 } else { 8 };
    let mut group = criterion.benchmark_group("limit");
    // SAFETY: the processor has the level.
    unsafe {
        group.throughput(Throughput::Elements((ROUNDS * CHAINS * lanes) as u64));
        group.bench_function("f32", |bencher| match wide {
            true => bencher.iter(|| wide_f32(black_box(0.9))),
            false => bencher.iter(|| narrow_f32(black_box(0.9))),
        });
        group.throughput(Throughput::Elements((ROUNDS * CHAINS * lanes / 2) as u64));
        group.bench_function("f64", |bencher| match wide {
            true => bencher.iter(|| wide_f64(black_box(0.9))),
            false => bencher.iter(|| narrow_f64(black_box(0.9))),
        });
    }
    group.finish();
}

#[cfg(not(target_arch = "x86_64"))]
fn limit(_: &mut Criterion) {}

criterion_group!(benches, products);
criterion_main!(benches);
