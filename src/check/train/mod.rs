//! `train` blocks.

mod accumulation;
mod adjust;
mod checkpoint;
mod lbfgs;
pub mod measures;
mod metrics;
mod optimizer;
mod plateau;
mod prediction;
mod progress;
mod rule_settings;
mod settings;
mod stopping;
mod validation;

pub use checkpoint::Checkpoint;
pub use prediction::Prediction;

use super::Checker;
use super::annotations::is_name;
use super::program::{Action, InstanceId, Kind, Metric, ParamId, Program, Progress, Train, Typed};
use super::scope::Frame;
use super::types::Element;
use crate::diagnostics::catalog::{actions, training};
use crate::syntax::ast::{self, Expr};
use adjust::{Adjustments, Watchable};

/// Examples per update where nothing is said.
const DEFAULT_BATCH: usize = 32;

impl<'a> Checker<'a, '_> {
    /// Checks a `train` block.
    pub(in crate::check) fn train(&mut self, action: &'a ast::Action) -> Option<Action> {
        let settings = self.known_settings(&action.settings);
        let find = |name: &str| settings.iter().find(|setting| !setting.metric && setting.name.text == name).copied();
        let data = match find("data") {
            Some(setting) => Some(self.data_setting(setting)?),
            None => None,
        };
        let seed = find("seed").map_or(Some(self.program.seed), |setting| self.whole_setting(setting, 0))?;
        let (data, validation) = match find("validate") {
            Some(setting) => {
                let (data, validation) = self.validation_setting(setting, data, seed)?;
                (Some(data), Some((setting, validation)))
            }
            None => (data, None),
        };
        let frame = match data {
            Some(id) => self.columns_in_scope(id),
            None => Frame::default(),
        };
        let outer = std::mem::replace(&mut self.frame, frame);
        let loss = find("loss").map(|setting| self.one_number(&setting.value, "loss", false));
        let loss = loss.map(|loss| loss.filter(|loss| self.loss_has_second_derivatives(loss)));
        let metrics: Vec<Option<Metric>> =
            settings.iter().filter(|setting| setting.metric).map(|setting| self.metric(setting)).collect();
        let metrics: Option<Vec<Metric>> = metrics.into_iter().collect();
        let frame = std::mem::replace(&mut self.frame, outer);
        let columns = frame.data.map(|data| data.used).unwrap_or_default();
        let metrics = metrics?;
        let validation = match (validation, data) {
            (Some((setting, set)), Some(data)) => Some(self.validation_columns(setting, data, &columns, set)?),
            _ => None,
        };
        let patience = find("patience").map(|setting| self.patience_setting(setting, validation.is_some(), &metrics));

        let stated = find("predict").map(|setting| self.predict_setting(setting, data));
        let optimizer = match find("optimizer") {
            Some(setting) if self.is_lbfgs(&setting.value) => None,
            Some(setting) => self.rule(&setting.value),
            None => {
                self.report(actions::missing_setting(
                    "train",
                    "optimizer",
                    action.keyword,
                    "optimizer = sgd(lr = 0.1)",
                ));
                None
            }
        };
        let epochs = find("epochs").map(|setting| self.whole_setting(setting, 1));
        let steps = find("steps").map(|setting| self.whole_setting(setting, 1));
        let batch = match find("batch") {
            Some(setting) if is_name(&setting.value, "all") => Some(None),
            Some(setting) => self.whole_setting(setting, 1).map(|batch| Some(batch as usize)),
            None => Some(Some(DEFAULT_BATCH)),
        };
        let accumulate = match (find("accumulate"), batch) {
            (Some(setting), Some(batch)) => self.accumulate_setting(setting, data, batch),
            _ => Some(1),
        };
        let shuffle = find("shuffle").map_or(Some(true), |setting| self.truth_setting(setting));
        let checkpoint = find("checkpoint").map(|setting| self.checkpoint_setting(setting));
        let stop = find("stop").map(|setting| self.stop_setting(setting, validation.is_some()));
        if find("epochs").is_none() && find("steps").is_none() && find("stop").is_none() {
            self.report(actions::endless_run(action.keyword));
            return None;
        }
        let Some(loss) = loss else {
            self.report(actions::missing_setting("train", "loss", action.keyword, "loss = (prediction - y)^2"));
            return None;
        };
        let loss = loss?;
        let prediction = flatten(stated)?.or_else(|| self.model_of_loss(&loss, &columns));
        let params = self.params_read(&loss);
        let trainable: Vec<ParamId> =
            params.into_iter().filter(|id| !self.program.params[id.0 as usize].frozen).collect();
        if trainable.is_empty() {
            self.report(actions::nothing_to_train(loss.span));
            return None;
        }
        let (epochs, steps, batch, accumulate) = (flatten(epochs)?, flatten(steps)?, batch?, accumulate?);
        let per_epoch = self.batches_of_epoch(data, batch).div_ceil(accumulate) as u64;
        let by_epochs = epochs.map(|epochs| epochs.saturating_mul(per_epoch));
        let lbfgs = find("optimizer").filter(|setting| self.is_lbfgs(&setting.value));
        let adjustments = Adjustments {
            schedule: find("schedule"),
            clip: find("clip"),
            weight_decay: find("weight_decay"),
            average: find("average"),
            groups: find("groups"),
            accumulate: find("accumulate"),
            steps: by_epochs.into_iter().chain(steps).min(),
            watchable: Watchable { validates: validation.is_some(), metrics: &metrics },
        };
        let (rule_span, plateau, (mut optimizer, mut state)) = match lbfgs {
            Some(setting) => {
                let rows = data.map(|data| self.program.data[data.0 as usize].rows);
                self.every_step_sees_all(setting, find("batch"), batch, rows)?;
                (setting.value.span, None, self.lbfgs(&setting.value, &adjustments, &trainable)?)
            }
            None => {
                let rule = self.adjusted(optimizer?, &adjustments, &trainable)?;
                let plateau = rule.plateau.clone();
                (rule.span, plateau, self.updates(rule, &trainable)?)
            }
        };
        self.accumulated(accumulate, &trainable, &mut optimizer, &mut state);
        self.remembered_step_norm(&mut optimizer, &mut state);
        let rule_watches = self.updates_see(&optimizer, Progress::ValidationLoss);
        if rule_watches && validation.is_none() {
            let settings = ["schedule", "clip", "weight_decay", "average", "groups"];
            let span = settings.iter().find_map(|name| {
                find(name).map(|setting| setting.value.span).filter(|span| self.text(*span).contains("validation_loss"))
            });
            self.report(training::no_validation(span.unwrap_or(rule_span)));
            return None;
        }
        Some(Action::Train(Box::new(Train {
            name: action.name.as_ref().map(|name| name.text.clone()),
            span: action.keyword,
            data,
            columns,
            validation,
            sees_batch: self.sees_batch(&loss)
                || metrics.iter().flat_map(|metric| &metric.parts).any(|part| self.sees_batch(part)),
            loss,
            metrics,
            prediction,
            optimizer,
            state,
            epochs,
            steps,
            batch,
            shuffle: shuffle?,
            seed,
            checkpoint: flatten(checkpoint)?,
            patience: flatten(patience)?,
            plateau,
            watches_validation: rule_watches || stop.iter().flatten().any(|stop| self.sees_validation(stop)),
            stop: flatten(stop)?,
            params: trainable,
        })))
    }

    /// The loss or a metric: one number for one example.
    fn one_number(&mut self, value: &'a Expr, what: &str, truth: bool) -> Option<Typed> {
        let typed = self.value(value, None);
        self.one_number_of(typed, what, truth)
    }

    fn one_number_of(&mut self, typed: Typed, what: &str, truth: bool) -> Option<Typed> {
        if typed.ty.is_error() {
            return None;
        }
        let element = typed.ty.element();
        if !typed.ty.is_scalar() || (element == Some(Element::Bool) && !truth) {
            let found = typed.ty.to_string();
            self.report(actions::loss_not_scalar(what, &found, typed.span));
            return None;
        }
        Some(self.convert_element(typed, Element::Real))
    }

    /// The parameters that an expression reads, in order of declaration.
    pub(in crate::check) fn params_read(&self, typed: &Typed) -> Vec<ParamId> {
        let reader = self.read(typed);
        let mut params = reader.params;
        params.sort_unstable();
        params.dedup();
        params
    }

    /// Whether an expression of one example sees the other examples of its batch.
    fn sees_batch(&self, typed: &Typed) -> bool {
        self.read(typed).batch
    }

    /// Whether an expression sees the validation loss.
    fn sees_validation(&self, typed: &Typed) -> bool {
        self.sees(typed, Progress::ValidationLoss)
    }

    /// Whether an expression sees something that training is at.
    fn sees(&self, typed: &Typed, progress: Progress) -> bool {
        self.read(typed).progress.contains(&progress)
    }

    fn read(&self, typed: &Typed) -> Reader<'_> {
        let mut reader = Reader {
            program: &self.program,
            params: Vec::new(),
            batch: false,
            progress: Vec::new(),
            instances: Vec::new(),
        };
        reader.visit(typed);
        reader
    }
}

