//! A row: ndc and its peers as processes that take turns.

use crate::Options;
use crate::folder::Folder;
use crate::rows::{Check, Row, Way};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What was measured.
pub struct Measured {
    /// Seconds of a step of ndc.
    pub ours: f64,
    /// Seconds from the source to the end of the first step; 0 where it was not measured.
    pub compilation: f64,
    /// Seconds of each peer, or why there are none.
    pub peers: Vec<(&'static str, Result<f64, String>)>,
}

/// Measures a row.
pub fn measure(row: &Row, options: &Options, folder: &Folder) -> Result<Measured, String> {
    let threads = if row.threads == 1 { options.threads.unwrap_or(1) } else { row.threads };
    let values = if row.way == Way::Run { None } else { folder.values(row) };
    let mut ours = Process::start(ours(row, values.as_deref(), threads), folder.log("ndc"))?;
    let mut peers = Vec::new();
    if folder.has_peers {
        for name in row.peers.iter().chain(row.others.iter().filter(|_| options.all || row.peers.is_empty())) {
            let arguments = [row.workload, name, row.variant, &threads.to_string()];
            let command = folder.script("serve", &arguments);
            peers.push((*name, Process::start(command, folder.log(name))?));
        }
    }
    for (name, peer) in &peers {
        agree(&ours.ready["check"], &peer.ready["check"], row.check).map_err(|why| format!("{name} {why}"))?;
    }
    let mut least = f64::INFINITY;
    let mut theirs = vec![f64::INFINITY; peers.len()];
    for _ in 0..options.rounds {
        for (least, (_, peer)) in theirs.iter_mut().zip(&mut peers) {
            if peer.missing().is_none() {
                *least = least.min(peer.measure(options.seconds)?);
            }
        }
        least = least.min(ours.measure(options.seconds)?);
    }
    let result = |((name, peer), least): ((&'static str, Process), f64)| match peer.missing() {
        Some(why) => (name, Err(why)),
        None => (name, Ok(least)),
    };
    let compilation = ours.ready["compile"].as_f64().unwrap_or(0.0);
    Ok(Measured { ours: least, compilation, peers: peers.into_iter().zip(theirs).map(result).collect() })
}

/// The process of the nd program.
fn ours(row: &Row, values: Option<&Path>, threads: usize) -> Command {
    let program = Command::new(std::env::current_exe().expect("this program has a path"));
    let mut command = if threads == 1 { on_one_core(program) } else { program };
    command.args(["--serve", row.name]).env("NDC_THREADS", threads.to_string()).env("RUST_BACKTRACE", "0");
    if let Some(values) = values {
        command.arg("--values").arg(values);
    }
    command
}

/// The command on the first core, where `harness.py` puts the peers of one thread too.
fn on_one_core(command: Command) -> Command {
    if works("taskset", &["-c", "0"]) { after("taskset", &["-c", "0"], command) } else { command }
}

/// The command before all others of a busy machine, which the system grants to the superuser only: the measured process
/// waits for nobody.
fn first(command: Command) -> Command {
    if works("chrt", &["-f", "1"]) { after("chrt", &["-f", "1"], command) } else { command }
}

/// Whether a tool runs commands.
fn works(tool: &str, arguments: &[&str]) -> bool {
    let mut command = after(tool, arguments, Command::new("true"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command with a tool before it.
fn after(tool: &str, arguments: &[&str], command: Command) -> Command {
    let mut longer = Command::new(tool);
    longer.args(arguments).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        longer.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => longer.env(name, value),
            None => longer.env_remove(name),
        };
    }
    longer
}

/// Compares what two programs computed; a program without a check has nothing to compare.
fn agree(ours: &Value, theirs: &Value, check: Check) -> Result<(), String> {
    let Some(theirs) = theirs.as_array() else { return Ok(()) };
    let ours = ours.as_array().map(Vec::as_slice).unwrap_or_default();
    let differ = |(ours, theirs): &(&Value, &Value)| {
        let numbers = (ours[0].as_f64(), ours[1].as_f64(), theirs.as_f64());
        let (Some(value), Some(size), Some(other)) = numbers else { return true };
        (value - other).abs() > check.tolerance * size.max(other.abs()) || value.is_nan() || other.is_nan()
    };
    if ours.len() == theirs.len() && !ours.iter().zip(theirs).any(|pair| differ(&pair)) {
        return Ok(());
    }
    let ours: Vec<&Value> = ours.iter().map(|figure| &figure[0]).collect();
    Err(format!("computes other values: {theirs:?}, ndc {ours:?}"))
}

/// A process that measures when it is told to.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    log: PathBuf,
    /// What it said when it was ready.
    ready: Value,
}

impl Process {
    fn start(command: Command, log: PathBuf) -> Result<Self, String> {
        let mut command = first(command);
        let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file).spawn();
        let mut child = spawned.map_err(|error| format!("{command:?}: {error}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = BufReader::new(output.ok_or("a process without output")?);
        let mut process = Process { child, input, output, log, ready: Value::Null };
        process.ready = process.answer()?;
        Ok(process)
    }

    /// The next line that is a message; peers may print others.
    fn answer(&mut self) -> Result<Value, String> {
        for line in self.output.by_ref().lines().map_while(Result::ok) {
            if let Ok(value @ Value::Object(_)) = serde_json::from_str(&line) {
                return Ok(value);
            }
        }
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(2000);
        let tail: String = text.char_indices().filter(|(place, _)| *place >= from).map(|(_, each)| each).collect();
        Err(format!("a process ended early:\n{tail}"))
    }

    fn missing(&self) -> Option<String> {
        self.ready["missing"].as_str().map(str::to_string)
    }

    fn measure(&mut self, seconds: f64) -> Result<f64, String> {
        let input = self.input.as_mut().ok_or("a process without input")?;
        writeln!(input, "{seconds}").and_then(|()| input.flush()).map_err(|error| error.to_string())?;
        self.answer()?["seconds"].as_f64().ok_or_else(|| "a process did not say how long it took".to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}
