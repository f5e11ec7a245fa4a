//! Loss and metrics over a whole set of examples, in chunks: memory does not grow with the set.

use super::bind::{Bound, Step};
use super::tally::{Measures, Tally};
use crate::check::program::{Examples, Progress, Train};
use crate::diagnostics::Diagnostic;
use crate::lower::training::lower_evaluation_over;
use crate::lower::{Lowered, Source};
use crate::session::{Session, native};

/// About how many examples are evaluated at once.
const CHUNK: usize = 256;

/// Programs that evaluate a set, with `training` false. They are compiled when they are first run.
pub(super) struct Evaluation {
    /// What it is for, as `--time` has it.
    what: &'static str,
    examples: Examples,
    count: usize,
    chunk: usize,
    /// Whether moving averages stand for the parameters; the session's own are averages already.
    averages: bool,
    /// Of a chunk, and of the last one where that is smaller.
    programs: [Option<Step>; 2],
}

impl Evaluation {
    /// Of examples of the block.
    pub(super) fn new(session: &Session<'_>, train: &Train, examples: Examples, what: &'static str) -> Self {
        let count = examples.count(session.program);
        let chunk = chunk_size(count, train.batch.unwrap_or(count), train.sees_batch);
        Evaluation { what, examples, count, chunk, averages: true, programs: [None, None] }
    }

    /// Loss and metrics with the parameters as they are in the bound memory. Draws are those of a step.
    pub(super) fn run(
        &mut self,
        session: &mut Session<'_>,
        bound: &mut Bound,
        train: &Train,
        step: u64,
        most_chunks: Option<usize>,
    ) -> Result<Tally, Box<Diagnostic>> {
        let mut tally = Tally::new(&train.metrics);
        let real = session.program.real();
        let starts = (0..self.count).step_by(self.chunk).take(most_chunks.unwrap_or(usize::MAX));
        for start in starts {
            let size = self.chunk.min(self.count - start);
            let last = usize::from(size < self.chunk);
            if self.programs[last].is_none() {
                let made = bound.making(session, |bound, session| self.compile(session, bound, train, size))?;
                self.programs[last] = Some(made);
            }
            let Some(program) = &self.programs[last] else { unreachable!("compiled above") };
            if size < self.count {
                let rows =
                    |start: usize| (start as i64..self.count.min(start + self.chunk) as i64).collect::<Vec<i64>>();
                let upcoming = rows(start + size);
                bound.set_batch(program, &rows(start), Some(&upcoming[..]))?;
            }
            if let Some(memory) = bound.progress(Progress::Step) {
                bound.set(memory, real, step as f64);
            }
            bound.programs.run(program.program).map_err(|error| Box::new(native::run_error(error)))?;
            let loss = bound.real(program.measures[0], real);
            let parts = program.measures[1..].iter().map(|memory| bound.reals(*memory, real));
            tally.add(size, &train.metrics, loss, parts);
        }
        Ok(tally)
    }

    fn compile(
        &self,
        session: &mut Session<'_>,
        bound: &mut Bound,
        train: &Train,
        size: usize,
    ) -> Result<Step, Box<Diagnostic>> {
        let program = session.program;
        let whole = size == self.count;
        let name = format!("{} {size}", self.what);
        bound.program(session, train, &name, self.what, || {
            let lowered = lower_evaluation_over(program, train, &self.examples, size, whole);
            if self.averages { of_averages(lowered, train) } else { lowered }
        })
    }
}

/// The same with the moving averages of parameters in their place, where there are any.
fn of_averages(mut lowered: Lowered, train: &Train) -> Lowered {
    for source in &mut lowered.sources {
        if let (Source::Param(id), Some(first)) = (*source, train.optimizer.first_average)
            && let Some(place) = train.params.iter().position(|each| *each == id)
        {
            *source = Source::State(first + place as u32);
        }
    }
    lowered
}

/// Loss and metrics over examples, with the session's parameters and `training` false.
///
/// # Errors
/// Run-time errors of the program, and those of the columns.
pub fn evaluate(session: &mut Session<'_>, train: &Train, examples: Examples) -> Result<Measures, Box<Diagnostic>> {
    // Programs take whole columns, so they are for a number of rows.
    let rows = examples.count(session.program);
    let site = format!("evaluation {} of {:?}, {rows} rows", train.span.start, examples.data.map(|data| data.0));
    let outer = session.compiler.enter(site, "evaluation", Some(train.span));
    let mut evaluation = Evaluation { averages: false, ..Evaluation::new(session, train, examples, "evaluation") };
    let tally = evaluation.run(session, &mut Bound::default(), train, 0, None);
    session.compiler.leave(outer);
    Ok(tally?.measures(&train.metrics))
}

/// How many examples are evaluated at once: those of a batch where they see each other; else about [`CHUNK`], a number
/// that divides the set if there is one, so that one program does.
fn chunk_size(count: usize, batch: usize, sees_batch: bool) -> usize {
    if sees_batch {
        return batch.clamp(1, count.max(1));
    }
    let most = CHUNK.max(batch.min(4 * CHUNK)).min(count).max(1);
    (most.div_ceil(2)..=most).rev().find(|size| count.is_multiple_of(*size)).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_divide_the_set_where_they_can() {
        for (count, batch, sees_batch, expected) in [
            (150, 32, false, 150),
            (10_000, 32, false, 250),
            (997, 32, false, 256),
            (60_000, 60_000, false, 1000),
            (100, 30, true, 30),
            (1, 1, false, 1),
        ] {
            assert_eq!(chunk_size(count, batch, sees_batch), expected, "{count}");
        }
    }
}
