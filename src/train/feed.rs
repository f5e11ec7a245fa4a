//! Entries of large columns, prepared on another thread while a step runs.
//!
//! While a step works on its batch, a thread computes the entries of the next one. What a batch's entries are follows from
//! its rows alone, so that it makes no difference which thread computed them, or whether one did in advance: entries that
//! turn out to be for other rows are dropped.

use crate::codegen::{MemoryId, Programs};
use crate::diagnostics::Diagnostic;
use crate::lower::Source;
use crate::session::native;
use crate::session::preparation::Preparation;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// A column that a program is handed by batches.
pub(super) struct Prepared {
    pub(super) source: Source,
    pub(super) preparation: Arc<Preparation>,
    /// Where its entries belong.
    pub(super) memory: MemoryId,
}

/// The entries of one column.
type Entries = Result<Vec<u64>, Box<Diagnostic>>;

/// The rows of a batch, and the columns to prepare.
struct Request {
    rows: Vec<i64>,
    columns: Vec<(Source, Arc<Preparation>)>,
}

/// The entries that were asked for.
struct Answer {
    rows: Vec<i64>,
    columns: Vec<(Source, Entries)>,
}

/// What prepares batches.
#[derive(Default)]
pub(super) struct Feed {
    worker: Option<Worker>,
}

struct Worker {
    requests: SyncSender<Request>,
    answers: Receiver<Answer>,
    /// Whether an answer is awaited.
    pending: bool,
}

impl Feed {
    /// Fills the memory of a program's prepared columns with the entries of a batch, and has those of the upcoming one
    /// prepared.
    ///
    /// # Errors
    /// A run-time error in a column's expression.
    #[inline]
    pub(super) fn fill(
        &mut self,
        programs: &mut Programs,
        prepared: &[Prepared],
        rows: &[i64],
        upcoming: Option<&[i64]>,
    ) -> Result<(), Box<Diagnostic>> {
        if prepared.is_empty() { Ok(()) } else { self.fill_some(programs, prepared, rows, upcoming) }
    }

    fn fill_some(
        &mut self,
        programs: &mut Programs,
        prepared: &[Prepared],
        rows: &[i64],
        upcoming: Option<&[i64]>,
    ) -> Result<(), Box<Diagnostic>> {
        let mut ready = self.answer(rows)?;
        for column in prepared {
            let known = ready.iter().position(|(source, _)| *source == column.source);
            let entries = match known {
                Some(place) => ready.swap_remove(place).1?,
                None => column.preparation.entries(rows)?,
            };
            let place = programs.bytes_mut(column.memory);
            place.copy_from_slice(&bytemuck::cast_slice(&entries)[..place.len()]);
        }
        match upcoming {
            // The programs of a smaller last batch are others.
            Some(upcoming) if upcoming.len() == rows.len() => self.ask(prepared, upcoming),
            _ => Ok(()),
        }
    }

    /// What was prepared for these rows.
    fn answer(&mut self, rows: &[i64]) -> Result<Vec<(Source, Entries)>, Box<Diagnostic>> {
        let Some(worker) = self.worker.as_mut().filter(|worker| worker.pending) else { return Ok(Vec::new()) };
        worker.pending = false;
        let answer = worker.answers.recv().map_err(|_| ended())?;
        Ok(if answer.rows == rows { answer.columns } else { Vec::new() })
    }

    fn ask(&mut self, prepared: &[Prepared], rows: &[i64]) -> Result<(), Box<Diagnostic>> {
        if self.worker.is_none() {
            self.worker = Some(Worker::start()?);
        }
        let Some(worker) = &mut self.worker else { unreachable!("started above") };
        let columns = prepared.iter().map(|column| (column.source, column.preparation.clone())).collect();
        worker.requests.send(Request { rows: rows.to_vec(), columns }).map_err(|_| ended())?;
        worker.pending = true;
        Ok(())
    }
}

impl Worker {
    fn start() -> Result<Self, Box<Diagnostic>> {
        let (requests, asked) = sync_channel::<Request>(1);
        let (answer, answers) = sync_channel(1);
        let work = move || {
            for Request { rows, columns } in asked {
                let columns = columns.into_iter().map(|(source, column)| (source, column.entries(&rows))).collect();
                if answer.send(Answer { rows, columns }).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("batches".to_string());
        thread.spawn(work).map_err(|error| native::internal(format!("no thread for batches: {error}")))?;
        Ok(Worker { requests, answers, pending: false })
    }
}

fn ended() -> Box<Diagnostic> {
    native::internal("the thread that prepares batches has ended")
}
