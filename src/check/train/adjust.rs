//! Settings of a `train` block that change what its update rule is given: `schedule`, `clip`, `weight_decay`, `average`
//! and `groups`.

use super::optimizer::{Clip, Group, PROGRESS, Rule};
use super::rule_settings::is_given;
use crate::check::annotations::is_name;
use crate::check::builtins::canonical_name;
use crate::check::defaults::{Completed, name_of};
use crate::check::params::folded;
use crate::check::program::{Closure, Kind, Metric, ParamId, Progress, Typed};
use crate::check::types::{Element, Type};
use crate::check::{Checker, Global, SCHEDULES_MODULE};
use crate::diagnostics::catalog::{actions, names, optimizers};
use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, ExprKind, Parameter, Setting};

/// What a block measures that a setting may watch.
pub(super) struct Watchable<'m> {
    /// Whether there is a validation set.
    pub(super) validates: bool,
    pub(super) metrics: &'m [Metric],
}

/// Settings beside the rule.
pub(super) struct Adjustments<'a, 'm> {
    pub(super) schedule: Option<&'a Setting>,
    pub(super) clip: Option<&'a Setting>,
    pub(super) weight_decay: Option<&'a Setting>,
    pub(super) average: Option<&'a Setting>,
    pub(super) groups: Option<&'a Setting>,
    pub(super) accumulate: Option<&'a Setting>,
    /// The updates of the whole run, where they are known.
    pub(super) steps: Option<u64>,
    pub(super) watchable: Watchable<'m>,
}

