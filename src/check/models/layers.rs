//! `layer` items: what their instances have in common.

use super::super::captures::{mentioned, size_names};
use super::super::{Checker, Global};
use crate::diagnostics::catalog::{models, names};
use crate::source::Span;
use crate::syntax::ast::{self, Function, ItemKind, Name, Pattern};
use std::collections::HashMap;

/// A `layer` item.
pub(super) struct Layer<'a> {
    pub(super) item: &'a ast::Layer,
    /// The position of its item; `let` values above it are visible in its functions.
    pub(super) position: usize,
    /// What is known of it, once the names of the file are.
    pub(super) facts: Option<Facts<'a>>,
}

/// What follows from a layer's text.
#[derive(Clone)]
pub(super) struct Facts<'a> {
    /// Its function `call`; without it the layer has no instances.
    pub(super) call: Option<&'a Function>,
    /// Its other functions, those that others mention first.
    pub(super) functions: Vec<&'a Function>,
    /// The names in its shapes: size variables and configured sizes.
    pub(super) sizes: Vec<&'a str>,
    /// Those that its parameters and models mention, which are the same at every call.
    pub(super) owned: Vec<&'a str>,
    /// Whether an instance has parameters.
    pub(super) owns: bool,
}

impl<'a> Checker<'a, '_> {
    /// Enters a layer.
    pub(in super::super) fn collect_layer(&mut self, item: &'a ast::Layer, position: usize) -> Global<'a> {
        self.models.layers.push(Layer { item, position, facts: None });
        Global::Layer(self.models.layers.len() as u32 - 1)
    }

    /// Checks what can be said of layers without an instance, when all names of the file are known.
    pub(in super::super) fn layers_alone(&mut self) {
        for index in 0..self.models.layers.len() as u32 {
            self.facts(index);
        }
    }

    /// What follows from a layer's text.
    pub(super) fn facts(&mut self, index: u32) -> Facts<'a> {
        if let Some(facts) = &self.models.layers[index as usize].facts {
            return facts.clone();
        }
        let item = self.models.layers[index as usize].item;
        self.inside(item.name.span, |checker| checker.facts_of(index, item))
    }

    fn facts_of(&mut self, index: u32, item: &'a ast::Layer) -> Facts<'a> {
        self.distinct_members(item);
        let functions = item.members.iter().filter_map(|member| match &member.kind {
            ItemKind::Function(function) => Some(function),
            _ => None,
        });
        let (call, others): (Vec<&'a Function>, Vec<&'a Function>) =
            functions.partition(|function| function.name.text == "call");
        let call = call.first().copied();
        if call.is_none() {
            self.report(models::layer_without_call(&item.name.text, item.name.span));
        }
        let sizes = self.layer_sizes(item);
        let facts = Facts {
            call,
            functions: in_order(others),
            owned: owned_sizes(item, &sizes),
            sizes,
            owns: item.members.iter().any(|member| matches!(member.kind, ItemKind::Param(_))),
        };
        self.models.layers[index as usize].facts = Some(facts.clone());
        let facts = match self.contains_itself(index) {
            Some(place) => {
                self.report(models::contains_itself("layer", &item.name.text, place, item.name.span));
                Facts { call: None, ..facts }
            }
            None => Facts { owns: facts.owns || self.members_own(item), ..facts },
        };
        self.models.layers[index as usize].facts = Some(facts.clone());
        facts
    }

    /// Whether a member that is a model has parameters.
    fn members_own(&mut self, item: &'a ast::Layer) -> bool {
        member_models(item).into_iter().any(|(name, _)| match self.globals.get(name) {
            Some((Global::Layer(index), _)) => self.facts(*index).owns,
            Some((Global::Model(_), _)) => true,
            _ => false,
        })
    }

    /// The member through which a layer contains itself.
    fn contains_itself(&self, index: u32) -> Option<Span> {
        let mut seen = vec![false; self.models.layers.len()];
        let mut rest: Vec<(u32, Option<Span>)> = vec![(index, None)];
        while let Some((at, from)) = rest.pop() {
            for (name, span) in member_models(self.models.layers[at as usize].item) {
                let Some((Global::Layer(inner), _)) = self.globals.get(name) else { continue };
                let from = from.or(Some(span));
                if *inner == index {
                    return from;
                }
                if !std::mem::replace(&mut seen[*inner as usize], true) {
                    rest.push((*inner, from));
                }
            }
        }
        None
    }

    fn distinct_members(&mut self, item: &'a ast::Layer) {
        let mut first: HashMap<&'a str, Span> = HashMap::new();
        let members = item.members.iter().filter_map(|member| member_name(&member.kind));
        for name in item.parameters.iter().filter_map(|parameter| pattern_name(&parameter.pattern)).chain(members) {
            if let Some(first) = first.insert(&name.text, name.span) {
                self.report(names::duplicate(&name.text, name.span, first));
            }
        }
    }

    /// The names in the shapes of a layer that are no constants of the file.
    fn layer_sizes(&self, item: &'a ast::Layer) -> Vec<&'a str> {
        let mut names = Vec::new();
        for parameter in &item.parameters {
            if parameter.annotation.as_ref().is_some_and(is_int) {
                names.extend(pattern_name(&parameter.pattern).map(|name| name.text.as_str()));
            }
        }
        for member in &item.members {
            match &member.kind {
                ItemKind::Param(param) => param.annotation.iter().for_each(|each| size_names(each, &mut names)),
                ItemKind::Function(function) => {
                    let annotations = function.parameters.iter().filter_map(|each| each.annotation.as_ref());
                    annotations.chain(&function.result).for_each(|each| size_names(each, &mut names));
                }
                _ => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        names.retain(|name| *name != "div" && !matches!(self.globals.get(name), Some((Global::Const(_), _))));
        names
    }
}

/// Whether an annotation is `int`.
fn is_int(annotation: &ast::TypeExpr) -> bool {
    matches!(&annotation.kind, ast::TypeExprKind::Named { name, sizes } if name.text == "int" && sizes.is_empty())
}

/// The sizes that parameters and models of a layer mention.
fn owned_sizes<'a>(item: &'a ast::Layer, sizes: &[&'a str]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for member in &item.members {
        match &member.kind {
            ItemKind::Param(param) => {
                param.annotation.iter().for_each(|annotation| size_names(annotation, &mut names));
                mentioned(&param.initial, &mut names);
            }
            ItemKind::Model { value, .. } => mentioned(value, &mut names),
            _ => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    names.retain(|name| sizes.contains(name));
    names
}

/// What the models of a layer are made of: the names in their expressions, with the places of the members.
fn member_models(item: &ast::Layer) -> Vec<(&str, Span)> {
    let mut all = Vec::new();
    for member in &item.members {
        if let ItemKind::Model { name, value } = &member.kind {
            let mut names = Vec::new();
            mentioned(value, &mut names);
            all.extend(names.into_iter().map(|each| (each, name.span)));
        }
    }
    all
}

pub(super) fn member_name(kind: &ItemKind) -> Option<&Name> {
    match kind {
        ItemKind::Param(param) => Some(&param.name),
        ItemKind::Model { name, .. } => Some(name),
        ItemKind::Function(function) => Some(&function.name),
        _ => None,
    }
}

/// The name that a parameter's pattern is.
pub(super) fn pattern_name(pattern: &Pattern) -> Option<&Name> {
    match pattern {
        Pattern::Name(name) => Some(name),
        _ => None,
    }
}

/// Functions in an order in which each stands after those that it mentions; what leads back to itself stays at the end.
fn in_order(functions: Vec<&Function>) -> Vec<&Function> {
    let mut rest: Vec<(&Function, Vec<&str>)> = functions
        .into_iter()
        .map(|function| {
            let mut names = Vec::new();
            mentioned(&function.body, &mut names);
            (function, names)
        })
        .collect();
    let mut ordered = Vec::with_capacity(rest.len());
    loop {
        let waiting: Vec<&str> = rest.iter().map(|(function, _)| function.name.text.as_str()).collect();
        let is_ready = |names: &[&str]| names.iter().all(|name| !waiting.contains(name));
        let (ready, left): (Vec<_>, Vec<_>) = rest.iter().cloned().partition(|(_, names)| is_ready(names));
        if ready.is_empty() {
            ordered.extend(left.into_iter().map(|(function, _)| function));
            return ordered;
        }
        ordered.extend(ready.into_iter().map(|(function, _)| function));
        rest = left;
    }
}
