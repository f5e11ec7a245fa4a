//! `train` blocks.

use super::Checker;
use super::annotations::is_name;
use super::params::folded;
use super::program::{Action, DataId, InstanceId, Kind, Optimizer, ParamId, Progress, Train, Typed};
use super::scope::{Bound, Frame};
use super::types::{Element, Type};
use crate::diagnostics::catalog::{actions, names, shapes};
use crate::syntax::ast::{self, Expr, ExprKind, Setting};

const SETTINGS: &[&str] =
    &["data", "loss", "metric", "optimizer", "epochs", "steps", "batch", "shuffle", "seed", "stop"];
/// Settings of nd that this version does not run.
const LATER: &[&str] =
    &["schedule", "validate", "clip", "accumulate", "checkpoint", "weight_decay", "average", "patience"];
/// Update rules of nd that this version does not run.
const LATER_OPTIMIZERS: &[&str] =
    &["momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "lion", "lbfgs"];
/// Examples per update where nothing is said.
const DEFAULT_BATCH: usize = 32;

impl<'a> Checker<'a, '_> {
    /// Checks a `train` block.
    pub(super) fn train(&mut self, action: &'a ast::Action) -> Option<Action> {
        let settings = self.known_settings(&action.settings);
        let find = |name: &str| settings.iter().find(|setting| !setting.metric && setting.name.text == name).copied();
        let data = match find("data") {
            Some(setting) => Some(self.data_setting(setting)?),
            None => None,
        };
        let frame = match data {
            Some(id) => self.columns_in_scope(id),
            None => Frame::default(),
        };
        let outer = std::mem::replace(&mut self.frame, frame);
        let loss = find("loss").map(|setting| self.one_number(&setting.value, "loss", false));
        let loss = loss.map(|loss| loss.filter(|loss| self.loss_has_second_derivatives(loss)));
        let metrics: Vec<Option<(String, Typed)>> = settings
            .iter()
            .filter(|setting| setting.metric)
            .map(|setting| Some((setting.name.text.clone(), self.one_number(&setting.value, "metric", true)?)))
            .collect();
        let frame = std::mem::replace(&mut self.frame, outer);
        let columns = frame.data.map(|data| data.used).unwrap_or_default();

        let optimizer = match find("optimizer") {
            Some(setting) => self.optimizer(&setting.value),
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
        let shuffle = find("shuffle").map_or(Some(true), |setting| self.truth_setting(setting));
        let seed = find("seed").map_or(Some(self.program.seed), |setting| self.whole_setting(setting, 0));
        let stop = find("stop").map(|setting| self.stop_setting(setting));
        if find("epochs").is_none() && find("steps").is_none() && find("stop").is_none() {
            self.report(actions::endless_run(action.keyword));
            return None;
        }
        let Some(loss) = loss else {
            self.report(actions::missing_setting("train", "loss", action.keyword, "loss = (prediction - y)^2"));
            return None;
        };
        let loss = loss?;
        let params = self.params_read(&loss);
        let trainable: Vec<ParamId> =
            params.into_iter().filter(|id| !self.program.params[id.0 as usize].frozen).collect();
        if trainable.is_empty() {
            self.report(actions::nothing_to_train(loss.span));
            return None;
        }
        Some(Action::Train(Box::new(Train {
            name: action.name.as_ref().map(|name| name.text.clone()),
            span: action.keyword,
            data,
            columns,
            loss,
            metrics: metrics.into_iter().collect::<Option<_>>()?,
            optimizer: optimizer?,
            epochs: flatten(epochs)?,
            steps: flatten(steps)?,
            batch: batch?,
            shuffle: shuffle?,
            seed: seed?,
            stop: flatten(stop)?,
            params: trainable,
        })))
    }

    /// The settings that exist, each at most once; others are reported.
    fn known_settings(&mut self, settings: &'a [Setting]) -> Vec<&'a Setting> {
        let mut known: Vec<&'a Setting> = Vec::new();
        for setting in settings {
            let name = setting.name.text.as_str();
            if let Some(first) = known.iter().find(|first| first.name.text == name && first.metric == setting.metric) {
                self.report(actions::duplicate_setting(name, setting.name.span, first.name.span));
            } else if setting.metric || (SETTINGS.contains(&name) && name != "metric") {
                known.push(setting);
            } else if LATER.contains(&name) {
                self.later(&format!("the setting `{name}`"), setting.name.span, "leave it out");
            } else {
                self.report(actions::unknown_setting("train", name, setting.name.span, SETTINGS));
            }
        }
        known
    }

    fn data_setting(&mut self, setting: &'a Setting) -> Option<DataId> {
        match &*setting.value.kind {
            ExprKind::Name(name) if self.is_data(name) || !self.globals.contains_key(name.as_str()) => {
                self.data_named(name, setting.value.span)
            }
            ExprKind::Error => None,
            _ => {
                let text = "names a data set";
                self.report(actions::bad_setting(
                    "data",
                    text,
                    setting.value.span,
                    "declare one: `data d = csv(\"d.csv\")`",
                ));
                None
            }
        }
    }

    /// The loss or a metric: one number for one example.
    fn one_number(&mut self, value: &'a Expr, what: &str, truth: bool) -> Option<Typed> {
        let typed = self.value(value, None);
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

    fn optimizer(&mut self, value: &'a Expr) -> Option<Optimizer> {
        let help = "write `optimizer = sgd(lr = 0.1)`";
        let ExprKind::Call { callee, arguments } = &*value.kind else {
            self.report(actions::bad_setting("optimizer", "is an update rule with its settings", value.span, help));
            return None;
        };
        let name = self.text(callee.span);
        if LATER_OPTIMIZERS.contains(&name.as_str()) {
            self.later(&format!("the optimizer `{name}`"), callee.span, "use `sgd(lr = …)`");
            return None;
        }
        if name != "sgd" {
            self.report(actions::unknown_optimizer(&name, callee.span, &["sgd"]));
            return None;
        }
        let mut rate = None;
        for argument in arguments {
            match &argument.name {
                None if rate.is_none() => rate = Some(&argument.value),
                Some(name) if name.text == "lr" && rate.is_none() => rate = Some(&argument.value),
                Some(name) => {
                    let twice = name.text == "lr";
                    let problem = if twice { "is given twice the argument" } else { "takes no argument called" };
                    self.report(names::bad_named_argument("sgd", &name.text, name.span, problem, &["lr"]));
                    return None;
                }
                None => {
                    self.report(names::wrong_argument_count("sgd", "1", arguments.len(), value.span, None));
                    return None;
                }
            }
        }
        let Some(rate) = rate else {
            self.report(actions::missing_setting("sgd", "lr", value.span, "sgd(lr = 0.1)"));
            return None;
        };
        let typed = self.value(rate, None);
        if typed.ty.is_error() {
            return None;
        }
        if !typed.ty.is_scalar() || typed.ty.element() == Some(Element::Bool) {
            self.report(actions::bad_setting("lr", "is one number", rate.span, help));
            return None;
        }
        Some(Optimizer::Sgd { learning_rate: self.convert_element(typed, Element::Real) })
    }

    fn whole_setting(&mut self, setting: &'a Setting, least: u64) -> Option<u64> {
        let typed = self.value(&setting.value, None);
        if typed.ty.is_error() {
            return None;
        }
        let value = match &*typed.kind {
            Kind::Integer(value) => u64::try_from(*value).ok(),
            // 1e6 is a usual way to write a number of steps.
            _ => folded(&typed)
                .filter(|value| value.fract() == 0.0 && (0.0..9e15).contains(value))
                .map(|value| value as u64),
        };
        match value {
            Some(value) if value >= least => Some(value),
            _ => {
                let text = if least == 0 { "is a whole number" } else { "is a whole number above zero" };
                let help = format!("for example `{} = 100`", setting.name.text);
                self.report(actions::bad_setting(&setting.name.text, text, setting.value.span, &help));
                None
            }
        }
    }

    fn truth_setting(&mut self, setting: &'a Setting) -> Option<bool> {
        let typed = self.value(&setting.value, None);
        match &*typed.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Error => None,
            _ => {
                let name = &setting.name.text;
                self.report(actions::bad_setting(
                    name,
                    "is true or false",
                    setting.value.span,
                    &format!("`{name} = true`"),
                ));
                None
            }
        }
    }

    fn stop_setting(&mut self, setting: &'a Setting) -> Option<Typed> {
        let mut frame = Frame::default();
        for (name, progress) in [
            ("step", Progress::Step),
            ("epoch", Progress::Epoch),
            ("loss", Progress::Loss),
            ("step_norm", Progress::StepNorm),
            ("grad_norm", Progress::GradNorm),
        ] {
            frame.bind(name, Bound::Progress(progress));
        }
        let outer = std::mem::replace(&mut self.frame, frame);
        let typed = self.value(&setting.value, None);
        self.frame = outer;
        match &typed.ty {
            Type::Error => None,
            ty if *ty == Type::bool() => Some(typed),
            other => {
                let help = "compare what training is at: `stop = step_norm < 5e-5`, `stop = loss < 0.01`";
                self.report(shapes::condition_not_bool(&other.to_string(), typed.span, help));
                None
            }
        }
    }

    /// The parameters that an expression reads, in order of declaration.
    pub(super) fn params_read(&self, typed: &Typed) -> Vec<ParamId> {
        let mut reader = Reader { checker: self, params: Vec::new(), instances: Vec::new() };
        reader.visit(typed);
        reader.params.sort_unstable();
        reader.params.dedup();
        reader.params
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

struct Reader<'c, 'a, 'b> {
    checker: &'c Checker<'a, 'b>,
    params: Vec<ParamId>,
    instances: Vec<InstanceId>,
}

impl Reader<'_, '_, '_> {
    fn visit(&mut self, typed: &Typed) {
        match &*typed.kind {
            Kind::Param(id) => self.params.push(*id),
            Kind::Call { instance, .. } => self.instance(*instance),
            Kind::Derivative(call) => self.instance(call.instance),
            _ => {}
        }
        typed.kind.for_each_part(&mut |part| self.visit(part));
    }

    fn instance(&mut self, id: InstanceId) {
        if !self.instances.contains(&id) {
            self.instances.push(id);
            let checker = self.checker;
            self.visit(&checker.program.instances[id.0 as usize].body);
        }
    }
}

/// Where the settings of a block are allowed to be read from; kept for the message of `minimize` and its relatives.
pub(super) fn later_action(kind: ast::ActionKind) -> &'static str {
    match kind {
        ast::ActionKind::Train => "`train`",
        ast::ActionKind::Minimize => "`minimize`",
        ast::ActionKind::Fit => "`fit`",
        ast::ActionKind::Sample => "`sample`",
    }
}