impl<'a> Checker<'a, '_> {
    /// The rule with what the block says beside it.
    pub(super) fn adjusted(
        &mut self,
        mut rule: Rule<'a>,
        adjustments: &Adjustments<'a, '_>,
        params: &[ParamId],
    ) -> Option<Rule<'a>> {
        let frame = std::mem::take(&mut rule.frame);
        let outer = std::mem::replace(&mut self.frame, frame);
        let adjusted = self.adjust(&mut rule, adjustments, params);
        rule.frame = std::mem::replace(&mut self.frame, outer);
        adjusted.map(|()| rule)
    }

    fn adjust(&mut self, rule: &mut Rule<'a>, adjustments: &Adjustments<'a, '_>, params: &[ParamId]) -> Option<()> {
        if let Some(setting) = adjustments.weight_decay {
            let place = self.argument_of(rule, "weight_decay", setting.name.span)?;
            if rule.settings[place].is_some() {
                self.report(actions::duplicate_setting("weight_decay", setting.name.span, rule.span));
                return None;
            }
            rule.settings[place] = Some(self.rule_setting("weight_decay", &setting.value, true)?);
        }
        if let Some(setting) = adjustments.clip {
            rule.clip = Some(self.clip(&setting.value)?);
        }
        if let Some(setting) = adjustments.average {
            rule.average = Some(self.rule_setting("average", &setting.value, true)?);
        }
        if let Some(setting) = adjustments.schedule {
            self.argument_of(rule, "lr", setting.name.span)?;
            rule.schedule = Some(self.schedule(rule, &setting.value, adjustments)?);
        }
        if let Some(setting) = adjustments.groups {
            rule.groups = self.groups(rule, &setting.value, params)?;
        }
        Some(())
    }

    /// The place of an argument that a setting is about.
    fn argument_of(&mut self, rule: &Rule<'a>, name: &str, span: Span) -> Option<usize> {
        let place = rule.place(name).filter(|_| !is_given(name));
        if place.is_none() {
            let known = rule.parameters().iter().filter_map(|each| name_of(&each.pattern));
            let known: Vec<&str> = known.filter(|name| !is_given(name)).collect();
            let problem = "takes no argument called";
            self.report(names::bad_named_argument(&rule.name, name, span, problem, &known));
        }
        place
    }

    /// `norm(limit)`, `value(limit)`, or the limit of the norm alone.
    fn clip(&mut self, value: &'a Expr) -> Option<Clip> {
        let (name, arguments) = match &*value.kind {
            ExprKind::Name(name) => (name, &[][..]),
            ExprKind::Call { callee, arguments } => match &*callee.kind {
                ExprKind::Name(name) => (name, &arguments[..]),
                _ => return Some(Clip::Norm(self.rule_setting("clip", value, true)?)),
            },
            _ => return Some(Clip::Norm(self.rule_setting("clip", value, true)?)),
        };
        match (name.as_str(), arguments) {
            ("norm", [Argument { name: None, value }]) => Some(Clip::Norm(self.rule_setting("clip", value, true)?)),
            ("value", [Argument { name: None, value }]) => Some(Clip::Value(self.rule_setting("clip", value, true)?)),
            ("norm" | "value", _) if !self.is_of_file(name) => {
                let problem = "is `norm(limit)` or `value(limit)`, with one number";
                self.report(actions::bad_setting("clip", problem, value.span, &format!("write `clip = {name}(1.0)`")));
                None
            }
            _ => Some(Clip::Norm(self.rule_setting("clip", value, true)?)),
        }
    }

    /// Whether the file gives a name a meaning of its own.
    fn is_of_file(&self, name: &str) -> bool {
        self.globals.get(name).is_some_and(|(_, span)| !self.is_library_text(*span))
    }

    /// A factor on the learning rate: a schedule of the library, a function of the file, or any expression.
    fn schedule(&mut self, rule: &mut Rule<'a>, value: &'a Expr, adjustments: &Adjustments<'a, '_>) -> Option<Typed> {
        if let ExprKind::Call { callee, arguments } = &*value.kind
            && let ExprKind::Name(name) = &*callee.kind
            && let Some((index, library)) = self.schedule_function(name, arguments)
        {
            return self.scheduled(index, library, arguments, value.span, adjustments.steps);
        }
        if let ExprKind::Call { callee, arguments } = &*value.kind
            && is_name(callee, "plateau")
            && !self.globals.contains_key("plateau")
        {
            rule.plateau = Some(self.plateau(arguments, &adjustments.watchable, value.span)?);
            return Some(Typed::new(Kind::Progress(Progress::Plateau), Type::real(), value.span));
        }
        if let Some(error) = self.no_schedule(value) {
            self.report(error);
            return None;
        }
        self.rule_setting("schedule", value, true)
    }

    /// What is wrong with the name of a schedule: it is not called, or not known.
    fn no_schedule(&self, value: &Expr) -> Option<Diagnostic> {
        let (named, is_call) = match &*value.kind {
            ExprKind::Call { callee, .. } => (callee, true),
            _ => (value, false),
        };
        let ExprKind::Name(name) = &*named.kind else { return None };
        if self.is_of_file(name) || self.frame.find(name).is_some() {
            return None;
        }
        let known: Vec<&str> = self.known_schedules().into_iter().chain(["plateau"]).collect();
        if !is_call && known.contains(&name.as_str()) {
            let help = format!("write `schedule = {}`", self.example_of_schedule(name));
            return Some(actions::bad_setting("schedule", "calls a schedule with its settings", value.span, &help));
        }
        let is_known = self.globals.contains_key(name.as_str()) || canonical_name(name).is_some();
        let is_meant = is_call || nearest(name, known.iter().copied()).is_some();
        (is_meant && !is_known).then(|| optimizers::unknown_schedule(name, named.span, &known))
    }

    /// The function that a schedule calls with what training is at. A function of the file that is called with arguments
    /// in order is an ordinary call.
    fn schedule_function(&self, name: &str, arguments: &[Argument]) -> Option<(u32, bool)> {
        let named = arguments.iter().all(|argument| argument.name.is_some());
        if let Some((Global::Function(index), span)) = self.globals.get(name) {
            return (named && !self.is_library_text(*span))
                .then_some((*index, false))
                .or_else(|| self.is_library_text(*span).then(|| self.library_schedule(name)).flatten());
        }
        self.library_schedule(name)
    }

    fn library_schedule(&self, name: &str) -> Option<(u32, bool)> {
        let module = self.library_module(SCHEDULES_MODULE)?;
        match self.global_of_module(module, name) {
            Some(Global::Function(index)) if self.takes(index, "step") && !self.takes(index, "progress") => {
                (!HELPERS.contains(&name)).then_some((index, true))
            }
            _ => None,
        }
    }

    /// A call of a schedule, with what it needs.
    fn example_of_schedule(&self, name: &str) -> String {
        let parameters =
            self.library_schedule(name).map(|(index, _)| &self.functions[index as usize].function.parameters);
        let needed = parameters.into_iter().flatten().filter(|parameter| parameter.default.is_none());
        let needed = needed.filter_map(|parameter| name_of(&parameter.pattern)).filter(|name| !is_given(name));
        let settings: Vec<String> = needed.map(|name| format!("{name} = …")).collect();
        format!("{name}({})", settings.join(", "))
    }

    fn takes(&self, index: u32, name: &str) -> bool {
        let parameters = &self.functions[index as usize].function.parameters;
        parameters.iter().any(|parameter| name_of(&parameter.pattern) == Some(name))
    }

    fn known_schedules(&self) -> Vec<&'a str> {
        let module = self.library_module(SCHEDULES_MODULE).map(|module| self.modules[module].defined());
        let mut known: Vec<&'a str> =
            module.into_iter().flatten().map(|(name, _)| name).filter(|name| !HELPERS.contains(name)).collect();
        known.sort_unstable();
        known
    }

    fn scheduled(
        &mut self,
        index: u32,
        library: bool,
        arguments: &'a [Argument],
        span: Span,
        steps: Option<u64>,
    ) -> Option<Typed> {
        let item = self.functions[index as usize];
        let parameters = &item.function.parameters;
        if self.takes(index, "steps") && steps.is_none() {
            self.report(optimizers::endless_schedule(&item.function.name.text, span));
            return None;
        }
        let settings = self.rule_settings(&item.function.name.text, parameters, arguments, span, library)?;
        if let Some(steps) = steps.filter(|_| library) {
            self.warm_up_ends(parameters, &settings, steps)?;
        }
        let given = parameters.iter().zip(settings).map(|(parameter, setting)| {
            let name = name_of(&parameter.pattern).unwrap_or_default();
            let progress = PROGRESS.iter().find(|(each, _)| *each == name);
            match (progress, steps) {
                (Some((_, progress)), _) => Some(Typed::new(Kind::Progress(*progress), Type::real(), span)),
                (None, Some(steps)) if name == "steps" => {
                    Some(Typed::new(Kind::Number(steps as f64), Type::real(), span))
                }
                _ => setting,
            }
        });
        let given: Vec<Option<Typed>> = given.collect();
        let Completed { bindings, arguments } = self.completed(parameters, given, item.position, span);
        let id = self.closure(Closure::Item(index));
        let function = Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span);
        let call = self.apply(function, arguments, span);
        let factor = Completed::around(bindings, call);
        if !self.reads_no_parameter("schedule", &factor) {
            return None;
        }
        self.factor(factor)
    }

    /// A warm-up is no longer than the run.
    fn warm_up_ends(&mut self, parameters: &'a [Parameter], settings: &[Option<Typed>], steps: u64) -> Option<()> {
        let Some(place) = parameters.iter().position(|parameter| name_of(&parameter.pattern) == Some("warmup")) else {
            return Some(());
        };
        let warmup = settings[place].as_ref().filter(|value| folded(value).is_some_and(|warmup| warmup > steps as f64));
        let Some(warmup) = warmup else { return Some(()) };
        let problem = format!("is longer than the run, which has {steps} steps");
        let help = "the learning rate would never be reached: warm up for fewer steps";
        self.report(actions::bad_setting("warmup", &problem, warmup.span, help));
        None
    }

    /// A schedule is one number.
    fn factor(&mut self, typed: Typed) -> Option<Typed> {
        if typed.ty.is_error() {
            return None;
        }
        if !typed.ty.is_scalar() || typed.ty.element() == Some(Element::Bool) {
            let help = "give a factor on the learning rate: `schedule = 1 / sqrt(step)`";
            self.report(actions::bad_setting("schedule", "is one number", typed.span, help));
            return None;
        }
        Some(self.convert_element(typed, Element::Real))
    }

    /// `group(net.0, lr = 0.01)`, or several in parentheses.
    fn groups(&mut self, rule: &Rule<'a>, value: &'a Expr, params: &[ParamId]) -> Option<Vec<Group>> {
        let written: Vec<&'a Expr> = match &*value.kind {
            ExprKind::Tuple(groups) if groups.is_empty() => return self.no_group(value.span),
            ExprKind::Tuple(groups) => groups.iter().collect(),
            ExprKind::Paren(group) => vec![group],
            _ => vec![value],
        };
        let mut groups: Vec<Group> = Vec::new();
        for group in written {
            let group = self.group(rule, group, params, &groups)?;
            groups.push(group);
        }
        Some(groups)
    }

    fn group(&mut self, rule: &Rule<'a>, value: &'a Expr, trained: &[ParamId], others: &[Group]) -> Option<Group> {
        let arguments = match &*value.kind {
            ExprKind::Call { callee, arguments } if matches!(&*callee.kind, ExprKind::Name(name) if name == "group") => {
                arguments
            }
            _ => return self.no_group(value.span),
        };
        // A group without paths or without settings would change nothing.
        if arguments.iter().all(|argument| argument.name.is_some())
            || arguments.iter().all(|argument| argument.name.is_none())
        {
            return self.no_group(value.span);
        }
        let mut group = Group { params: Vec::new(), settings: Vec::new() };
        for argument in arguments {
            match &argument.name {
                None => {
                    let params = self.params_under(&argument.value, trained, others, &group)?;
                    group.params.extend(params);
                }
                Some(name) => {
                    let place = self.argument_of(rule, &name.text, name.span)?;
                    let value = self.rule_setting(&name.text, &argument.value, rule.library)?;
                    group.settings.push((place, value));
                }
            }
        }
        Some(group)
    }

    fn no_group<T>(&mut self, span: Span) -> Option<T> {
        let help = "for example `groups = (group(net.0, lr = 0.01), group(head, weight_decay = 0))`";
        let text = "is made of groups of parameters with settings of their own";
        self.report(actions::bad_setting("groups", text, span, help));
        None
    }

    /// The trained parameters whose path begins with what is written.
    fn params_under(
        &mut self,
        written: &'a Expr,
        trained: &[ParamId],
        others: &[Group],
        this: &Group,
    ) -> Option<Vec<ParamId>> {
        if let ExprKind::Text(path) = &*written.kind {
            let help = format!("write `group({path}, …)`");
            self.report(actions::bad_setting("groups", "has paths without quotes", written.span, &help));
            return None;
        }
        let path: String = self.text(written.span).split_whitespace().collect();
        let name = |id: &ParamId| self.program.params[id.0 as usize].name.clone();
        let under = |name: &str| name == path || name.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'));
        let params: Vec<ParamId> = trained.iter().copied().filter(|id| under(&name(id))).collect();
        if params.is_empty() {
            let known: Vec<String> = trained.iter().flat_map(|id| prefixes(&name(id))).collect();
            self.report(optimizers::unknown_group(&path, written.span, &known));
            return None;
        }
        let grouped = others.iter().chain([this]).flat_map(|group| &group.params);
        if let Some(twice) = grouped.copied().find(|id| params.contains(id)) {
            self.report(optimizers::grouped_twice(&name(&twice), written.span));
            return None;
        }
        Some(params)
    }
}

/// Functions of the module of schedules that are none.
const HELPERS: [&str; 2] = ["warmed", "progress"];

/// `net`, `net.0`, `net.0.W`.
fn prefixes(path: &str) -> Vec<String> {
    let ends = path.match_indices('.').map(|(place, _)| place).chain([path.len()]);
    ends.map(|end| path[..end].to_string()).collect()
}
