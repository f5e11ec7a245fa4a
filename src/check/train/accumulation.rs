//! What a step of training remembers beside what its rule does: gradients of several batches, the size of the last step.

use crate::check::Checker;
use crate::check::program::{Accumulation, DataId, Optimizer, ParamId, Progress, StateTensor};
use crate::diagnostics::catalog::actions;
use crate::ir::Shape;
use crate::syntax::ast::Setting;

impl<'a> Checker<'a, '_> {
    /// How many batches of an epoch make one update.
    pub(super) fn accumulate_setting(
        &mut self,
        setting: &'a Setting,
        data: Option<DataId>,
        batch: Option<usize>,
    ) -> Option<usize> {
        let batches = self.whole_setting(setting, 1)? as usize;
        if data.is_none() {
            // Every batch is the loss itself: the mean of equal gradients is one of them.
            return Some(1);
        }
        let most = self.batches_of_epoch(data, batch);
        if batches <= most {
            return Some(batches);
        }
        let (problem, help) = match most {
            1 => ("needs several batches".to_string(), "a step sees all examples already: leave it out"),
            _ => (format!("is at most {most}, the batches of an epoch"), "a smaller `batch` makes more of them"),
        };
        self.report(actions::bad_setting("accumulate", &problem, setting.value.span, help));
        None
    }

    /// The batches of one pass over the data.
    pub(super) fn batches_of_epoch(&self, data: Option<DataId>, batch: Option<usize>) -> usize {
        let rows = data.map_or(1, |data| self.program.data[data.0 as usize].rows);
        rows.div_ceil(batch.unwrap_or(rows).clamp(1, rows.max(1)))
    }

    /// Enters the sums over the batches of a step.
    pub(super) fn accumulated(
        &self,
        batches: usize,
        params: &[ParamId],
        optimizer: &mut Optimizer,
        state: &mut Vec<StateTensor>,
    ) {
        if batches == 1 {
            return;
        }
        optimizer.accumulation = Some(Accumulation { batches, first: state.len() as u32 });
        for id in params {
            let param = &self.program.params[id.0 as usize];
            let shape = param.domain.stored_shape(&param.shape);
            state.push(StateTensor { name: format!("{}/gradient", param.name), shape, initial: 0.0 });
        }
        state.push(StateTensor { name: "train/loss".to_string(), shape: Shape::new(&[]), initial: 0.0 });
    }

    /// Enters the norm of the last step's change, if an update sees it.
    pub(super) fn remembered_step_norm(&self, optimizer: &mut Optimizer, state: &mut Vec<StateTensor>) {
        if self.updates_see(optimizer, Progress::StepNorm) {
            optimizer.step_norm = Some(state.len() as u32);
            let name = "train/step_norm".to_string();
            state.push(StateTensor { name, shape: Shape::new(&[]), initial: f64::NAN });
        }
    }

    /// Whether how parameters change depends on something that training is at.
    pub(super) fn updates_see(&self, optimizer: &Optimizer, progress: Progress) -> bool {
        let averages =
            optimizer.updates.iter().filter_map(|update| update.average.as_ref().map(|(average, ..)| average));
        let updates = optimizer.updates.iter().map(|update| &update.new);
        updates.chain(averages).chain(&optimizer.learning_rate).any(|value| self.sees(value, progress))
    }
}
