//! Models as values: their types, the records of their parameters, and their parts.

use super::super::program::{Closure, Kind, Typed};
use super::super::size::Size;
use super::super::types::{Element, Fields, ModelId, Type};
use super::super::{Checker, Context, Global};
use super::{Form, Member, Part};
use crate::diagnostics::catalog::{models, names};
use crate::source::Span;

/// A part of a model that holds parameters.
enum Owner {
    Param(super::ParamId),
    Model(ModelId),
}

impl<'a> Checker<'a, '_> {
    /// The name of a model as an expression.
    pub(in super::super) fn model_name(&mut self, name: &'a str, index: u32, span: Span) -> Typed {
        if self.context == Context::Before {
            return self.fail(names::not_before_the_run(name, "a model", span), span);
        }
        match self.model_item(index) {
            Some(id) => self.model_value(id, span),
            None => Typed::error(span),
        }
    }

    /// Whether a name stands for a model of the file.
    pub(in super::super) fn is_model(&self, name: &str) -> bool {
        matches!(self.globals.get(name), Some((Global::Model(_), _)))
    }

    /// The model of the file that has this name.
    pub(in super::super) fn model_called(&mut self, name: &str, span: Span) -> Typed {
        match self.globals.get(name).copied() {
            Some((Global::Model(index), _)) => match self.model_item(index) {
                Some(id) => self.model_value(id, span),
                None => Typed::error(span),
            },
            _ => Typed::error(span),
        }
    }

    /// The record of a model's parameters. While a size is unknown it stands for the model in calls only.
    pub(super) fn model_value(&mut self, id: ModelId, span: Span) -> Typed {
        if self.model_type(id).is_none() {
            self.models.early_uses.push((id, span));
            return self.placeholder(id, span);
        }
        self.record_of(id, span)
    }

    /// The types of all models.
    pub(in super::super) fn model_types(&mut self) -> Vec<Type> {
        (0..self.models.all.len() as u32).map(|id| self.captured_model(ModelId(id))).collect()
    }

    /// The type of a model that a function value has captured.
    pub(in super::super) fn captured_model(&mut self, id: ModelId) -> Type {
        self.model_type(id).unwrap_or_else(|| Type::Record(fields(id, Vec::new()), Vec::new()))
    }

    /// A model in a place where it is only named.
    pub(super) fn placeholder(&mut self, id: ModelId, span: Span) -> Typed {
        Typed::new(Kind::Tuple(Vec::new()), Type::Record(fields(id, Vec::new()), Vec::new()), span)
    }

    fn record_of(&mut self, id: ModelId, span: Span) -> Typed {
        let ty = self.model_type(id).unwrap_or(Type::Error);
        let owners = self.owners(id);
        let types = ty.parts().unwrap_or_default().to_vec();
        let parts = owners.into_iter().zip(types).map(|((_, owner), ty)| match owner {
            Owner::Param(param) => Typed::new(Kind::Param(param), ty, span),
            Owner::Model(model) => self.record_of(model, span),
        });
        let parts = parts.collect();
        Typed::new(Kind::Tuple(parts), ty, span)
    }

    /// The parts of a model that hold parameters, in order, as far as they are made.
    fn owners(&self, id: ModelId) -> Vec<(String, Owner)> {
        match &self.models.model(id).form {
            Form::Instance(instance) => {
                let owners = instance.members.iter().filter_map(|(name, member)| match member {
                    Member::Param(param) => Some((name.to_string(), Owner::Param(*param))),
                    Member::Model(model) if self.models.model(*model).owns => {
                        Some((name.to_string(), Owner::Model(*model)))
                    }
                    Member::Model(_) => None,
                });
                owners.collect()
            }
            Form::Composition(parts) => {
                let owners = parts.iter().enumerate().filter_map(|(place, part)| match part {
                    Part::Model(model, _) if self.models.model(*model).owns => {
                        Some((place.to_string(), Owner::Model(*model)))
                    }
                    _ => None,
                });
                owners.collect()
            }
        }
    }

    /// The type of a model's record, once all its sizes are known.
    pub(in super::super) fn model_type(&mut self, id: ModelId) -> Option<Type> {
        if let Some(ty) = &self.models.model(id).ty {
            return Some(ty.clone());
        }
        if matches!(&self.models.model(id).form, Form::Instance(instance) if instance.fixed.is_none()) {
            return None;
        }
        let owners = self.owners(id);
        let mut names = Vec::with_capacity(owners.len());
        let mut types = Vec::with_capacity(owners.len());
        for (name, owner) in owners {
            types.push(match owner {
                Owner::Param(param) => {
                    let shape = &self.program.params[param.0 as usize].shape;
                    let sizes = shape.sizes().iter().map(|size| Size::constant(*size as i64)).collect();
                    Type::Tensor(Element::Real, sizes)
                }
                Owner::Model(model) => self.model_type(model)?,
            });
            names.push(name);
        }
        let ty = Type::Record(fields(id, names), types);
        self.models.all[id.0 as usize].ty = Some(ty.clone());
        Some(ty)
    }

    /// A type that was written down while sizes of a model were unknown, as it is now.
    pub(in super::super) fn refreshed(&mut self, ty: Type) -> Type {
        match (&ty, ty.model()) {
            (Type::Record(_, parts), Some(id)) if parts.is_empty() => self.model_type(id).unwrap_or(ty),
            _ => ty,
        }
    }

    /// A model as a function value; any other value as it is.
    pub(in super::super) fn as_function(&mut self, typed: Typed) -> Typed {
        let Some(id) = typed.ty.model() else { return typed };
        let span = typed.span;
        let closure = self.closure(Closure::Model(id));
        Typed::new(Kind::Closure(vec![typed]), Type::Function(closure), span)
    }

    /// The part of a model of this name that is a model.
    pub(super) fn part_model(&mut self, id: ModelId, name: &str) -> Option<ModelId> {
        match &self.models.model(id).form {
            Form::Instance(instance) => instance.members.iter().find_map(|(each, member)| match member {
                Member::Model(model) if *each == name => Some(*model),
                _ => None,
            }),
            Form::Composition(parts) => match parts.get(name.parse::<usize>().ok()?)? {
                Part::Model(model, _) => Some(*model),
                Part::Function(_) => None,
            },
        }
    }

    /// `net.encoder`, `net.0`, `g.0`: a part of a model's value, or of a record with such names.
    ///
    /// # Errors
    /// The value as it was, where it is no model and has no part of this name.
    pub(in super::super) fn member(
        &mut self,
        base: Typed,
        name: &str,
        place: Span,
        span: Span,
    ) -> Result<Typed, Typed> {
        let ty = self.refreshed(base.ty.clone());
        if let Type::Record(fields, parts) = &ty
            && let Some(place) = fields.place(name)
        {
            let part = parts[place].clone();
            return Ok(match *base.kind {
                Kind::Tuple(mut values) if place < values.len() => Typed { span, ..values.swap_remove(place) },
                kind => Typed::new(Kind::Part(Typed::new(kind, ty, base.span), place as u32), part, span),
            });
        }
        match ty.model() {
            Some(id) => Ok(self.model_part(id, name, place, span)),
            None => Err(base),
        }
    }

    /// A part of a model that its record does not hold: one without parameters, or a mistake.
    fn model_part(&mut self, id: ModelId, name: &str, place: Span, span: Span) -> Typed {
        if let Some(part) = self.part_model(id, name) {
            return self.placeholder(part, span);
        }
        if let Form::Composition(parts) = &self.models.model(id).form
            && let Some(Part::Function(function)) = name.parse().ok().and_then(|place: usize| parts.get(place))
        {
            return Typed { span, ..function.clone() };
        }
        if self.model_type(id).is_none() {
            return Typed::error(span);
        }
        let known: Vec<String> = self.owners(id).into_iter().map(|(name, _)| name).collect();
        let path = self.models.path(id).to_string();
        self.fail(models::no_such_member(&path, name, place, &known), span)
    }

    /// Remembers a model whose sizes are not known where its parameters are needed. If a call has told them since, the file
    /// is checked again.
    pub(in super::super) fn needs_sizes(&mut self, model: &Typed) {
        let Some(id) = model.ty.model() else { return };
        self.model_type(id);
        self.models.needed.push((id, model.span));
    }

    /// Reports the models that were used while a size was unknown, and stayed so.
    pub(in super::super) fn report_unknown_sizes(&mut self) {
        let early = std::mem::take(&mut self.models.early_uses).into_iter().map(|each| (each, false));
        let needed = std::mem::take(&mut self.models.needed).into_iter().map(|each| (each, true));
        for ((id, span), is_needed) in early.chain(needed).collect::<Vec<_>>() {
            if is_needed || self.model_type(id).is_none() {
                let (path, made) = (self.models.path(id).to_string(), self.models.model(id).span);
                self.report(models::sizes_never_known(&path, span, made));
            }
        }
    }
}

/// The fields of a model's record.
fn fields(id: ModelId, names: Vec<String>) -> Fields {
    Fields { model: Some(id), ..Fields::new(names) }
}
