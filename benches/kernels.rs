//! Speed of the strip kernels (per strip of 256 elements, at each processor level), reductions, matrix products and the
//! random generator. `cargo bench --bench kernels`.

#![allow(unsafe_code, reason = "kernels are called through raw pointers")]
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndc::runtime::kernel::{Binary, BinaryKernel, Form, Unary, UnaryKernel};
use ndc::runtime::math::{double, single};
use ndc::runtime::matmul::{self, MatmulShape};
use ndc::runtime::random::Key;
use ndc::runtime::reduce::{self, ReduceShape, Reduction};
use ndc::runtime::{AlignedBytes, Element, Level, STRIP};

macro_rules! unary {
    ($($operation:ident $function:ident;)*) => {
        $(
            struct $operation;
            impl Unary for $operation {
                #[inline(always)]
                fn f64(x: f64) -> f64 {
                    double::$function(x)
                }
                #[inline(always)]
                fn f32(x: f32) -> f32 {
                    single::$function(x)
                }
            }
        )*
    };
}

unary! { Exp exp; Log log; Tanh tanh; Sigmoid sigmoid; }

struct Sin;

impl Unary for Sin {
    const LIMIT_F64: f64 = double::TRIGONOMETRIC_LIMIT;
    const LIMIT_F32: f32 = single::TRIGONOMETRIC_LIMIT;
    #[inline(always)]
    fn f64(x: f64) -> f64 {
        double::sin(x)
    }
    #[inline(always)]
    fn f32(x: f32) -> f32 {
        single::sin(x)
    }
    #[inline(always)]
    fn within_f64(x: f64) -> f64 {
        double::sin_reduced(x)
    }
    #[inline(always)]
    fn within_f32(x: f32) -> f32 {
        single::sin_reduced(x)
    }
}

struct Add;

impl Binary for Add {
    #[inline(always)]
    fn f64(a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn f32(a: f32, b: f32) -> f32 {
        a + b
    }
}

fn strips(criterion: &mut Criterion) {
    let kernels = [
        ("exp", UnaryKernel::of::<Exp>()),
        ("log", UnaryKernel::of::<Log>()),
        ("tanh", UnaryKernel::of::<Tanh>()),
        ("sigmoid", UnaryKernel::of::<Sigmoid>()),
        ("sin", UnaryKernel::of::<Sin>()),
    ];
    let add = BinaryKernel::of::<Add>();
    let doubles: Vec<f64> = (0..STRIP).map(|i| 0.1 + i as f64 * 0.01).collect();
    let singles: Vec<f32> = doubles.iter().map(|&x| x as f32).collect();
    let (mut out, mut out_single) = (vec![0.0f64; STRIP], vec![0.0f32; STRIP]);
    let mut group = criterion.benchmark_group("strip");
    group.throughput(Throughput::Elements(STRIP as u64));
    for level in Level::available() {
        for (name, kernel) in &kernels {
            let (strip, strip_single) = (kernel.strip_f64().at(level), kernel.strip_f32().at(level));
            group.bench_function(format!("{name}/f64/{level:?}"), |bencher| {
                // SAFETY: both hold a strip, and the level is available.
                bencher.iter(|| unsafe { strip(out.as_mut_ptr(), black_box(&doubles).as_ptr(), STRIP) });
            });
            group.bench_function(format!("{name}/f32/{level:?}"), |bencher| {
                // SAFETY: both hold a strip, and the level is available.
                bencher.iter(|| unsafe { strip_single(out_single.as_mut_ptr(), black_box(&singles).as_ptr(), STRIP) });
            });
        }
        let strip = add.strip_f32(Form::VectorVector).at(level);
        group.bench_function(format!("add/f32/{level:?}"), |bencher| {
            let b = black_box(&singles).as_ptr();
            // SAFETY: all hold a strip, and the level is available.
            bencher.iter(|| unsafe { strip(out_single.as_mut_ptr(), black_box(&singles).as_ptr(), b, STRIP) });
        });
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

/// Rows, terms, columns, and which operand is transposed.
const PRODUCTS: [(usize, usize, usize, &str); 13] = [
    (4, 4, 4, "nn"),
    (16, 16, 16, "nn"),
    (128, 128, 128, "nn"),
    (128, 128, 128, "tn"),
    (128, 128, 128, "nt"),
    (512, 512, 512, "nn"),
    (32, 784, 16, "nn"),
    (784, 32, 16, "tn"),
    (1, 784, 16, "nn"),
    (784, 784, 1, "nn"),
    (150, 3, 1, "nn"),
    (3, 150, 1, "tn"),
    (300, 6, 10, "nn"),
];

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matmul");
    for (m, k, n, layout) in PRODUCTS {
        let (a_row, a_column) = if layout == "tn" { (1, m as isize) } else { (k as isize, 1) };
        let (b_row, b_column) = if layout == "nt" { (1, k as isize) } else { (n as isize, 1) };
        let shape = MatmulShape {
            batch: 1,
            m,
            k,
            n,
            a_batch: 0,
            a_row,
            a_column,
            b_batch: 0,
            b_row,
            b_column,
            c_batch: 0,
            c_row: n,
            accumulate: 0,
        };
        for element in [Element::F32, Element::F64] {
            let Some(product) = matmul::function(element) else { return };
            let zeroed = |count: usize| AlignedBytes::zeroed(count * element.bytes());
            let (a, b, mut c) = (zeroed(m * k), zeroed(k * n), zeroed(m * n));
            group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
            group.bench_function(format!("{m}x{k}x{n}/{layout}/{element:?}"), |bencher| {
                // SAFETY: the buffers have the sizes of the shape.
                bencher.iter(|| unsafe { product(&shape, c.as_mut_ptr(), black_box(&a).as_ptr(), b.as_ptr()) });
            });
        }
    }
    group.finish();
}

fn random(criterion: &mut Criterion) {
    let mut sequence = Key { seed: 1, stream: 2 }.sequence();
    criterion.bench_function("random/below", |bencher| bencher.iter(|| sequence.below(black_box(150))));
    criterion.bench_function("random/normal", |bencher| bencher.iter(|| sequence.normal()));
}

criterion_group!(benches, strips, reductions, products, random);
criterion_main!(benches);
