//! From the command to a trained model, start-up included, beside PyTorch and JAX: `cargo bench --bench startup`.
//!
//! Each run is a process of its own that reads its data, trains, and checks what it reached; all take turns, on one core.
//! Only ndc keeps what it compiled for the next run; its first run, without that, is measured too.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark tells what it measured")]

use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// A run that takes longer, in seconds, is measured once.
const LONG: f64 = 20.0;

/// The examples, and what is trained.
const EXAMPLES: &[(&str, &str)] = &[
    ("iris", "one neuron, 150 flowers, 234,669 steps with all of them"),
    ("xor", "2-8-1, 5,000 steps"),
    ("digits", "784-16-16-10, 2,800 images, 20 epochs, batches of 32"),
];

#[derive(Parser)]
struct Options {
    /// Only these examples.
    words: Vec<String>,
    /// How often all take their turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The Python that has PyTorch and JAX installed.
    #[arg(long, env = "NDC_PEERS_PYTHON", default_value = "python3")]
    python: PathBuf,
    /// What Cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A way to train the model of an example.
struct Way {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    println!("| example | ndc, first run | ndc, again | PyTorch | JAX |\n| --- | --- | --- | --- | --- |");
    let wanted = |name: &str| options.words.is_empty() || options.words.iter().any(|word| word == name);
    let mut all = true;
    for (name, what) in EXAMPLES.iter().filter(|(name, _)| wanted(name)) {
        match row(name, &options) {
            Ok(times) => println!("| `examples/{name}.nd`: {what} | {} |", cells(&times).join(" | ")),
            Err(problem) => {
                eprintln!("{name}: {problem}");
                all = false;
            }
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ways(example: &str, options: &Options) -> [Way; 4] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("examples");
    let ndc = |name, more: &[&str]| {
        let file = folder.join(format!("{example}.nd")).display().to_string();
        let arguments = ["run".to_string(), file].into_iter().chain(more.iter().map(ToString::to_string));
        Way { name, program: env!("CARGO_BIN_EXE_ndc").into(), arguments: arguments.collect() }
    };
    let peer = |name, script: &str| {
        let script = root.join("benches/startup").join(script).display().to_string();
        let arguments = vec![script, example.to_string(), folder.display().to_string()];
        Way { name, program: options.python.clone(), arguments }
    };
    [
        ndc("ndc, first run", &["--no-cache"]),
        ndc("ndc, again", &[]),
        peer("PyTorch", "train_torch.py"),
        peer("JAX", "train_jax.py"),
    ]
}

/// The medians of all ways to train an example, in seconds.
fn row(example: &str, options: &Options) -> Result<Vec<f64>, String> {
    let ways = ways(example, options);
    // What the first run compiles is kept for the second.
    run(&ways[1])?;
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..options.rounds {
        for (way, times) in ways.iter().zip(&mut times) {
            if times.last().is_none_or(|time| *time < LONG) {
                times.push(run(way)?);
            }
        }
    }
    Ok(times.into_iter().map(median).collect())
}

/// The seconds of one run.
fn run(way: &Way) -> Result<f64, String> {
    let mut command = on_one_core(&way.program);
    command.args(&way.arguments).env("NDC_THREADS", "1").env("OMP_NUM_THREADS", "1").stdout(Stdio::null());
    let begun = Instant::now();
    let output = command.output().map_err(|error| format!("{}: {error}", way.name))?;
    let seconds = begun.elapsed().as_secs_f64();
    match output.status.success() {
        true => Ok(seconds),
        false => Err(format!("{}: {}", way.name, String::from_utf8_lossy(&output.stderr))),
    }
}

/// A command on one core, before all other work where that is permitted.
fn on_one_core(program: &Path) -> Command {
    let works = |words: &[&str]| {
        let status = Command::new(words[0]).args(&words[1..]).arg("true").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let prefixes: [&[&str]; 2] = [&["taskset", "-c", "0", "chrt", "-f", "1"], &["taskset", "-c", "0"]];
    match prefixes.into_iter().find(|prefix| works(prefix)) {
        Some(prefix) => {
            let mut command = Command::new(prefix[0]);
            command.args(&prefix[1..]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Seconds, and how many times those of the first way the peers take.
fn cells(times: &[f64]) -> Vec<String> {
    let cell = |(place, time): (usize, &f64)| match place {
        0 | 1 => format!("{time:.3} s"),
        _ => format!("{time:.1} s ({:.0} x)", time / times[0]),
    };
    times.iter().enumerate().map(cell).collect()
}
