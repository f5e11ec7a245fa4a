//! The `optimizer` of a `train` block: a function as update rule, checked at every parameter that the block trains.

use super::lbfgs::LBFGS;
use super::rule_settings::is_given;
use crate::check::defaults::{Completed, name_of};
use crate::check::params::folded;
use crate::check::program::{
    Closure, Kind, LocalId, Optimizer, ParamId, Plateau, Progress, StateTensor, Typed, Update,
};
use crate::check::scope::{Bound, Frame};
use crate::check::size::Size;
use crate::check::types::{Element, Type};
use crate::check::{Checker, FunctionItem, Global, RULES_MODULE};
use crate::diagnostics::catalog::{actions, optimizers};
use crate::ir::Shape;
use crate::ops::arithmetic::{DIVIDE, MULTIPLY, NEGATE};
use crate::ops::choice::{MAX, MIN};
use crate::ops::comparison::LESS;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Parameter};

/// What training is at, as a rule and its settings may name it.
pub(super) const PROGRESS: [(&str, Progress); 6] = [
    ("step", Progress::Step),
    ("epoch", Progress::Epoch),
    ("loss", Progress::Loss),
    ("grad_norm", Progress::GradNorm),
    ("validation_loss", Progress::ValidationLoss),
    ("step_norm", Progress::StepNorm),
];
/// How gradients are kept small.
pub(super) enum Clip {
    /// All gradients by one factor, so that their norm is at most this.
    Norm(Typed),
    /// Each entry between this below and above zero.
    Value(Typed),
}

/// Parameters with settings of their own.
pub(super) struct Group {
    pub(super) params: Vec<ParamId>,
    /// Values of the rule's arguments by their places.
    pub(super) settings: Vec<(usize, Typed)>,
}

/// A rule with its settings, before it is known what they are applied to.
pub(super) struct Rule<'a> {
    pub(super) name: String,
    /// The whole `adam(lr = 0.1)`.
    pub(super) span: Span,
    function: Typed,
    item: FunctionItem<'a>,
    /// The values of its arguments that the block gives, in the order of its parameters.
    pub(super) settings: Vec<Option<Typed>>,
    pub(super) library: bool,
    /// What its settings and its updates see.
    pub(super) frame: Frame,
    parameter: LocalId,
    pub(super) gradient: LocalId,
    state: LocalId,
    /// The factor on the learning rate.
    pub(super) schedule: Option<Typed>,
    /// What the schedule watches, where it is `plateau`.
    pub(super) plateau: Option<Plateau>,
    /// The bound of the gradient.
    pub(super) clip: Option<Clip>,
    /// How much of the moving average of parameters stays.
    pub(super) average: Option<Typed>,
    /// Parameters with settings of their own.
    pub(super) groups: Vec<Group>,
}

impl<'a> Rule<'a> {
    pub(super) fn parameters(&self) -> &'a [Parameter] {
        &self.item.function.parameters
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.parameters().iter().position(|parameter| name_of(&parameter.pattern) == Some(name))
    }

    /// The settings of a parameter: those of its group, else those of the rule.
    fn settings_of(&self, id: ParamId) -> Vec<Option<Typed>> {
        let mut settings = self.settings.clone();
        for (place, value) in
            self.groups.iter().filter(|group| group.params.contains(&id)).flat_map(|group| &group.settings)
        {
            settings[*place] = Some(value.clone());
        }
        settings
    }
}

