//! The evals: their programs, and what their functions ask of them.

use super::arrays::Array;
use super::call::{Call, Outcome, Output};
use super::{ba, det, ht};

/// A module of GradBench.
pub struct Eval {
    pub module: &'static str,
    /// The file with its program.
    pub program: &'static str,
    pub functions: &'static [(&'static str, Evaluate)],
}

type Evaluate = fn(&Call) -> Result<Outcome, String>;

pub const EVALS: &[Eval] = &[
    Eval { module: "ba", program: "ba.nd", functions: &[("objective", ba::objective), ("jacobian", ba::jacobian)] },
    Eval { module: "det", program: "det.nd", functions: &[("primal", det::primal), ("gradient", det::gradient)] },
    Eval {
        module: "gmm",
        program: "gmm.nd",
        functions: &[
            ("objective", |call| call.ask_with("gmm", &GMM)?.outcome()),
            ("jacobian", |call| {
                let by = &GMM[..4];
                let (outputs, nanoseconds) = call.ask_with("gmm", &GMM)?.gradient(by).run()?;
                Ok(Outcome { output: Output::Fields(by.iter().copied().zip(outputs).collect()), nanoseconds })
            }),
        ],
    },
    Eval {
        module: "hello",
        program: "hello.nd",
        functions: &[
            ("square", |call| call.ask("square").argument("x", call.whole()?).outcome()),
            ("double", |call| call.ask("square").argument("x", call.whole()?).gradient(&["x"]).outcome()),
        ],
    },
    Eval { module: "ht", program: "hand.nd", functions: &[("objective", ht::objective), ("jacobian", ht::jacobian)] },
    Eval {
        module: "kmeans",
        program: "kmeans.nd",
        functions: &[
            ("cost", |call| call.ask_with("cost", &["points", "centroids"])?.outcome()),
            ("dir", |call| call.ask_with("direction", &["points", "centroids"])?.outcome()),
        ],
    },
    Eval {
        module: "llsq",
        program: "llsq.nd",
        functions: &[
            ("primal", |call| call.ask_with("llsq", &["x"])?.argument("like", zeros(call, "n")?).outcome()),
            ("gradient", |call| {
                call.ask_with("llsq", &["x"])?.argument("like", zeros(call, "n")?).gradient(&["x"]).outcome()
            }),
        ],
    },
    Eval {
        module: "lse",
        program: "lse.nd",
        functions: &[
            ("primal", |call| call.ask_with("lse", &["x"])?.outcome()),
            ("gradient", |call| call.ask_with("lse", &["x"])?.gradient(&["x"]).outcome()),
        ],
    },
    Eval {
        module: "lstm",
        program: "lstm.nd",
        functions: &[
            ("objective", |call| call.ask_with("lstm", &LSTM)?.outcome()),
            ("jacobian", |call| {
                let (outputs, nanoseconds) = call.ask_with("lstm", &LSTM)?.gradient(&LSTM[..2]).run()?;
                let mut elements = Vec::new();
                for output in outputs {
                    if let Output::Reals { elements: part, .. } = output {
                        elements.extend(part);
                    }
                }
                Ok(Outcome { output: Output::Reals { shape: vec![elements.len()], elements }, nanoseconds })
            }),
        ],
    },
    Eval {
        module: "ode",
        program: "ode.nd",
        functions: &[
            ("primal", |call| call.ask_with("solution", &["x"])?.argument("steps", zeros(call, "s")?).outcome()),
            ("gradient", |call| {
                let question = call.ask_with("primal", &["x"])?.argument("steps", zeros(call, "s")?);
                question.gradient(&["x"]).outcome()
            }),
        ],
    },
    Eval {
        module: "particle",
        program: "particle.nd",
        functions: &[
            ("ff", |call| call.ask("best_ff").argument("start", call.array("w")?).outcome()),
            ("fr", |call| call.ask("best_fr").argument("start", call.array("w")?).outcome()),
            ("rf", |call| call.ask("best_rf").argument("start", call.array("w")?).outcome()),
            ("rr", |call| call.ask("best_rr").argument("start", call.array("w")?).outcome()),
        ],
    },
    Eval {
        module: "saddle",
        program: "saddle.nd",
        functions: &[
            ("ff", |call| call.ask_with("saddle_ff", &["start"])?.outcome()),
            ("fr", |call| call.ask_with("saddle_fr", &["start"])?.outcome()),
            ("rf", |call| call.ask_with("saddle_rf", &["start"])?.outcome()),
            ("rr", |call| call.ask_with("saddle_rr", &["start"])?.outcome()),
        ],
    },
];

/// The fields of a mixture; its derivative is by the first four.
const GMM: [&str; 7] = ["alpha", "mu", "q", "l", "x", "gamma", "m"];
/// The fields of a language model; its derivative is by the first two.
const LSTM: [&str; 4] = ["main_params", "extra_params", "state", "sequence"];

/// As many zeros as a field says: for programs that take a size from an argument.
fn zeros(call: &Call, name: &str) -> Result<Array, String> {
    Ok(Array::list(vec![0.0; call.size(name)?]))
}
