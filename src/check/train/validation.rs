//! `validate`: the examples that training does not see.

use crate::check::Checker;
use crate::check::cells::Categories;
use crate::check::program::{DataId, Examples};
use crate::diagnostics::catalog::{actions, training};
use crate::syntax::ast::{ExprKind, Setting};

impl<'a> Checker<'a, '_> {
    /// The data that is trained on and the set that is validated on. A fraction is taken from the block's data.
    pub(super) fn validation_setting(
        &mut self,
        setting: &'a Setting,
        data: Option<DataId>,
        seed: u64,
    ) -> Option<(DataId, DataId)> {
        let span = setting.value.span;
        let Some(data) = data else {
            let help = "name the data that is trained on: `data = …`";
            self.report(actions::bad_setting("validate", "needs `data`", span, help));
            return None;
        };
        if let ExprKind::Name(name) = &*setting.value.kind
            && (self.is_data(name) || !self.globals.contains_key(name.as_str()))
        {
            return Some((data, self.data_named(name, span)?));
        }
        let value = self.value(&setting.value, None);
        if value.ty.is_error() {
            return None;
        }
        let help = "name a data set, or the share of the examples that is kept for it: `validate = 0.2`";
        match crate::check::params::folded(&value) {
            Some(fraction) if fraction > 0.0 && fraction < 1.0 => {
                // 1 - 0.9 is to be the 0.1 that `split` would be given.
                let trained = ((1.0 - fraction) * 1e12).round() / 1e12;
                self.split_data(data, trained, seed, span)
            }
            _ => {
                let text = "is a data set, or a number between 0 and 1";
                self.report(actions::bad_setting("validate", text, span, help));
                None
            }
        }
    }

    /// The validation set with its columns in the place of those that the block reads.
    pub(super) fn validation_columns(
        &mut self,
        setting: &'a Setting,
        data: DataId,
        columns: &[u32],
        validation: DataId,
    ) -> Option<Examples> {
        let trained = &self.program.data[data.0 as usize];
        let other = &self.program.data[validation.0 as usize];
        let mut places = Vec::with_capacity(columns.len());
        for index in columns {
            let column = &trained.columns[*index as usize];
            let place = other.columns.iter().position(|each| each.name == column.name);
            let problem = match place.map(|place| &other.columns[place]) {
                None => format!("has no column `{}`", column.name),
                Some(found) if found.ty.settled() != column.ty.settled() => {
                    format!("has {} as `{}`, where `{}` has {}", found.ty, column.name, trained.name, column.ty)
                }
                Some(found) if differ(column.categories.as_deref(), found.categories.as_deref()) => {
                    let name = &column.name;
                    format!("numbers other labels as `{name}` than `{}`: some are in one file only", trained.name)
                }
                Some(_) => {
                    places.extend(place.map(|place| place as u32));
                    continue;
                }
            };
            let diagnostic = training::other_columns(&other.name, &problem, setting.value.span, column.span);
            self.report(diagnostic);
            return None;
        }
        let validation = self.as_trained(data, columns, (validation, &places));
        Some(Examples { data: Some(validation), columns: places })
    }

    /// The set itself if it is prepared as the training is, or needs no preparation. A set of another item is prepared by
    /// its own rows elsewhere, and as the training is where it validates: it stands a second time among the sets.
    fn as_trained(&mut self, data: DataId, columns: &[u32], (validation, places): (DataId, &[u32])) -> DataId {
        let column = |set: DataId, index: u32| &self.program.data[set.0 as usize].columns[index as usize];
        let is_other = |(trained, place): (&u32, &u32)| {
            let (trained, other) = (column(data, *trained), column(validation, *place));
            trained.span != other.span && other.source.is_prepared()
        };
        if !columns.iter().zip(places).any(is_other) {
            return validation;
        }
        let set = self.program.data[validation.0 as usize].clone();
        self.program.data.push(set);
        DataId(self.program.data.len() as u32 - 1)
    }
}

fn differ(trained: Option<&Categories>, other: Option<&Categories>) -> bool {
    trained.zip(other).is_some_and(|(trained, other)| trained != other)
}
