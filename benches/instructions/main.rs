//! How many instructions the hot paths take: `cargo bench --bench instructions` counts them below `valgrind` and shows how they
//! differ from those of `benches/instructions.txt`.
//!
//! Counts hardly vary from run to run, whatever else the machine does, so that a change that makes something slower shows in
//! review as a changed line. `--write` writes the file, `--check` fails where a count differs by more than two parts in a
//! hundred. One thread, and the instructions of AVX2, which `valgrind` knows. Instructions are not time: that of memory and of long
//! divisions does not show, for which `cargo bench --bench peers` is.
//!
//! A case is a process of its own, run with `--case`; what counts is what [`counted`] does, after all was done once before.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the counts are what this program is for")]

mod cases;
mod file;
#[allow(dead_code, reason = "the peers' runner compares results, too")]
#[path = "../peers/ours.rs"]
mod ours;
#[allow(dead_code, reason = "the peers' runner has more to know about a row")]
#[path = "../peers/rows.rs"]
mod rows;
#[allow(dead_code, reason = "here all values are samples")]
#[path = "../peers/values.rs"]
mod values;

/// What programs and files are found from.
mod folder {
    use std::path::Path;

    /// The folder of this crate.
    pub fn repository() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }
}

use cases::Case;
use clap::Parser;
use file::Counts;
use std::process::{Command, ExitCode};

/// Counts the instructions of the hot paths.
#[derive(Parser)]
struct Options {
    /// Cases whose names have one of these words; all where there are none.
    words: Vec<String>,
    /// Writes the counts to `benches/instructions.txt`.
    #[arg(long)]
    write: bool,
    /// Fails where a count differs from that of the file.
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Lists the cases.
    #[arg(long)]
    list: bool,
    /// What Cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    /// Runs one case.
    #[arg(long, hide = true)]
    case: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let cases = cases::all();
    if let Some(name) = &options.case {
        let case = cases.iter().find(|case| case.name == *name).expect("a case");
        let mut work = case.work();
        work();
        counted(&mut *work);
        return ExitCode::SUCCESS;
    }
    let wanted = |case: &&Case| options.words.is_empty() || options.words.iter().any(|word| case.name.contains(word));
    let cases: Vec<&Case> = cases.iter().filter(wanted).collect();
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.name));
        return ExitCode::SUCCESS;
    }
    let mut kept = Counts::read();
    let mut differ = 0;
    for case in &cases {
        let count = match instructions(&case.name) {
            Ok(count) => count,
            Err(message) => {
                eprintln!("{}: {message}", case.name);
                return ExitCode::FAILURE;
            }
        };
        differ += usize::from(kept.differs(&case.name, count));
        println!("{}", kept.line(&case.name, count));
        if options.write {
            kept.set(&case.name, count);
        }
    }
    if options.write {
        if options.words.is_empty() {
            kept.keep_only(&cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>());
        }
        kept.write();
    }
    match options.check && differ > 0 {
        true => {
            eprintln!("{differ} differ from benches/instructions.txt; `--write` writes what they are now");
            ExitCode::FAILURE
        }
        false => ExitCode::SUCCESS,
    }
}

/// The work whose instructions are counted: `valgrind` counts while this function runs.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    // Keeps the call from being the last, which would leave before the work begins.
    std::hint::black_box(());
}

/// The instructions of a case.
fn instructions(name: &str) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    command.arg("--toggle-collect=*instructions::counted*").arg(own).args(["--case", name]);
    command.env("NDC_CPU", "avx2").env("NDC_THREADS", "1");
    let output = command.output().map_err(|error| format!("valgrind does not run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok()).filter(|count| *count > 0);
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("nothing was counted: {said}")),
    }
}
