//! The actions `save` and `load`: which values and parameters, under which names, in which file.

use super::Checker;
use super::program::Typed;
use super::types::Type;
use crate::diagnostics::catalog::tensors as errors;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use std::path::PathBuf;

/// A `save`.
#[derive(Clone, Debug)]
pub struct Save {
    /// The path.
    pub span: Span,
    /// The file.
    pub path: PathBuf,
    /// What is saved; `None` for all parameters.
    pub values: Option<Vec<Saved>>,
}

/// A value of a `save`.
#[derive(Clone, Debug)]
pub enum Saved {
    /// The parameters at and below a path.
    Params(Params),
    /// Another value, with the names of its tensors.
    Value(Vec<String>, Typed),
}

impl Save {
    /// The values that are computed for it.
    pub fn computed(&self) -> Vec<&Typed> {
        self.values.iter().flatten().filter_map(Saved::computed).collect()
    }
}

impl Saved {
    fn computed(&self) -> Option<&Typed> {
        match self {
            Saved::Value(_, value) => Some(value),
            Saved::Params(_) => None,
        }
    }
}

/// A `load`.
#[derive(Clone, Debug)]
pub struct Load {
    /// The path.
    pub span: Span,
    /// The file.
    pub path: PathBuf,
    /// What is set; `None` for all parameters.
    pub params: Option<Vec<Params>>,
}

/// The parameters at and below a path, running means too.
#[derive(Clone, Debug)]
pub struct Params {
    /// The path: `w`, `net`, `net.0`.
    pub path: String,
}

impl Params {
    /// Whether a parameter of this name is one of them.
    pub fn has(&self, name: &str) -> bool {
        name.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl<'a> Checker<'a, '_> {
    /// `save "f.safetensors", net, w`.
    pub(super) fn save(&mut self, path: &'a Expr, values: &'a [Expr]) -> Option<Save> {
        let file = self.file_path("save", path)?;
        if values.is_empty() {
            return Some(Save { span: path.span, path: file, values: None });
        }
        let saved: Vec<Option<Saved>> = values.iter().map(|value| self.saved(value)).collect();
        let saved: Vec<Saved> = saved.into_iter().collect::<Option<_>>()?;
        for (place, value) in saved.iter().enumerate() {
            let name = name_of(value);
            if saved[..place].iter().any(|other| overlap(name, name_of(other))) {
                let problem = format!("`{name}` would be stored twice");
                self.report(errors::cannot_name(&problem, values[place].span));
                return None;
            }
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
        let params = Params { path: name };
        if self.are_params(&params) {
            return Some(Saved::Params(params));
        }
        if typed.ty.has_function() {
            self.report(errors::cannot_name("functions cannot be stored", value.span));
            return None;
        }
        let typed = if typed.ty.has_fill() { self.settle(typed) } else { typed };
        let mut names = Vec::new();
        leaf_names(&params.path, &typed.ty, &mut names);
        Some(Saved::Value(names, typed))
    }

    fn loaded(&mut self, value: &'a Expr) -> Option<Params> {
        let typed = self.value(value, None);
        if typed.ty.is_error() {
            return None;
        }
        match path_of(value).map(|path| Params { path }).filter(|params| self.are_params(params)) {
            Some(params) => Some(params),
            None => {
                self.report(errors::not_parameters(&format!("{}, computed", typed.ty), value.span));
                None
            }
        }
    }

    fn are_params(&self, params: &Params) -> bool {
        self.program.params.iter().any(|param| params.has(&param.name))
    }
}

impl Saved {
    /// Whether it is parameters.
    pub fn holds_params(&self) -> bool {
        matches!(self, Saved::Params(_))
    }
}

/// The path of parameters, or the name of the first tensor of another value.
fn name_of(saved: &Saved) -> &str {
    match saved {
        Saved::Params(params) => &params.path,
        Saved::Value(names, _) => names.first().map_or("", String::as_str),
    }
}

/// Whether one path is the other or above it.
fn overlap(left: &str, right: &str) -> bool {
    let above = |upper: &str, lower: &str| Params { path: upper.to_string() }.has(lower);
    above(left, right) || above(right, left)
}

/// `net.0.W`, where an expression is a name with fields.
fn path_of(value: &Expr) -> Option<String> {
    match &*value.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field { base, name } => Some(format!("{}.{}", path_of(base)?, name.text)),
        ExprKind::Part { base, index, .. } => Some(format!("{}.{index}", path_of(base)?)),
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
