//! From source to the first call: each stage alone, and all of them, on programs of the examples.
//!
//! `cargo bench --bench compile`; a word after `--` chooses programs and stages, such as `iris` or `generate`. A program here
//! is the heaviest action of its file: a training step with its report, or a gradient.

use criterion::{Criterion, criterion_group, criterion_main};
use ndc::check::Options;
use ndc::check::program::{Action, Program, Train, Typed};
use ndc::codegen::{BoundCall, object};
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_file};
use ndc::lower::Lowered;
use ndc::lower::training::{Report, lower_step};
use ndc::lower::value::lower_value;
use ndc::optimize::optimize;
use ndc::schedule::schedule;
use ndc::syntax::parse;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is compiled of a file.
#[derive(Clone, Copy)]
enum What {
    /// The step of its first `train`.
    Step,
    /// The value of a `let` of the file, by its number among the actions.
    Let(usize),
}

const PROGRAMS: [(&str, What); 5] = [
    ("iris", What::Step),
    ("ten_points", What::Step),
    ("convolution", What::Step),
    ("recurrent", What::Step),
    ("hodgkin_huxley", What::Let(3)),
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).with_extension("nd")
}

fn checked(name: &str) -> Checked {
    let checked = check_file(&path(name), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{name} does not check");
    checked
}

fn training(program: &Program) -> &Train {
    let train = program.actions.iter().find_map(|action| match action {
        Action::Train(train) => Some(train),
        _ => None,
    });
    train.expect("a training block")
}

fn value(program: &Program, place: usize) -> &Typed {
    let mut values = program.actions.iter().filter_map(|action| match action {
        Action::Let { value, .. } => Some(value),
        _ => None,
    });
    values.nth(place).expect("a `let`")
}

fn lower(program: &Program, what: What) -> Lowered {
    match what {
        What::Let(place) => lower_value(program, value(program, place)),
        What::Step => {
            let train = training(program);
            let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
            let size = train.batch.unwrap_or(examples).min(examples);
            lower_step(program, train, size, size == examples, Report::Full)
        }
    }
}

/// All stages; the call of the code is on zeros.
fn source_to_first_call(name: &str, what: What) {
    let checked = checked(name);
    let graph = optimize(&lower(&checked.program, what).graph);
    let executable = object(&schedule(&graph)).and_then(|object| object.link()).expect("native code");
    // An index of zeros is inside, an integer of zeros may be no divisor: either way the code has run.
    let _ = black_box(BoundCall::new(Arc::new(executable)).run());
}

fn stages(criterion: &mut Criterion) {
    for (name, what) in PROGRAMS {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        let text = std::fs::read_to_string(path(name)).expect("an example");
        group.bench_function("parse", |bench| bench.iter(|| parse(ndc::source::SourceId(0), black_box(&text))));
        group.bench_function("check", |bench| bench.iter(|| checked(name)));
        let checked = checked(name);
        group.bench_function("lower", |bench| bench.iter(|| lower(&checked.program, what)));
        let graph = lower(&checked.program, what).graph;
        group.bench_function("optimise", |bench| bench.iter(|| optimize(&graph)));
        let graph = optimize(&graph);
        group.bench_function("schedule", |bench| bench.iter(|| schedule(&graph)));
        let scheduled = schedule(&graph);
        group.bench_function("generate", |bench| bench.iter(|| object(&scheduled).expect("native code")));
        let bytes = postcard::to_stdvec(&object(&scheduled).expect("native code")).expect("code that can be stored");
        group.bench_function("from the cache", |bench| {
            bench.iter(|| {
                let stored: ndc::codegen::Object = postcard::from_bytes(&bytes).expect("what was stored");
                stored.link().expect("native code")
            });
        });
        group.bench_function("source to first call", |bench| bench.iter(|| source_to_first_call(name, what)));
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
