//! What `run` and `test` share: the code cache, and the tables of `--time`.

use super::output::explain;
use crate::cache::{Cache, KeyMaker, Shelf, build_identity, default_folder, environment};
use crate::check::Options;
use crate::codegen::machine;
use crate::driver::{Checked, place};
use crate::report::{Row, StageRow, counted, time_table};
use crate::runtime::cpu;
use crate::session::compiler::{Compiled, Compiler};
use clap::Args;
use std::time::{Duration, Instant};

/// How programs are compiled, and what is told of it.
#[derive(Args, Clone, Copy)]
pub(super) struct Compiling {
    /// Compile everything anew, and leave the cache of compiled programs alone
    #[arg(long)]
    no_cache: bool,
    /// Show on standard error how long each stage took, and what each compiled program is made of
    #[arg(long)]
    pub(super) time: bool,
}

impl Compiling {
    /// A compiler for the programs of a checked file that read files with this hash; with the reason, if one without a cache where a cache was wanted.
    pub(super) fn compiler(self, checked: &Checked, files: [u8; 32], options: Options) -> Compiler {
        if self.no_cache {
            return Compiler::default();
        }
        let begun = Instant::now();
        let mut compiler = Compiler::with_shelf(shelf(checked, files, options));
        compiler.opening = begun.elapsed();
        compiler
    }
}

/// What earlier runs of the same thing have compiled.
fn shelf(checked: &Checked, files: [u8; 32], options: Options) -> Result<Shelf, String> {
    let cache = Cache::open(&default_folder(environment)?)?;
    let build = build_identity().ok_or("it cannot be told which build of ndc this is")?;
    let machine = machine().map_err(|error| error.to_string())?;
    let mut key = KeyMaker::default();
    key.part(build.as_bytes()).part(machine.as_bytes()).part(format!("{:?}", cpu()).as_bytes());
    key.part(options.identity().as_bytes()).part(&files);
    // The texts of the library are part of the build.
    for (_, source) in checked.sources.iter().filter(|(_, source)| !source.library) {
        key.part(source.name.as_bytes()).part(source.text.as_bytes());
    }
    Ok(Shelf::new(cache, key.key()))
}

/// Collects what `--time` shows.
pub(super) struct Times {
    begun: Instant,
    stages: Vec<StageRow>,
    programs: Vec<Row>,
    problem: Option<String>,
}

impl Times {
    /// Those of a file that was checked since a moment.
    pub(super) fn new(begun: Instant, checked: &Checked) -> Self {
        let mut times = Times { begun, stages: Vec::new(), programs: Vec::new(), problem: None };
        times.stage("parse", checked.times.parse);
        times.stage("check", checked.times.check);
        times
    }

    fn stage(&mut self, what: &str, time: Duration) {
        self.stages.push(StageRow { what: what.to_string(), time });
    }

    /// Adds a run of so long, compilation included.
    pub(super) fn ran(&mut self, checked: &Checked, compiler: &Compiler, whole: Duration) {
        let compiled = &compiler.compiled;
        let cached = compiled.iter().filter(|program| program.cached).count();
        let found = if cached > 0 { format!(", {cached} from the cache") } else { String::new() };
        let total: Duration = compiled.iter().map(|program| program.times.total()).sum();
        if !compiler.opening.is_zero() {
            self.stage("look into the cache", compiler.opening);
        }
        self.stage(&format!("compile ({}{found})", counted(compiled.len() as u64, "program")), total);
        self.stage("run", whole.saturating_sub(total + compiler.opening));
        self.programs.extend(compiled.iter().map(|program| row(checked, program)));
        self.problem = compiler.problem.clone();
    }

    /// Shows the tables.
    pub(super) fn show(mut self) {
        self.stage("all", self.begun.elapsed());
        let mut text = time_table(&self.stages, &self.programs);
        if let Some(problem) = &self.problem {
            text.push_str(&format!("no cache: {problem}\n"));
        }
        explain(&text);
    }
}

fn row(checked: &Checked, program: &Compiled) -> Row {
    let Compiled { what, span, extent, times, cached } = program;
    let what = span.map_or_else(|| what.clone(), |span| format!("{what} at {}", place(checked, span)));
    Row {
        what,
        times: [times.lower, times.optimize, times.schedule, times.generate, times.link],
        cached: *cached,
        extent: [extent.operations, extent.kernels, extent.code],
    }
}
