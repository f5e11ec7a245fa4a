//! The compiled programs of a session: taken from the cache or made, with the time of each stage.

use super::native::{integer_divisions, internal};
use crate::cache::Shelf;
use crate::codegen::{self, Executable, Object};
use crate::diagnostics::Diagnostic;
use crate::ir::verify::verify;
use crate::ir::{Graph, NodeId, Op};
use crate::lower::{Lowered, Source};
use crate::optimize::optimize;
use crate::schedule::{self, Schedule};
use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A compiled program and the meaning of its inputs.
#[derive(Clone)]
pub struct Native {
    /// The code.
    pub executable: Arc<Executable>,
    /// `sources[i]` is what input `i` is bound to.
    pub sources: Vec<Source>,
    /// Where it divides integers, for messages.
    pub divisions: Vec<Span>,
}

/// How large a compiled program is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Extent {
    /// Operations of the graph that was scheduled.
    pub operations: usize,
    /// Kernels, those of loop bodies included.
    pub kernels: usize,
    /// Bytes of machine code.
    pub code: usize,
}

/// The time of each stage of one program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StageTimes {
    /// Making the graph, derivatives included.
    pub lower: Duration,
    /// Making it simpler.
    pub optimize: Duration,
    /// Kernels and memory.
    pub schedule: Duration,
    /// Machine code.
    pub generate: Duration,
    /// Into executable memory; from the cache, with finding it there.
    pub link: Duration,
}

impl StageTimes {
    /// All of them.
    pub fn total(&self) -> Duration {
        self.lower + self.optimize + self.schedule + self.generate + self.link
    }
}

/// A program that was compiled or found.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What it is for: `train step`.
    pub what: String,
    /// Where that stands.
    pub span: Option<Span>,
    /// Its size.
    pub extent: Extent,
    /// Its times.
    pub times: StageTimes,
    /// Whether it came from the cache.
    pub cached: bool,
}

/// What programs are compiled for. Names are unique within a program of nd and follow from it alone: they are the names of its
/// compiled programs in the cache.
#[derive(Clone, Debug, Default)]
pub struct Site {
    name: String,
    what: &'static str,
    span: Option<Span>,
    /// How many programs without a name of their own were compiled here.
    count: usize,
}

/// Compiles the programs of a session.
#[derive(Default)]
pub struct Compiler {
    /// The entry of the cache for this run.
    shelf: Option<Shelf>,
    /// Before all names: which program of the file is run.
    part: String,
    site: Site,
    /// What was compiled, in order.
    pub compiled: Vec<Compiled>,
    /// How long it took to look into the cache.
    pub opening: Duration,
    /// Why there is no cache, or why it could not be written.
    pub problem: Option<String>,
}

/// A program as the cache has it.
#[derive(Serialize, Deserialize)]
struct Stored {
    sources: Vec<Source>,
    divisions: Vec<Span>,
    extent: Extent,
    object: Object,
}

impl Compiler {
    /// One that looks into an entry of the cache first; or one without, and why.
    pub fn with_shelf(shelf: Result<Shelf, String>) -> Self {
        let problem = shelf.as_ref().err().cloned();
        Compiler { shelf: shelf.ok(), problem, ..Compiler::default() }
    }

    /// Says which program of the file is run next.
    pub fn begin_part(&mut self, part: String) {
        self.part = part;
    }

    /// Says what is compiled from here on; returns what was before, for [`Compiler::leave`].
    pub fn enter(&mut self, name: String, what: &'static str, span: Option<Span>) -> Site {
        std::mem::replace(&mut self.site, Site { name, what, span, count: 0 })
    }

    /// Goes back to what was compiled before.
    pub fn leave(&mut self, outer: Site) {
        self.site = outer;
    }

    /// The next program of the site.
    ///
    /// # Errors
    /// Our own bugs only, as E0999.
    pub fn next(&mut self, lower: impl FnOnce() -> Lowered) -> Result<Native, Box<Diagnostic>> {
        self.site.count += 1;
        let name = self.site.count.to_string();
        self.program(&name, self.site.what, lower)
    }

