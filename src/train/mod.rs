//! The training loop: batches in order, one native call per step, records of epochs, and what went wrong.
//!
//! A step comes in two versions of native code with bit-equal updates: one that also computes loss and metrics, run
//! where they are recorded, and one that does not, run elsewhere. Because they agree, a loss that is found to be no
//! number can be traced to its step by running again from the last point that was checked.

mod bind;
mod checkpoints;
pub mod examination;
mod feed;
mod find;
mod keep;
mod lbfgs;
mod line_search;
mod metrics;
mod milestones;
mod plateau;
pub mod prediction;
mod records;
mod resume;
mod rows;
mod run;
mod state;
mod stepper;
mod steps;
mod stopping;
mod tally;
mod telling;
mod terms;
mod trace;
mod validation;

use crate::check::program::Train;
use crate::diagnostics::Diagnostic;
use crate::session::{Observer, Session};
use checkpoints::Checkpoints;
pub use find::find_learning_rate;
pub use rows::Rows;
use run::Run;
use std::time::Instant;
pub use stepper::Stepper;
pub use tally::Measures;
use terms::Terms;
pub use validation::evaluate;

/// How often an interruption is looked for and progress may be shown, in steps that take no time to speak of.
const CHECK_EVERY: u64 = 1024;

/// Trains the parameters of the session.
///
/// # Errors
/// A loss that is NaN or infinite, with its first cause; run-time errors of the program.
pub fn train(session: &mut Session<'_>, train: &Train, observer: &mut dyn Observer) -> Result<(), Box<Diagnostic>> {
    let begun = Instant::now();
    let rule = resume::rule(session, train);
    let terms = Terms::new(session, train)?;
    let mut resumed = resume::resume(session, train, rule.as_ref())?;
    if let Some(resumed) = &mut resumed {
        terms.enter(train, &mut resumed.kept);
    }
    let rule = rule.filter(|_| !session.options.is_trial());
    let checkpoints = Checkpoints::open(session, train, (rule, terms), resumed.as_ref())?;
    let mut run = Run::new(session, train, observer.wants_every_epoch())?;
    run.keep_checkpoints(session, checkpoints, resumed)?;
    observer.training_started(&run.start(session, begun.elapsed()));
    let result = run.go(session, observer);
    run.steps.store(&mut session.params);
    let ending = match result? {
        Some(ending) => ending,
        None => {
            let kept = run.keep_failure(session)?;
            return Err(trace::first_bad_value(session, train, &run.failure, kept.as_deref()));
        }
    };
    let end = run.end(session, ending)?;
    observer.training_ended(&end);
    Ok(())
}
