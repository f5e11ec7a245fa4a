//! Native code against the evaluator.

#[path = "native/generator.rs"]
mod generator;
#[path = "native/harness.rs"]
mod harness;

use generator::generate;
use harness::compare;

#[test]
fn random_graphs_agree_with_the_evaluator() {
    let count = std::env::var("NATIVE_GRAPHS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let first = std::env::var("NATIVE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for seed in first..first + count {
        let case = generate(seed);
        compare(&case.graph, &case.inputs, &format!("seed {seed}"));
    }
}