impl<'a> Checker<'a, '_> {
    /// The rule that an `optimizer` names, with its settings.
    pub(super) fn rule(&mut self, value: &'a Expr) -> Option<Rule<'a>> {
        let ExprKind::Call { callee, arguments } = &*value.kind else {
            let example = match &*value.kind {
                ExprKind::Name(name) if name == LBFGS => "lbfgs()".to_string(),
                ExprKind::Name(name) => {
                    let (index, _) = self.rule_function(value)?;
                    let parameters = self.functions[index as usize].function.parameters.iter();
                    let needed =
                        parameters.filter(|each| each.default.is_none()).filter_map(|each| name_of(&each.pattern));
                    let needed = needed.filter(|name| !is_given(name)).map(|name| format!("{name} = 0.1"));
                    format!("{name}({})", needed.collect::<Vec<_>>().join(", "))
                }
                _ => "sgd(lr = 0.1)".to_string(),
            };
            let help = format!("write `optimizer = {example}`");
            self.report(actions::bad_setting("optimizer", "is an update rule with its settings", value.span, &help));
            return None;
        };
        let (index, library) = self.rule_function(callee)?;
        let item = self.functions[index as usize];
        let id = self.closure(Closure::Item(index));
        let function = Typed::new(Kind::Closure(Vec::new()), Type::Function(id), callee.span);
        let mut frame = progress_frame();
        let (parameter, gradient, state) = (frame.local(), frame.local(), frame.local());
        let name = item.function.name.text.clone();
        let mut rule = Rule {
            name,
            span: value.span,
            function,
            item,
            settings: Vec::new(),
            library,
            frame: Frame::default(),
            parameter,
            gradient,
            state,
            schedule: None,
            plateau: None,
            clip: None,
            average: None,
            groups: Vec::new(),
        };
        let outer = std::mem::replace(&mut self.frame, frame);
        let settings = self.rule_settings(&rule.name, rule.parameters(), arguments, value.span, library);
        rule.frame = std::mem::replace(&mut self.frame, outer);
        rule.settings = settings?;
        Some(rule)
    }

    /// The function that is the rule, and whether it is the library's.
    fn rule_function(&mut self, callee: &'a Expr) -> Option<(u32, bool)> {
        let module = self.library_module(RULES_MODULE);
        let name = match &*callee.kind {
            ExprKind::Name(name) => name.as_str(),
            _ => {
                let typed = self.expression(callee, None);
                if let Type::Function(id) = typed.ty
                    && let Closure::Item(index) = self.program.closures[id.0 as usize]
                    && self.is_rule(index, callee.span)
                {
                    return Some((index, self.is_library_text(self.functions[index as usize].function.name.span)));
                }
                return None;
            }
        };
        let own = match self.globals.get(name) {
            Some((Global::Function(index), _)) => Some(*index),
            _ => None,
        };
        let ours = match module.and_then(|module| self.global_of_module(module, name)) {
            Some(Global::Function(index)) if has_arguments(&self.functions[index as usize]) => Some(index),
            _ => None,
        };
        match (own, ours) {
            (Some(own), _) if has_arguments(&self.functions[own as usize]) => {
                Some((own, self.is_library_text(self.functions[own as usize].function.name.span)))
            }
            (_, Some(ours)) => Some((ours, true)),
            (Some(own), None) => {
                self.is_rule(own, callee.span);
                None
            }
            (None, None) => {
                let known = self.known_rules();
                self.report(actions::unknown_optimizer(name, callee.span, &known));
                None
            }
        }
    }

    /// Whether a function has the arguments of a rule, or a message.
    fn is_rule(&mut self, index: u32, span: Span) -> bool {
        let item = self.functions[index as usize];
        let is_rule = has_arguments(&item);
        if !is_rule {
            let problem = "takes no `parameter` and `gradient`";
            self.report(optimizers::not_a_rule(&item.function.name.text, problem, span, item.function.name.span));
        }
        is_rule
    }

    /// The names of the library's rules.
    fn known_rules(&self) -> Vec<&'a str> {
        let functions = self.library_module(RULES_MODULE).map(|module| self.modules[module].defined());
        let rules = functions.into_iter().flatten().filter_map(|(name, (global, _))| match global {
            Global::Function(index) if has_arguments(&self.functions[index as usize]) => Some(name),
            _ => None,
        });
        let mut rules: Vec<&'a str> = rules.collect();
        rules.push(LBFGS);
        rules.sort_unstable();
        rules
    }

    /// The rule at each parameter, and what it remembers of them.
    pub(super) fn updates(&mut self, rule: Rule<'a>, params: &[ParamId]) -> Option<(Optimizer, Vec<StateTensor>)> {
        let mut state = Vec::new();
        let mut updates = Vec::with_capacity(params.len());
        let outer = std::mem::replace(&mut self.frame, rule.frame.clone());
        for id in params {
            updates.extend(self.update(&rule, *id, &mut state));
        }
        self.frame = outer;
        let learning_rate = self.learning_rate(&rule, &rule.settings, false);
        let first_average = rule.average.is_some().then_some(state.len() as u32);
        for id in params.iter().filter(|_| first_average.is_some()) {
            let param = &self.program.params[id.0 as usize];
            let shape = param.domain.stored_shape(&param.shape);
            state.push(StateTensor { name: format!("{}/average", param.name), shape, initial: 0.0 });
        }
        let optimizer = Optimizer {
            rule: rule.name,
            updates,
            learning_rate,
            first_average,
            accumulation: None,
            step_norm: None,
            lbfgs: None,
        };
        (optimizer.updates.len() == params.len()).then_some((optimizer, state))
    }

    /// The learning rate of a step, where the rule has one. Where rates are tried, it is the one at hand, and a group with
    /// a rate of its own keeps its ratio to the others.
    fn learning_rate(&mut self, rule: &Rule<'a>, settings: &[Option<Typed>], has_own: bool) -> Option<Typed> {
        let rate = self.stated_rate(rule, settings)?;
        let pair =
            |function, left, right| Typed::new(Kind::Pointwise(function, vec![left, right]), Type::real(), rule.span);
        let stated = self.scheduled_rate(rule, rate.clone());
        if !self.program.find_learning_rate {
            return Some(stated);
        }
        // The rate at hand is 0 in trainings that are not the one whose rate is to be found.
        let given = Typed::new(Kind::Progress(Progress::LearningRate), Type::real(), rule.span);
        let zero = Typed::new(Kind::Number(0.0), Type::real(), rule.span);
        let is_given = Typed::new(Kind::Pointwise(&LESS, vec![zero, given.clone()]), Type::bool(), rule.span);
        let tried = match has_own {
            true => pair(&MULTIPLY, given, pair(&DIVIDE, rate, self.stated_rate(rule, &rule.settings)?)),
            false => given,
        };
        Some(Typed::new(Kind::If(is_given, tried, stated), Type::real(), rule.span))
    }

    /// The learning rate that settings or the rule's own default state.
    fn stated_rate(&mut self, rule: &Rule<'a>, settings: &[Option<Typed>]) -> Option<Typed> {
        let place = rule.place("lr")?;
        Some(match (&settings[place], &rule.parameters()[place].default) {
            (Some(rate), _) => rate.clone(),
            (None, Some(default)) => {
                let rate = self.signature(default.span, |checker| checker.expression(default, None));
                self.convert_element(rate, Element::Real)
            }
            (None, None) => return None,
        })
    }

    /// A rate with the block's schedule.
    fn scheduled_rate(&self, rule: &Rule<'a>, rate: Typed) -> Typed {
        let Some(factor) = &rule.schedule else { return rate };
        let pair =
            |operation, left, right| Typed::new(Kind::Pointwise(operation, vec![left, right]), Type::real(), rule.span);
        let reduced = pair(&MULTIPLY, rate.clone(), factor.clone());
        match rule.plateau.as_ref().map(|plateau| plateau.min_lr).filter(|least| *least > 0.0) {
            // A learning rate that is below the least one already stays as it is.
            Some(least) => {
                let least = Typed::new(Kind::Number(least), Type::real(), rule.span);
                pair(&MAX, reduced, pair(&MIN, rate, least))
            }
            None => reduced,
        }
    }

    /// The gradient that a rule gets.
    fn clipped(&mut self, rule: &Rule<'a>, ty: &Type) -> Typed {
        let span = rule.span;
        let gradient = Typed::new(Kind::Local(rule.gradient), ty.clone(), span);
        match &rule.clip {
            None => gradient,
            Some(Clip::Norm(limit)) => {
                let norm = Typed::new(Kind::Progress(Progress::GradNorm), Type::real(), span);
                let factor = self.library_call(RULES_MODULE, "clip_factor", vec![norm, limit.clone()], span);
                let factor = self.splat(factor, ty.sizes());
                Typed::new(Kind::Pointwise(&MULTIPLY, vec![gradient, factor]), ty.clone(), span)
            }
            Some(Clip::Value(bound)) => {
                let low = Typed::new(Kind::Pointwise(&NEGATE, vec![bound.clone()]), Type::real(), span);
                let arguments = vec![gradient, low, bound.clone()];
                self.library_call(RULES_MODULE, "clip_value", arguments, span)
            }
        }
    }

    /// A call of a function of the library.
    fn library_call(&mut self, module: &str, name: &str, arguments: Vec<Typed>, span: Span) -> Typed {
        let module = self.library_module(module);
        match module.and_then(|module| self.global_of_module(module, name)) {
            Some(Global::Function(index)) => {
                let id = self.closure(Closure::Item(index));
                let function = Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span);
                self.apply(function, arguments, span)
            }
            _ => Typed::error(span),
        }
    }

    /// The moving average of a parameter after a step, with its variables.
    fn averaged(&mut self, rule: &Rule<'a>, ty: &Type) -> Option<(Typed, LocalId, LocalId)> {
        let span = rule.span;
        let decay = rule.average.clone()?;
        let (before, now) = (self.frame.local(), self.frame.local());
        let local = |id| Typed::new(Kind::Local(id), ty.clone(), span);
        let step = Typed::new(Kind::Progress(Progress::Step), Type::real(), span);
        let average = self.library_call(RULES_MODULE, "averaged", vec![local(before), local(now), step, decay], span);
        Some((average, before, now))
    }

    fn update(&mut self, rule: &Rule<'a>, id: ParamId, state: &mut Vec<StateTensor>) -> Option<Update> {
        let ty = self.stored_type(id);
        let span = rule.span;
        let first_state = state.len() as u32;
        let remembered = match rule.place("state") {
            Some(place) => Some(self.remembered(rule, &rule.parameters()[place], id, &ty, state)?),
            None => None,
        };
        let gradient = self.clipped(rule, &ty);
        let average = self.averaged(rule, &ty);
        let mut settings = rule.settings_of(id);
        if let Some(place) = rule.place("lr") {
            let has_own = |group: &Group| {
                group.params.contains(&id) && group.settings.iter().any(|(setting, _)| *setting == place)
            };
            settings[place] = self.learning_rate(rule, &settings, rule.groups.iter().any(has_own));
        }
        let given = rule.parameters().iter().zip(settings).map(|(parameter, setting)| {
            let local = |local, ty: &Type| Some(Typed::new(Kind::Local(local), ty.clone(), span));
            match name_of(&parameter.pattern) {
                Some("parameter") => local(rule.parameter, &ty),
                Some("gradient") => Some(gradient.clone()),
                Some("state") => remembered.as_ref().and_then(|ty| local(rule.state, ty)),
                Some(name) => match PROGRESS.iter().find(|(each, _)| *each == name) {
                    Some((_, progress)) => Some(Typed::new(Kind::Progress(*progress), Type::real(), span)),
                    None => setting,
                },
                None => setting,
            }
        });
        let given: Vec<Option<Typed>> = given.collect();
        let Completed { bindings, arguments } = self.completed(rule.parameters(), given, rule.item.position, span);
        let call = self.apply(rule.function.clone(), arguments, span);
        let new = Completed::around(bindings, call);
        if new.ty.is_error() {
            return None;
        }
        let expected = match &remembered {
            Some(state) => Type::Tuple(vec![ty, state.clone()]),
            None => ty,
        };
        let found = new.ty.to_string();
        let Ok(new) = self.coerce(new, &expected) else {
            let name = &self.program.params[id.0 as usize].name;
            let what = if remembered.is_some() {
                "a pair of the new parameter and the new state"
            } else {
                "the new parameter"
            };
            let problem = format!("gives {found} for `{name}` where {what} is {expected}");
            self.report(optimizers::not_a_rule(&rule.name, &problem, span, rule.item.function.name.span));
            return None;
        };
        let state = remembered.map(|ty| (rule.state, ty));
        Some(Update { new, parameter: rule.parameter, gradient: rule.gradient, state, average, first_state })
    }

    /// What the rule remembers of a parameter: its type, and its tensors entered among those of the block.
    fn remembered(
        &mut self,
        rule: &Rule<'a>,
        parameter: &'a Parameter,
        id: ParamId,
        ty: &Type,
        state: &mut Vec<StateTensor>,
    ) -> Option<Type> {
        let Some(default) = &parameter.default else {
            let problem = "does not say what its `state` starts from";
            self.report(optimizers::not_a_rule(&rule.name, problem, rule.span, parameter.pattern.span()));
            return None;
        };
        let start = self.signature(default.span, |checker| checker.expression(default, None));
        let mut leaves = Vec::new();
        let state_type = leaves_of(&start, "", ty, &mut leaves);
        let Some(state_type) = state_type.filter(|_| !start.ty.is_error()) else {
            if !start.ty.is_error() {
                let problem = "has a `state` that does not start from numbers";
                self.report(optimizers::not_a_rule(&rule.name, problem, rule.span, default.span));
            }
            return None;
        };
        let param = &self.program.params[id.0 as usize];
        let shape = param.domain.stored_shape(&param.shape);
        for (path, initial) in leaves {
            let part = if path.is_empty() { "state".to_string() } else { path };
            state.push(StateTensor { name: format!("{}/{part}", param.name), shape: shape.clone(), initial });
        }
        Some(state_type)
    }

    /// The type of what is stored for a parameter.
    fn stored_type(&self, id: ParamId) -> Type {
        let param = &self.program.params[id.0 as usize];
        let shape: Shape = param.domain.stored_shape(&param.shape);
        Type::Tensor(Element::Real, shape.sizes().iter().map(|size| Size::constant(*size as i64)).collect())
    }
}

