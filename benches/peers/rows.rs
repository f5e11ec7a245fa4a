//! The table: what is measured, against whom, and what ratio is aimed at.

/// A row.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What is measured, for readers.
    pub work: &'static str,
    /// The program beside this file, or one of `examples`.
    pub file: &'static str,
    /// What of it.
    pub way: Way,
    /// Values of the size variables of the function.
    pub sizes: &'static [(&'static str, i64)],
    /// What it computes, in the order of the peers' `check`.
    pub check: Check,
    /// The script of its peers, and the variant.
    pub workload: &'static str,
    pub variant: &'static str,
    /// The peers that the limit counts.
    pub peers: &'static [&'static str],
    /// Others of interest.
    pub others: &'static [&'static str],
    pub limit: Limit,
    pub threads: usize,
}

/// What of a program is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Runs of its function `step`, on memories that are bound once. A result replaces the argument of its name; an argument
    /// with more values than the function takes is the batches of all steps.
    Step,
    /// Calls of its function `step`, setting arguments and reading results each time.
    Call,
    /// Steps of its first `train`.
    Train,
    /// The whole process `ndc run`.
    Run,
}

/// What the peers compare.
#[derive(Clone, Copy)]
pub struct Check {
    /// After so many steps.
    pub steps: usize,
    /// Results, in order.
    pub figures: &'static [Figure],
    /// How far they may differ, relative to their size.
    pub tolerance: f64,
}

