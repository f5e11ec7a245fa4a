//! L-BFGS: a step is one iteration, a direction by the last changes and a line search along it.
//!
//! The program of a step gives loss and gradients where the parameters are; another one, those of trial points. All that
//! is remembered between steps is in tensors of the state, and is read from there, so that a run that is resumed goes on
//! with the same bits.

use super::bind::{Bound, StateTensor, Step};
use super::line_search::{Change, Point, direction, dot, is_curved, strong_wolfe};
use crate::check::program::{Lbfgs, Progress, Train};
use crate::codegen::{MemoryId, RunError};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, TensorType};
use crate::lower::Source;
use crate::lower::training::{lower_loss_and_gradients, lower_stop};
use crate::session::{Session, native};

/// L-BFGS bound to the memory of a run.
pub(super) struct Minimizer {
    settings: Lbfgs,
    real: ElementType,
    /// Trained parameters, what is remembered of them in pairs, and how many changes were kept.
    state: Vec<StateTensor>,
    params: usize,
    trial: Step,
    stop: Option<Step>,
}

/// What a step led to.
pub(super) struct Outcome {
    /// The block's `stop` became true.
    pub(super) stopped: bool,
    /// There is nothing left to gain.
    pub(super) converged: bool,
}

/// A new place of the parameters.
struct Move {
    point: Vec<f64>,
    /// What is worth remembering of it.
    change: Option<Change>,
    converged: bool,
}

impl Minimizer {
    pub(super) fn new(
        session: &mut Session<'_>,
        train: &Train,
        settings: &Lbfgs,
        bound: &mut Bound,
    ) -> Result<Self, Box<Diagnostic>> {
        let (program, real) = (session.program, session.program.real());
        let size = train.examples().count(program);
        let what = "train: loss and gradients";
        let trial = bound.program(session, train, what, what, || lower_loss_and_gradients(program, train, size))?;
        let what = "train: stop";
        let stop = match &train.stop {
            Some(stop) => Some(bound.program(session, train, what, what, || lower_stop(program, stop))?),
            None => None,
        };
        let mut state = Vec::new();
        let params = train.params.iter().map(|id| {
            let param = &program.params[id.0 as usize];
            (Source::Param(*id), param.name.clone(), param.domain.stored_shape(&param.shape))
        });
        let remembered = train.state.iter().enumerate();
        let remembered =
            remembered.map(|(index, tensor)| (Source::State(index as u32), tensor.name.clone(), tensor.shape.clone()));
        for (source, name, shape) in params.chain(remembered) {
            let ty = TensorType::new(real, shape);
            let memory = bound.input(session, train, source, &ty)?;
            state.push(StateTensor { name, source, memory, ty });
        }
        Ok(Minimizer { settings: settings.clone(), real, state, params: train.params.len(), trial, stop })
    }

    /// What steps change beside running means.
    pub(super) fn state(&self) -> &[StateTensor] {
        &self.state
    }

    /// An iteration, after `begun` has computed loss and gradients where the parameters are.
    pub(super) fn step(&self, bound: &mut Bound, begun: &Step, step: u64) -> Result<Outcome, Box<Diagnostic>> {
        let start = self.point(bound);
        let loss = bound.real(begun.measures[0], self.real);
        let gradient = self.gradient(bound, begun);
        let moved = match is_finite(loss, &gradient) {
            true => self.moved(bound, &start, loss, gradient.clone(), step)?,
            // The step of any rule, which shows that something is wrong.
            false => Move {
                point: start.iter().zip(&gradient).map(|(at, slope)| at - slope).collect(),
                change: None,
                converged: false,
            },
        };
        let lengths: Vec<f64> = moved.point.iter().zip(&start).map(|(now, before)| now - before).collect();
        self.set_point(bound, &start);
        let norms = [dot(&gradient, &gradient).sqrt(), dot(&lengths, &lengths).sqrt()];
        let stopped = self.stops(bound, loss, norms)?;
        self.set_point(bound, &moved.point);
        if let Some(change) = &moved.change {
            self.remember(bound, change);
        }
        Ok(Outcome { stopped, converged: moved.converged })
    }

    /// Where the iteration leads.
    fn moved(
        &self,
        bound: &mut Bound,
        start: &[f64],
        loss: f64,
        gradient: Vec<f64>,
        step: u64,
    ) -> Result<Move, Box<Diagnostic>> {
        let stays = |converged| Move { point: start.to_vec(), change: None, converged };
        if greatest(&gradient) <= self.settings.tolerance_gradient {
            return Ok(stays(true));
        }
        let mut changes = self.changes(bound);
        let mut along = direction(&gradient, &changes);
        let mut slope = dot(&gradient, &along);
        if !(slope < 0.0 && slope.is_finite()) {
            self.forget(bound);
            changes.clear();
            along = direction(&gradient, &changes);
            slope = dot(&gradient, &along);
        }
        let sum: f64 = gradient.iter().map(|value| value.abs()).sum();
        let first = if changes.is_empty() || step == 1 { (1.0 / sum).min(1.0) } else { 1.0 } * self.settings.lr;
        let begin = Point { at: 0.0, value: loss, slope, gradient: Vec::new() };
        let found = strong_wolfe(begin, first, self.settings.evaluations, |at| self.evaluate(bound, start, &along, at))
            .map_err(|error| Box::new(native::run_error(error)))?;
        let Some(found) = found else {
            // Without what it remembers, the next step goes along the gradient itself.
            self.forget(bound);
            return Ok(stays(changes.is_empty()));
        };
        // What is remembered is the change of the parameters as they are stored.
        self.set_point(bound, &shifted(start, &along, found.at));
        let point = self.point(bound);
        let difference =
            |now: &[f64], before: &[f64]| now.iter().zip(before).map(|(now, before)| now - before).collect();
        let change = Change { parameters: difference(&point, start), gradient: difference(&found.gradient, &gradient) };
        let tolerance = self.settings.tolerance_change;
        let converged = greatest(&change.parameters) <= tolerance || (loss - found.value).abs() < tolerance;
        let change = Some(change).filter(is_curved);
        Ok(Move { point, change, converged })
    }