/// A body that sees what training is at.
pub(super) fn progress_frame() -> Frame {
    let mut frame = Frame::default();
    for (name, progress) in PROGRESS {
        frame.bind(name, Bound::Progress(progress));
    }
    frame
}

/// Whether a function takes a parameter and its gradient.
fn has_arguments(item: &FunctionItem<'_>) -> bool {
    let has = |name: &str| item.function.parameters.iter().any(|parameter| name_of(&parameter.pattern) == Some(name));
    has("parameter") && has("gradient")
}

/// The type of a state that starts from these numbers at a parameter of a type, and its numbers by their paths.
fn leaves_of(start: &Typed, path: &str, ty: &Type, leaves: &mut Vec<(String, f64)>) -> Option<Type> {
    match (&start.ty, &*start.kind) {
        (Type::Tuple(_) | Type::Record(..), Kind::Tuple(parts)) => {
            let name = |place: usize| match &start.ty {
                Type::Record(fields, _) => fields.names[place].clone(),
                _ => place.to_string(),
            };
            let join = |place| if path.is_empty() { name(place) } else { format!("{path}.{}", name(place)) };
            let types: Option<Vec<Type>> =
                parts.iter().enumerate().map(|(place, part)| leaves_of(part, &join(place), ty, leaves)).collect();
            Some(start.ty.with_parts(types?))
        }
        (Type::Fill, _) => {
            leaves.push((path.to_string(), folded(start)?));
            Some(ty.clone())
        }
        (scalar, _) if scalar.is_scalar() => {
            leaves.push((path.to_string(), folded(start)?));
            Some(ty.clone())
        }
        _ => None,
    }
}