/// A figure that is compared.
#[derive(Clone, Copy)]
pub enum Figure {
    /// Every element of a result.
    Elements(&'static str),
    /// The sums of the elements and of their magnitudes, of all results whose names begin so.
    Sums(&'static str),
}

/// What is aimed at.
#[derive(Clone, Copy)]
pub enum Limit {
    /// The time relative to that of the best peer.
    Ratio(f64),
    /// The time in seconds.
    Seconds(f64),
    /// None.
    Open,
}

use Figure::{Elements, Sums};

const F32: f64 = 2e-4;
const F64: f64 = 1e-7;

const NETWORK: Check = Check { steps: 10, figures: &[Elements("loss"), Sums("p.")], tolerance: F32 };
const GRADIENT: Check = Check { steps: 1, figures: &[Elements("loss"), Sums("d")], tolerance: F32 };

const ROW: Row = Row {
    name: "",
    work: "",
    file: "",
    way: Way::Step,
    sizes: &[],
    check: GRADIENT,
    workload: "",
    variant: "",
    peers: &[],
    others: &[],
    limit: Limit::Open,
    threads: 1,
};

const DIGITS: Row = Row {
    file: "network.nd",
    check: NETWORK,
    workload: "wl_d",
    peers: &["cpp_eigen_manual"],
    others: &["jax_loop", "torch"],
    limit: Limit::Ratio(0.7),
    ..ROW
};

const WIDE: Row = Row {
    file: "adam.nd",
    sizes: &[("n", 784), ("h", 512), ("k", 512), ("c", 10), ("batch", 128)],
    check: NETWORK,
    workload: "wl_e",
    variant: "b128",
    peers: &["jax_loop", "torch"],
    others: &["cpp_eigen_manual", "jax"],
    limit: Limit::Ratio(0.85),
    ..ROW
};

const PRODUCT: Row =
    Row { file: "product.nd", workload: "wl_l", peers: &["cpp_eigen_manual", "jax", "torch", "numpy_manual"], ..ROW };

const WAVE: Row = Row {
    file: "wave.nd",
    check: Check {
        steps: 1,
        figures: &[Elements("loss"), Elements("da"), Elements("db"), Elements("dc"), Sums("dx")],
        tolerance: F32,
    },
    workload: "wave",
    peers: &["cpp_manual"],
    others: &["jax"],
    limit: Limit::Ratio(1.0),
    ..ROW
};

const GMM: Row = Row {
    file: "gmm.nd",
    check: Check { tolerance: F64, ..GRADIENT },
    workload: "gmm",
    peers: &["cpp_eigen_manual"],
    others: &["jax"],
    limit: Limit::Ratio(0.8),
    ..ROW
};

/// All rows.
pub const ROWS: &[Row] = &[
    Row {
        name: "a scalar",
        work: "scalar gradient, a call",
        file: "scalar.nd",
        way: Way::Call,
        check: Check {
            steps: 1,
            figures: &[Elements("loss"), Elements("dx"), Elements("dy"), Elements("dz")],
            tolerance: F64,
        },
        workload: "wl_a",
        variant: "1",
        others: &["cpp_manual", "jax"],
        limit: Limit::Seconds(20e-9),
        ..ROW
    },
    Row {
        name: "b iris",
        work: "Iris neuron, 150 x 2, f64, a step",
        file: "neuron.nd",
        way: Way::Train,
        check: Check { steps: 100, figures: &[Elements("loss"), Elements("w"), Elements("b")], tolerance: F64 },
        workload: "wl_b",
        variant: "150x3",
        peers: &["cpp_manual"],
        others: &["jax_loop", "torch"],
        limit: Limit::Ratio(0.8),
        ..ROW
    },
    Row {
        name: "c mlp 6-10-5-3",
        work: "MLP 6-10-5-3, 300 samples, f32, a step",
        sizes: &[("n", 6), ("h", 10), ("k", 5), ("m", 3), ("batch", 300)],
        workload: "wl_c",
        variant: "b300",
        limit: Limit::Ratio(0.3),
        ..DIGITS
    },
    Row {
        name: "d mlp 784-16-16-10 b32",
        work: "MLP 784-16-16-10, batch 32, a step",
        sizes: &[("n", 784), ("h", 16), ("k", 16), ("m", 10), ("batch", 32)],
        variant: "b32",
        ..DIGITS
    },
    Row {
        name: "d mlp 784-16-16-10 b256",
        work: "MLP 784-16-16-10, batch 256, a step",
        sizes: &[("n", 784), ("h", 16), ("k", 16), ("m", 10), ("batch", 256)],
        variant: "b256",
        ..DIGITS
    },
    Row { name: "e mlp adam", work: "MLP 784-512-512-10, Adam, batch 128, a step", ..WIDE },
    Row {
        name: "e mlp adam train",
        work: "the same step as `train` makes it",
        file: "adam_train.nd",
        way: Way::Train,
        ..ROW
    },
    Row { name: "e mlp adam t2", work: "the same with two threads", threads: 2, ..WIDE },
    Row {
        name: "l product 64",
        work: "matrix product loss, n = 64",
        sizes: &[("n", 64)],
        variant: "64",
        limit: Limit::Ratio(0.8),
        ..PRODUCT
    },
    Row {
        name: "l product 256",
        work: "matrix product loss, n = 256",
        sizes: &[("n", 256)],
        variant: "256",
        limit: Limit::Ratio(0.95),
        ..PRODUCT
    },
    Row {
        name: "l product 1024",
        work: "matrix product loss, n = 1024",
        sizes: &[("n", 1024)],
        variant: "1024",
        limit: Limit::Ratio(0.97),
        ..PRODUCT
    },
    Row {
        name: "convolution",
        work: "convolutional net 28 x 28, batch 64, a step",
        file: "convolution.nd",
        sizes: &[("batch", 64)],
        check: NETWORK,
        workload: "convolution",
        variant: "b64",
        peers: &["torch"],
        others: &["jax_loop"],
        limit: Limit::Ratio(0.8),
        ..ROW
    },
    Row {
        name: "lstm",
        work: "LSTM, sequence 100, hidden 64, batch 16",
        file: "lstm.nd",
        sizes: &[("batch", 16), ("t", 100), ("n", 64), ("m", 64)],
        workload: "lstm",
        variant: "t100",
        peers: &["jax", "jax_unrolled", "torch"],
        limit: Limit::Ratio(0.6),
        ..ROW
    },
    Row {
        name: "hodgkin-huxley",
        work: "Hodgkin-Huxley, 10,000 Euler steps, f64",
        file: "hodgkin_huxley.nd",
        check: Check { steps: 1, figures: &[Elements("loss"), Elements("dg")], tolerance: F64 },
        workload: "hodgkin_huxley",
        variant: "10000",
        peers: &["cpp_manual"],
        others: &["jax"],
        limit: Limit::Ratio(1.0),
        ..ROW
    },
    Row { name: "wave 1e3", work: "sum of tanh exp, n = 10^3", sizes: &[("n", 1000)], variant: "1e3", ..WAVE },
    Row { name: "wave 1e5", work: "sum of tanh exp, n = 10^5", sizes: &[("n", 100_000)], variant: "1e5", ..WAVE },
    Row { name: "wave 1e7", work: "sum of tanh exp, n = 10^7", sizes: &[("n", 10_000_000)], variant: "1e7", ..WAVE },
    Row {
        name: "attention",
        work: "attention block, sequence 128, width 64, 4 heads, batch 8",
        file: "attention.nd",
        sizes: &[("batch", 8), ("t", 128), ("heads", 4), ("c", 16), ("n", 64)],
        check: Check { figures: &[Elements("loss"), Sums("g.")], ..GRADIENT },
        workload: "attention",
        variant: "s128",
        peers: &["torch", "jax"],
        limit: Limit::Ratio(0.8),
        ..ROW
    },
    Row {
        name: "gmm d10 k25",
        work: "GMM gradient, d = 10, K = 25, 1,000 points",
        sizes: &[("k", 25), ("d", 10), ("t", 45), ("n", 1000)],
        variant: "d10_k25",
        ..GMM
    },
    Row {
        name: "gmm d10 k50",
        work: "GMM gradient, d = 10, K = 50, 1,000 points",
        sizes: &[("k", 50), ("d", 10), ("t", 45), ("n", 1000)],
        variant: "d10_k50",
        ..GMM
    },
    Row {
        name: "gmm d32 k25",
        work: "GMM gradient, d = 32, K = 25, 1,000 points",
        sizes: &[("k", 25), ("d", 32), ("t", 496), ("n", 1000)],
        variant: "d32_k25",
        ..GMM
    },
    Row {
        name: "gmm d64 k25",
        work: "GMM gradient, d = 64, K = 25, 1,000 points",
        sizes: &[("k", 25), ("d", 64), ("t", 2016), ("n", 1000)],
        variant: "d64_k25",
        ..GMM
    },
    Row {
        name: "gmm d64 k50",
        work: "GMM gradient, d = 64, K = 50, 1,000 points",
        sizes: &[("k", 50), ("d", 64), ("t", 2016), ("n", 1000)],
        variant: "d64_k50",
        ..GMM
    },
    Row {
        name: "run iris",
        work: "`ndc run examples/iris.nd`, 234,669 steps, the process",
        file: "iris.nd",
        way: Way::Run,
        workload: "programs",
        variant: "iris",
        peers: &["cpp_manual"],
        ..ROW
    },
    Row {
        name: "run ten_points",
        work: "`ndc run examples/ten_points.nd`, a million steps, the process",
        file: "ten_points.nd",
        way: Way::Run,
        workload: "programs",
        variant: "ten_points",
        peers: &["cpp_manual"],
        ..ROW
    },
];