    /// A program of the site with a name of its own.
    ///
    /// # Errors
    /// Our own bugs only, as E0999.
    pub fn program(
        &mut self,
        name: &str,
        what: &str,
        lower: impl FnOnce() -> Lowered,
    ) -> Result<Native, Box<Diagnostic>> {
        let name = format!("{}/{}/{name}", self.part, self.site.name);
        let (what, span) = (what.to_string(), self.site.span);
        let begun = Instant::now();
        if let Some((native, extent)) = self.shelf.as_ref().and_then(|shelf| shelf.get(&name)).and_then(link_stored) {
            let times = StageTimes { link: begun.elapsed(), ..StageTimes::default() };
            self.compiled.push(Compiled { what, span, extent, times, cached: true });
            return Ok(native);
        }
        let (lowered, lower) = timed(lower);
        let (object, extent, mut times) = compile(&lowered.graph)?;
        times.lower = lower;
        let divisions = integer_divisions(&lowered.graph);
        let stored = Stored { sources: lowered.sources, divisions, extent, object };
        if let Some(shelf) = &mut self.shelf {
            // Code with places that cannot be stored is not: it is compiled again each time.
            if let Ok(bytes) = postcard::to_stdvec(&stored) {
                shelf.put(&name, bytes);
            }
        }
        let Stored { sources, divisions, object, .. } = stored;
        let (executable, link) = timed(|| object.link());
        times.link = link;
        self.compiled.push(Compiled { what, span, extent, times, cached: false });
        Ok(Native { executable: Arc::new(executable.map_err(internal)?), sources, divisions })
    }

    /// Writes to the cache what was compiled since the last time. If that is not possible, nothing is lost but time: the reason
    /// is noted.
    pub fn save(&mut self) {
        if let Some(Err(problem)) = self.shelf.as_mut().map(Shelf::save) {
            self.problem = Some(problem);
            self.shelf = None;
        }
    }
}

fn link_stored(bytes: &[u8]) -> Option<(Native, Extent)> {
    let Stored { sources, divisions, extent, object } = postcard::from_bytes(bytes).ok()?;
    let executable = Arc::new(object.link().ok()?);
    Some((Native { executable, sources, divisions }, extent))
}

/// A graph to machine code that is not linked yet.
pub(super) fn compile(graph: &Graph) -> Result<(Object, Extent, StageTimes), Box<Diagnostic>> {
    if cfg!(debug_assertions) {
        verify(graph, "lowering").map_err(internal)?;
    }
    let (graph, optimize) = timed(|| optimize(graph));
    if cfg!(debug_assertions) {
        verify(&graph, "optimisation").map_err(internal)?;
    }
    let (scheduled, schedule) = timed(|| schedule::schedule(&graph));
    let (object, generate) = timed(|| codegen::object(&scheduled));
    let object = object.map_err(internal)?;
    let extent = Extent { operations: operations(&graph), kernels: kernels(&scheduled), code: object.code_bytes() };
    Ok((object, extent, StageTimes { optimize, schedule, generate, ..StageTimes::default() }))
}

/// The nodes of a graph and of the bodies in it.
fn operations(graph: &Graph) -> usize {
    let inside = |id: NodeId| match graph.node(id).op {
        Op::Loop(index) => operations(&graph.loop_at(index).body),
        Op::Custom(index) => operations(&graph.custom_at(index).body),
        Op::Replay(index) => {
            let replay = graph.replay_at(index);
            operations(&replay.forward.body) + operations(&replay.back.body)
        }
        _ => 0,
    };
    graph.len() + graph.ids().map(inside).sum::<usize>()
}

fn kernels(schedule: &Schedule) -> usize {
    schedule.kernels.len() + schedule.bodies.iter().map(kernels).sum::<usize>()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}