/// `Some(None)` stays absent, `Some(Some(x))` is there, a reported error ends the check.
fn flatten<T>(setting: Option<Option<T>>) -> Option<Option<T>> {
    match setting {
        None => Some(None),
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
    }
}

struct Reader<'c> {
    program: &'c Program,
    params: Vec<ParamId>,
    batch: bool,
    progress: Vec<Progress>,
    instances: Vec<InstanceId>,
}

impl Reader<'_> {
    fn visit(&mut self, typed: &Typed) {
        match &*typed.kind {
            Kind::Param(id) => self.params.push(*id),
            Kind::BatchReduce(..) => self.batch = true,
            Kind::Progress(progress) => self.progress.push(*progress),
            Kind::Call { instance, .. } => self.instance(*instance),
            Kind::Derivative(call) => self.instance(call.instance),
            _ => {}
        }
        typed.kind.for_each_part(&mut |part| self.visit(part));
    }

    fn instance(&mut self, id: InstanceId) {
        if !self.instances.contains(&id) {
            self.instances.push(id);
            let program = self.program;
            self.visit(&program.instances[id.0 as usize].body);
        }
    }
}

/// Where the settings of a block are allowed to be read from; kept for the message of `minimize` and its relatives.
pub(in crate::check) fn later_action(kind: ast::ActionKind) -> &'static str {
    match kind {
        ast::ActionKind::Train => "`train`",
        ast::ActionKind::Minimize => "`minimize`",
        ast::ActionKind::Fit => "`fit`",
        ast::ActionKind::Sample => "`sample`",
    }
}
