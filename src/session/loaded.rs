//! Data of a run beside those that loaded parameters were trained on: whether both are prepared alike.

use super::data_note::DataNote;
use super::{Observer, Session};
use crate::check::program::{Action, DataId, Load};
use crate::diagnostics::catalog::stored::loaded_otherwise;

impl Session<'_> {
    /// Warns where data of the run are prepared otherwise than those that the parameters of a `load` were trained on, unless a
    /// training follows: statistics are then those of its data.
    pub(super) fn compare_preparation(&mut self, load: &Load, observer: &mut dyn Observer) {
        let Some(note) = self.loaded_note.clone() else { return };
        let program = self.program;
        let after = program.actions.iter().skip_while(|action| super::described(action).1 != load.span);
        if after.into_iter().any(|action| matches!(action, Action::Train(_))) {
            return;
        }
        for data in self.sets_like(&note) {
            let set = &program.data[data.0 as usize];
            for (index, column) in set.columns.iter().enumerate() {
                let before = note.column(&set.name, &column.name);
                let before = before.filter(|before| before.is_prepared() || column.source.is_prepared());
                // A column whose statistics cannot be computed says so where it is used.
                let now = before.and_then(|_| self.column_note(data, index as u32).ok().flatten());
                let difference = before.zip(now).and_then(|(before, now)| now.difference(before));
                if let Some(difference) = difference {
                    let path = load.path.display().to_string();
                    observer.warned(&loaded_otherwise(&path, &set.name, &difference, load.span));
                    return;
                }
            }
        }
    }

    /// The sets of the program that have the names of those that were trained on, or all where none has.
    fn sets_like(&self, note: &DataNote) -> Vec<DataId> {
        let all = || (0..self.program.data.len() as u32).map(DataId);
        let names = note.sets();
        let named: Vec<DataId> =
            all().filter(|data| names.contains(&&*self.program.data[data.0 as usize].name)).collect();
        if named.is_empty() { all().collect() } else { named }
    }
}
