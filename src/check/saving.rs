//! The actions `save` and `load`: which values and parameters, under which names, in which file.

use super::Checker;
use super::program::{Kind, Load, ParamId, Params, Save, Saved, Typed};
use super::types::Type;
use crate::diagnostics::catalog::tensors as errors;
use crate::syntax::ast::{Expr, ExprKind};
use std::path::PathBuf;

impl<'a> Checker<'a, '_> {
    /// `save "f.safetensors", net, w`.
    pub(super) fn save(&mut self, path: &'a Expr, values: &'a [Expr]) -> Option<Save> {
        let file = self.file_path("save", path)?;
        if values.is_empty() {
            return Some(Save { span: path.span, path: file, values: None });
        }
        let saved: Vec<Option<Saved>> = values.iter().map(|value| self.saved(value)).collect();
        let saved: Vec<Saved> = saved.into_iter().collect::<Option<_>>()?;
        let mut names: Vec<&str> = Vec::new();
        for (value, written) in saved.iter().zip(values) {
            let own: Vec<&str> = match value {
                Saved::Params(params) => self.param_names(&params.read),
                Saved::Value(names, _) => names.iter().map(String::as_str).collect(),
            };
            if let Some(twice) = own.iter().find(|name| names.contains(*name)) {
                let problem = format!("`{twice}` would be stored twice");
                self.report(errors::cannot_name(&problem, written.span));
                return None;
            }
            names.extend(own);
        }
        Some(Save { span: path.span, path: file, values: Some(saved) })
    }

    /// `load "f.safetensors", net, w`.
    pub(super) fn load(&mut self, path: &'a Expr, values: &'a [Expr]) -> Option<Load> {
        let file = self.file_path("load", path)?;
        if values.is_empty() {
            return Some(Load { span: path.span, path: file, params: None });
        }
        let params: Vec<Option<Params>> = values.iter().map(|value| self.loaded(value)).collect();
        Some(Load { span: path.span, path: file, params: Some(params.into_iter().collect::<Option<_>>()?) })
    }

    /// A file named by the program, from the folder of the program's file.
    pub(super) fn file_path(&mut self, action: &str, path: &'a Expr) -> Option<PathBuf> {
        match &*path.kind {
            ExprKind::Text(text) => Some(self.sources.get(path.span.source).folder().join(text)),
            ExprKind::Error => None,
            _ => {
                self.report(errors::path_not_text(action, path.span));
                None
            }
        }
    }

    fn saved(&mut self, value: &'a Expr) -> Option<Saved> {
        let typed = self.value(value, None);
        if typed.ty.is_error() {
            return None;
        }
        let Some(name) = path_of(value) else {
            self.report(errors::cannot_name("this has none", value.span));
            return None;
        };
        if let Some(read) = params_of(&typed) {
            return Some(Saved::Params(Params { path: name, read }));
        }
        if typed.ty.has_function() {
            self.report(errors::cannot_name("functions cannot be stored", value.span));
            return None;
        }
        let typed = if typed.ty.has_fill() { self.settle(typed) } else { typed };
        let mut names = Vec::new();
        leaf_names(&name, &typed.ty, &mut names);
        Some(Saved::Value(names, typed))
    }

    fn loaded(&mut self, value: &'a Expr) -> Option<Params> {
        let typed = self.value(value, None);
        if typed.ty.is_error() {
            return None;
        }
        match (path_of(value), params_of(&typed)) {
            (Some(path), Some(read)) => Some(Params { path, read }),
            _ => {
                self.report(errors::not_parameters(&format!("{}, computed", typed.ty), value.span));
                None
            }
        }
    }

    fn param_names(&self, params: &[ParamId]) -> Vec<&str> {
        params.iter().map(|id| self.program.params[id.0 as usize].name.as_str()).collect()
    }
}

/// `net.0.W`, where an expression is a name with fields.
fn path_of(value: &Expr) -> Option<String> {
    match &*value.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field { base, name } => Some(format!("{}.{}", path_of(base)?, name.text)),
        _ => None,
    }
}

/// The parameters that a value consists of, if it consists of parameters.
fn params_of(typed: &Typed) -> Option<Vec<ParamId>> {
    match &*typed.kind {
        Kind::Param(id) => Some(vec![*id]),
        Kind::Tuple(parts) if !parts.is_empty() => {
            parts.iter().map(params_of).collect::<Option<Vec<_>>>().map(|params| params.concat())
        }
        _ => None,
    }
}

/// The names of the tensors of a value: its own, or that with the names or places of its parts.
fn leaf_names(name: &str, ty: &Type, names: &mut Vec<String>) {
    match ty {
        Type::Record(fields, parts) => {
            for (field, part) in fields.names.iter().zip(parts) {
                leaf_names(&format!("{name}.{field}"), part, names);
            }
        }
        Type::Tuple(parts) => {
            for (place, part) in parts.iter().enumerate() {
                leaf_names(&format!("{name}.{place}"), part, names);
            }
        }
        _ => names.push(name.to_string()),
    }
}