    /// Loss and gradient at a trial point.
    fn evaluate(&self, bound: &mut Bound, start: &[f64], along: &[f64], at: f64) -> Result<Point, RunError> {
        self.set_point(bound, &shifted(start, along, at));
        bound.programs.run(self.trial.program)?;
        let gradient = self.gradient(bound, &self.trial);
        let value = bound.real(self.trial.measures[0], self.real);
        Ok(Point { at, value, slope: dot(&gradient, along), gradient })
    }

    /// Whether the block's `stop` is true, with the parameters as they were before the step.
    fn stops(&self, bound: &mut Bound, loss: f64, norms: [f64; 2]) -> Result<bool, Box<Diagnostic>> {
        let Some(Step { program, stop: Some(stop), .. }) = &self.stop else { return Ok(false) };
        let known = [(Progress::Loss, loss), (Progress::GradNorm, norms[0]), (Progress::StepNorm, norms[1])];
        for (progress, value) in known {
            if let Some(memory) = bound.progress(progress) {
                bound.set(memory, self.real, value);
            }
        }
        bound.programs.run(*program).map_err(|error| Box::new(native::run_error(error)))?;
        Ok(bound.programs.bytes(*stop)[0] != 0)
    }

    /// All trained parameters, one after another.
    fn point(&self, bound: &Bound) -> Vec<f64> {
        self.state[..self.params].iter().flat_map(|param| bound.reals(param.memory, self.real)).collect()
    }

    fn set_point(&self, bound: &mut Bound, point: &[f64]) {
        let mut rest = point;
        for param in &self.state[..self.params] {
            let (values, others) = rest.split_at(param.ty.shape.count());
            bound.set_reals(param.memory, self.real, 0, values);
            rest = others;
        }
    }

    fn gradient(&self, bound: &Bound, step: &Step) -> Vec<f64> {
        step.gradients.iter().flat_map(|memory| bound.reals(*memory, self.real)).collect()
    }

    /// Where the number of changes that were kept is.
    fn kept(&self) -> MemoryId {
        self.state[self.state.len() - 1].memory
    }

    /// The changes that are remembered, the oldest first. A new one takes the row of the oldest.
    fn changes(&self, bound: &Bound) -> Vec<Change> {
        let memory = self.settings.memory;
        let kept = bound.real(self.kept(), self.real) as usize;
        let tables: Vec<Vec<f64>> = self.pairs().iter().map(|pair| bound.reals(pair.memory, self.real)).collect();
        let row = |first: usize, row: usize| -> Vec<f64> {
            let tables = tables.iter().skip(first).step_by(2);
            tables
                .flat_map(|table| table.chunks_exact((table.len() / memory).max(1)).nth(row).unwrap_or(&[]))
                .copied()
                .collect()
        };
        (kept.saturating_sub(memory)..kept)
            .map(|number| number % memory)
            .map(|number| Change { parameters: row(0, number), gradient: row(1, number) })
            .collect()
    }

    /// What is remembered of each parameter, two tensors each.
    fn pairs(&self) -> &[StateTensor] {
        &self.state[self.params..self.state.len() - 1]
    }

    fn remember(&self, bound: &mut Bound, change: &Change) {
        let kept = bound.real(self.kept(), self.real);
        let row = kept as usize % self.settings.memory;
        let (mut parameters, mut gradient) = (&change.parameters[..], &change.gradient[..]);
        for pair in self.pairs().chunks_exact(2) {
            let count = pair[0].ty.shape.count() / self.settings.memory;
            for (tensor, rest) in pair.iter().zip([&mut parameters, &mut gradient]) {
                let (values, others) = rest.split_at(count);
                bound.set_reals(tensor.memory, self.real, row * count, values);
                *rest = others;
            }
        }
        bound.set(self.kept(), self.real, kept + 1.0);
    }

    fn forget(&self, bound: &mut Bound) {
        bound.set(self.kept(), self.real, 0.0);
    }
}

fn is_finite(loss: f64, gradient: &[f64]) -> bool {
    loss.is_finite() && gradient.iter().all(|value| value.is_finite())
}

fn shifted(start: &[f64], along: &[f64], at: f64) -> Vec<f64> {
    start.iter().zip(along).map(|(start, along)| start + at * along).collect()
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |greatest, value| greatest.max(value.abs()))
}
