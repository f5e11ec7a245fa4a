//! Models from the expressions that make them: layer instances with their configuration, and compositions.

use super::super::defaults::Completed;
use super::super::params::folded;
use super::super::program::{Kind, Typed};
use super::super::scope::{Bound, Frame};
use super::super::size::Size;
use super::super::types::{Element, ModelId, Type};
use super::super::{Checker, Context, Global};
use super::layers::pattern_name;
use super::{Configured, FixedSizes, Form, Instance, Member, Model, ModelItem, Part};
use crate::diagnostics::catalog::{models, shapes};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, BinaryOperator, Expr, ExprKind, ItemKind};

/// The most models and parts of models in a file.
const MOST_MODELS: usize = 1 << 15;

impl<'a> Checker<'a, '_> {
    /// Enters a model of the file.
    pub(in super::super) fn collect_model(&mut self, name: &'a ast::Name, value: &'a Expr) -> Global<'a> {
        self.models.items.push(ModelItem { name, value, made: None });
        Global::Model(self.models.items.len() as u32 - 1)
    }

    /// A model of the file by its place in the list of items, made where it is first needed.
    pub(in super::super) fn model_item(&mut self, index: u32) -> Option<ModelId> {
        let ModelItem { name, value, made } = self.models.items[index as usize];
        if let Some(made) = made {
            return made;
        }
        if self.values_in_progress.contains(&name.span) {
            self.report(models::contains_itself("model", &name.text, value.span, name.span));
            return None;
        }
        self.values_in_progress.push(name.span);
        let order = self.models.next_order();
        let made = self.inside(name.span, |checker| {
            let path = checker.param_path(&name.text);
            checker.known_before_the_run(Frame::default(), |checker| checker.make_model(value, path, order))
        });
        self.values_in_progress.pop();
        self.models.items[index as usize].made = Some(made);
        made
    }

    /// Works on what must be known when compiling, with the names of a frame.
    fn known_before_the_run<T>(&mut self, frame: Frame, work: impl FnOnce(&mut Self) -> T) -> T {
        let frame = std::mem::replace(&mut self.frame, frame);
        let context = std::mem::replace(&mut self.context, Context::Before);
        let result = work(self);
        self.context = context;
        self.frame = frame;
        result
    }

    /// The model that an expression makes, or names.
    fn make_model(&mut self, value: &'a Expr, path: String, order: Vec<u32>) -> Option<ModelId> {
        match self.make_part(value, path, order)? {
            Part::Model(id, _) => Some(id),
            Part::Function(function) => {
                self.report(models::not_a_model("this function has no parameters", function.span));
                None
            }
        }
    }

    fn make_part(&mut self, value: &'a Expr, path: String, order: Vec<u32>) -> Option<Part> {
        let span = value.span;
        match &*value.kind {
            ExprKind::Paren(inner) => self.make_part(inner, path, order),
            ExprKind::Binary { operator: BinaryOperator::Compose, .. } => self.make_composition(value, path, order),
            ExprKind::Call { callee, arguments } => match self.layer_named(callee) {
                Some(layer) => self.make_instance(layer, arguments, path, order, span),
                None => self.function_part(value),
            },
            ExprKind::Error => None,
            _ => match self.layer_named(value) {
                Some(layer) => {
                    let name = self.models.layers[layer as usize].item.name.text.clone();
                    self.report(models::layer_without_arguments(&name, span));
                    None
                }
                None => match self.named_model(value) {
                    Some(found) => found.map(|id| Part::Model(id, span)),
                    None => self.function_part(value),
                },
            },
        }
    }

    /// The layer that an expression names.
    pub(in super::super) fn layer_named(&self, value: &Expr) -> Option<u32> {
        match self.global_named(value) {
            Some(Global::Layer(index)) => Some(index),
            _ => None,
        }
    }

    /// What an expression names: `Dense`, or `nn.Dense` of a module.
    fn global_named(&self, value: &Expr) -> Option<Global<'a>> {
        match &*value.kind {
            ExprKind::Name(name) if self.frame.find(name).is_none() => {
                self.globals.get(name.as_str()).map(|(global, _)| *global)
            }
            ExprKind::Field { base, name } => {
                let ExprKind::Name(module) = &*base.kind else { return None };
                self.global_of_module(self.named_module(module)?, &name.text)
            }
            _ => None,
        }
    }

    /// The model, or part of a model, that an expression names; `Some(None)` when that model has failed.
    fn named_model(&mut self, value: &'a Expr) -> Option<Option<ModelId>> {
        match &*value.kind {
            ExprKind::Paren(inner) => self.named_model(inner),
            ExprKind::Name(name) => match (self.frame.find(name), self.globals.get(name.as_str())) {
                (Some(Bound::Known(typed)), _) => typed.ty.model().map(Some),
                (None, Some((Global::Model(index), _))) => {
                    let index = *index;
                    Some(self.model_item(index))
                }
                _ => None,
            },
            ExprKind::Part { base, index, .. } => {
                let Some(base) = self.named_model(base)? else { return Some(None) };
                self.part_model(base, &index.to_string()).map(Some)
            }
            ExprKind::Field { base, name } => {
                if let Some(Global::Model(index)) = self.global_named(value) {
                    return Some(self.model_item(index));
                }
                let Some(base) = self.named_model(base)? else { return Some(None) };
                self.part_model(base, &name.text).map(Some)
            }
            _ => None,
        }
    }

    /// Whether an expression makes a model or names one.
    fn makes_model(&mut self, value: &'a Expr) -> bool {
        match &*value.kind {
            ExprKind::Paren(inner) => self.makes_model(inner),
            ExprKind::Binary { operator: BinaryOperator::Compose, left, right, .. } => {
                self.makes_model(right) || self.makes_model(left)
            }
            ExprKind::Call { callee, .. } => self.layer_named(callee).is_some(),
            _ => self.layer_named(value).is_some() || self.named_model(value).is_some(),
        }
    }

    fn owns(&self, member: Member) -> bool {
        match member {
            Member::Param(_) => true,
            Member::Model(model) => self.models.model(model).owns,
        }
    }

    /// A function in a composition.
    fn function_part(&mut self, value: &'a Expr) -> Option<Part> {
        let typed = self.expression(value, None);
        match &typed.ty {
            Type::Error => None,
            Type::Function(_) if is_known(&typed) => Some(Part::Function(typed)),
            Type::Function(_) => {
                self.report(models::not_known_when_compiling("this function", typed.span));
                None
            }
            other => {
                self.report(models::not_a_model(&format!("this is {other}"), typed.span));
                None
            }
        }
    }

    fn make_composition(&mut self, value: &'a Expr, path: String, order: Vec<u32>) -> Option<Part> {
        let mut written = Vec::new();
        let mut rest = value;
        while let ExprKind::Binary { operator: BinaryOperator::Compose, left, right, .. } = &*rest.kind {
            written.push(right);
            rest = left;
        }
        written.push(rest);
        let parts: Vec<Option<Part>> = (0u32..)
            .zip(written.into_iter().rev())
            .map(|(place, part)| {
                let order = [&order[..], &[place]].concat();
                self.make_part(part, format!("{path}.{place}"), order)
            })
            .collect();
        let parts: Vec<Part> = parts.into_iter().collect::<Option<_>>()?;
        let owns = parts.iter().any(|part| matches!(part, Part::Model(id, _) if self.models.model(*id).owns));
        let model = Model { path, span: value.span, order, form: Form::Composition(parts), owns, ty: None };
        self.enter_model(model).map(|id| Part::Model(id, value.span))
    }

    fn make_instance(
        &mut self,
        layer: u32,
        arguments: &'a [Argument],
        path: String,
        order: Vec<u32>,
        span: Span,
    ) -> Option<Part> {
        let facts = self.facts(layer);
        facts.call?;
        let item = self.models.layers[layer as usize].item;
        let given = self.arrange(&item.name.text, &item.parameters, arguments, span)?;
        let mut values = Vec::with_capacity(given.len());
        let mut members = Vec::new();
        for (place, (parameter, given)) in (0u32..).zip(item.parameters.iter().zip(given)) {
            let name = pattern_name(&parameter.pattern);
            match (given.filter(|value| self.makes_model(value)), name) {
                (Some(value), Some(name)) => {
                    let order = [&order[..], &[place]].concat();
                    let inner = self.make_model(value, format!("{path}.{}", name.text), order)?;
                    members.push((name.text.as_str(), Member::Model(inner)));
                    values.push(Some(self.placeholder(inner, value.span)));
                }
                _ => values.push(given.map(|value| self.expression(value, None))),
            }
        }
        let position = self.models.layers[layer as usize].position;
        let Completed { arguments, .. } = self.completed(&item.parameters, values, position, span);
        let mut configuration = Vec::with_capacity(arguments.len());
        let mut failed = false;
        for (parameter, value) in item.parameters.iter().zip(arguments) {
            let Some(name) = pattern_name(&parameter.pattern) else { continue };
            let is_size = facts.sizes.contains(&name.text.as_str());
            match self.configured(parameter, value, &name.text, is_size) {
                Some(value) => configuration.push((name.text.as_str(), value)),
                None => failed = true,
            }
        }
        if failed {
            return None;
        }
        let owns = facts.owns || members.iter().any(|(_, member)| self.owns(*member));
        let fixed = self.models.known.get(&path).cloned();
        let instance = Instance { layer, configuration, fixed: None, members };
        let id = self.enter_model(Model { path, span, order, form: Form::Instance(instance), owns, ty: None })?;
        let sizes = self.configured_sizes(id);
        let is_given = |name: &&str| sizes.iter().any(|(each, _)| each == name);
        match fixed {
            Some(fixed) => self.fix_sizes(id, fixed),
            None if facts.owned.iter().all(is_given) => self.fix_sizes(id, FixedSizes { sizes, use_span: span }),
            None => {}
        }
        Some(Part::Model(id, span))
    }

    fn enter_model(&mut self, model: Model<'a>) -> Option<ModelId> {
        if self.models.all.len() >= MOST_MODELS {
            self.report(shapes::call_overflow(&model.path, model.span, MOST_MODELS as u64));
            return None;
        }
        self.models.all.push(model);
        Some(ModelId(self.models.all.len() as u32 - 1))
    }

    /// The value of a configuration argument, or a message.
    fn configured(
        &mut self,
        parameter: &'a ast::Parameter,
        value: Typed,
        name: &str,
        is_size: bool,
    ) -> Option<Configured> {
        if value.ty.is_error() {
            return None;
        }
        if !is_known(&value) {
            self.report(models::not_known_when_compiling(&format!("the value of `{name}`"), value.span));
            return None;
        }
        if is_size {
            let size = whole(&value).filter(|size| *size >= 0);
            if size.is_none() {
                let found = value.ty.to_string();
                self.report(models::not_a_configured_size(name, &found, value.span, parameter.pattern.span()));
            }
            return size.map(|size| Configured::Size(Size::constant(size)));
        }
        let value = match &parameter.annotation {
            Some(annotation) if !matches!(value.ty, Type::Function(_)) => {
                let target =
                    self.known_before_the_run(Frame::default(), |checker| checker.annotation(annotation, &Vec::new()));
                match self.coerce(value, &target) {
                    Ok(value) => value,
                    Err(value) => {
                        let (expected, found) = (target.to_string(), value.ty.to_string());
                        let why = "the layer declares it here";
                        self.report(shapes::type_mismatch(&expected, &found, value.span, why, Some(annotation.span)));
                        return None;
                    }
                }
            }
            _ => value,
        };
        Some(Configured::Value(value))
    }

    /// The sizes that the configuration of an instance states.
    pub(super) fn configured_sizes(&self, id: ModelId) -> super::SizeBindings {
        let Form::Instance(instance) = &self.models.model(id).form else { return Vec::new() };
        let sizes = instance.configuration.iter().filter_map(|(name, value)| match value {
            Configured::Size(size) => Some((name.to_string(), size.clone())),
            Configured::Value(_) => None,
        });
        sizes.collect()
    }

    /// The names that the members of an instance see: its configuration and the sizes that are fixed.
    pub(super) fn bind_configuration(&mut self, id: ModelId) {
        let Form::Instance(instance) = &self.models.model(id).form else { return };
        let fixed = instance.fixed.iter().flat_map(|fixed| fixed.sizes.clone());
        for (name, size) in fixed.chain(self.configured_sizes(id)) {
            self.frame.bind(name, Bound::Size(size));
        }
        for (name, value) in &instance.configuration {
            if let Configured::Value(value) = value {
                self.frame.bind(*name, Bound::Known(value.clone()));
            }
        }
    }

    /// Takes over the sizes that a test has found for models of the file, which have one size in all tests.
    pub(in super::super) fn keep_sizes(&mut self, found: super::KnownSizes) {
        let own = found.into_iter().filter(|(path, _)| self.is_model(path.split('.').next().unwrap_or_default()));
        let own: Vec<_> = own.collect();
        self.models.known.extend(own);
    }

    /// Makes the members of an instance, whose sizes are now known.
    pub(super) fn fix_sizes(&mut self, id: ModelId, fixed: FixedSizes) {
        let Model { path, order, form: Form::Instance(instance), .. } = &mut self.models.all[id.0 as usize] else {
            return;
        };
        let (path, order, layer) = (path.clone(), order.clone(), instance.layer);
        instance.fixed = Some(fixed.clone());
        if fixed.use_span != self.models.model(id).span {
            self.models.known.insert(path.clone(), fixed);
        }
        let item = self.models.layers[layer as usize].item;
        let members = self.inside(item.name.span, |checker| {
            checker.known_before_the_run(Frame::default(), |checker| {
                checker.bind_configuration(id);
                checker.make_members(item, &path, &order)
            })
        });
        if let Form::Instance(instance) = &mut self.models.all[id.0 as usize].form {
            instance.members.extend(members);
        }
    }

    fn make_members(&mut self, item: &'a ast::Layer, path: &str, order: &[u32]) -> Vec<(&'a str, Member)> {
        let mut members = Vec::new();
        // The models of the configuration stand before the members.
        for (place, member) in (item.parameters.len() as u32..).zip(&item.members) {
            let order = [order, &[place]].concat();
            match &member.kind {
                ItemKind::Param(param) => {
                    let name = param.name.text.as_str();
                    if let Some(param) = self.checked_param(param, format!("{path}.{name}")) {
                        members.push((name, Member::Param(self.push_param(param, order))));
                    }
                }
                ItemKind::Model { name, value } => {
                    if let Some(model) = self.make_model(value, format!("{path}.{}", name.text), order) {
                        members.push((name.text.as_str(), Member::Model(model)));
                        let value = self.placeholder(model, name.span);
                        self.frame.bind(name.text.as_str(), Bound::Known(value));
                    }
                }
                _ => {}
            }
        }
        members
    }
}

/// Whether an expression is known when compiling: no parameter, argument, column or computed value stands in it.
fn is_known(typed: &Typed) -> bool {
    let mut known = !matches!(
        &*typed.kind,
        Kind::Error
            | Kind::Local(_)
            | Kind::Param(_)
            | Kind::Global(_)
            | Kind::Column(..)
            | Kind::Example(_)
            | Kind::Standardized(..)
            | Kind::Progress(_)
    );
    typed.kind.for_each_part(&mut |part| known = known && is_known(part));
    known
}

/// The whole number that an expression of literals and sizes is.
fn whole(typed: &Typed) -> Option<i64> {
    match &*typed.kind {
        Kind::Integer(value) => Some(*value),
        Kind::Size(size) => size.value(),
        _ if matches!(typed.ty, Type::Tensor(Element::Int | Element::Flexible, ref sizes) if sizes.is_empty()) => {
            folded(typed).filter(|value| value.fract() == 0.0 && value.abs() < 9e15).map(|value| value as i64)
        }
        _ => None,
    }
}
