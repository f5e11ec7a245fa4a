//! Modules: which names a file sees. Every file has a table of names of its own; what stands in a body is looked up in
//! the table of the file that the body is written in.

use super::{Checker, Global};
use crate::check::program::{DataId, ParamId};
use crate::diagnostics::catalog::names;
use crate::ops;
use crate::source::{SourceId, Span};
use crate::syntax::ast::{self, Import, Item, ItemKind, Pattern};
use std::collections::HashMap;
use std::sync::Arc;

/// A file with what it imports.
#[derive(Clone, Debug)]
pub struct Module {
    /// What an importing file calls it.
    pub name: String,
    /// Its text.
    pub source: SourceId,
    /// Its tree.
    pub file: Arc<ast::File>,
    /// Whether it is part of the standard library.
    pub library: bool,
    /// Built-in functions that can be reached through it: the name in the module, and the built-in name.
    pub builtins: &'static [(&'static str, &'static str)],
    /// For each `import` item in order the module, where it was found.
    pub imports: Vec<Option<usize>>,
    /// Modules of the standard library that it names without importing them.
    pub implied: Vec<usize>,
}

/// The names that a file sees.
#[derive(Default)]
pub(super) struct Names<'a> {
    globals: HashMap<&'a str, (Global<'a>, Span)>,
    params: HashMap<&'a str, ParamId>,
    data: HashMap<&'a str, Option<DataId>>,
}

/// A module while a program is checked.
pub(super) struct ModuleNames<'a> {
    name: &'a str,
    source: SourceId,
    library: bool,
    /// What it sees; empty while it is the module at hand, whose names the checker holds.
    seen: Names<'a>,
    /// What it defines itself.
    own: HashMap<&'a str, (Global<'a>, Span)>,
    own_params: HashMap<&'a str, ParamId>,
    own_data: HashMap<&'a str, Option<DataId>>,
    /// The names that its actions would bind.
    lets: Vec<&'a str>,
}

impl<'a> ModuleNames<'a> {
    /// A module before its names are collected.
    pub(super) fn new(module: &'a Module) -> Self {
        let own = HashMap::new();
        ModuleNames {
            name: &module.name,
            source: module.source,
            library: module.library,
            seen: Names::default(),
            own,
            own_params: HashMap::new(),
            own_data: HashMap::new(),
            lets: Vec::new(),
        }
    }
}

impl<'a> ModuleNames<'a> {
    /// The names that it defines itself.
    pub(super) fn defined(&self) -> impl Iterator<Item = (&'a str, (Global<'a>, Span))> + use<'a, '_> {
        #[allow(clippy::iter_over_hash_type, reason = "entered into a map again")]
        self.own.iter().map(|(name, entry)| (*name, *entry))
    }
}

impl<'a> Checker<'a, '_> {
    /// Works with the names of the file that a place lies in; a question about the program sees those of the file that
    /// is run.
    pub(super) fn inside<T>(&mut self, place: Span, work: impl FnOnce(&mut Self) -> T) -> T {
        let target = self.modules.iter().position(|module| module.source == place.source);
        let outer = self.module;
        self.switch(target.unwrap_or(self.modules.len() - 1));
        let result = work(self);
        self.switch(outer);
        result
    }

    /// Makes a module the one at hand.
    pub(super) fn switch(&mut self, target: usize) {
        if target == self.module {
            return;
        }
        for module in [self.module, target] {
            let seen = &mut self.modules[module].seen;
            std::mem::swap(&mut seen.globals, &mut self.globals);
            std::mem::swap(&mut seen.params, &mut self.params);
            std::mem::swap(&mut seen.data, &mut self.data);
        }
        self.module = target;
    }

    /// Whether the module at hand is the file that is run.
    pub(super) fn at_home(&self) -> bool {
        self.module + 1 == self.modules.len()
    }

    /// The path of a parameter of the module at hand.
    pub(super) fn param_path(&self, name: &str) -> String {
        if self.at_home() { name.to_string() } else { format!("{}.{name}", self.modules[self.module].name) }
    }

    /// Remembers what the module at hand defines, for those that import it.
    pub(super) fn close_module(&mut self) {
        let source = self.modules[self.module].source;
        let own = self.globals.iter().filter(|(_, (_, span))| span.source == source);
        let own: HashMap<&'a str, (Global<'a>, Span)> = own
            .filter(|(_, (global, _))| !matches!(global, Global::Module(_) | Global::Ambiguous(..)))
            .map(|(name, entry)| (*name, *entry))
            .collect();
        let params = self.params.iter().filter(|(name, _)| own.contains_key(*name));
        let own_params = params.map(|(name, id)| (*name, *id)).collect();
        let data = self.data.iter().filter(|(name, _)| own.contains_key(*name));
        let own_data = data.map(|(name, id)| (*name, *id)).collect();
        let module = &mut self.modules[self.module];
        (module.own, module.own_params, module.own_data) = (own, own_params, own_data);
    }

    /// Enters the built-in functions that can be reached through a module: those that it lists, and operations that name it.
    pub(super) fn module_builtins(&mut self, module: &'a Module) {
        let place = Span::new(module.source, 0, 0);
        for (name, builtin) in module.builtins {
            self.globals.insert(name, (Global::Builtin(builtin), place));
        }
        for operation in ops::POINTWISE.iter().filter(|each| module.library && each.module == module.name) {
            self.globals.insert(operation.name, (Global::Builtin(operation.name), place));
        }
    }

    /// Remembers the names that a `let` of the module at hand would bind.
    pub(super) fn unbound_lets(&mut self, items: &[&'a Item]) {
        let mut rest: Vec<&'a Pattern> = items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Let(binding) => Some(&binding.pattern),
                _ => None,
            })
            .collect();
        while let Some(pattern) = rest.pop() {
            match pattern {
                Pattern::Name(name) => self.modules[self.module].lets.push(&name.text),
                Pattern::Ignore(_) => {}
                Pattern::Tuple(parts, _) => rest.extend(parts),
            }
        }
    }

    /// Whether a name is that of a `let` of the module at hand, which is never run.
    pub(super) fn is_unbound_let(&self, name: &str) -> bool {
        !self.at_home() && self.modules[self.module].lets.contains(&name)
    }

    /// Brings the names of all imports into scope. The file's own definitions come later and hide those that were not
    /// asked for by name.
    pub(super) fn imports(&mut self, module: &'a Module) {
        for implied in &module.implied {
            let name = self.modules[*implied].name;
            self.globals.entry(name).or_insert((Global::Module(*implied as u32), Span::default()));
        }
        let items = module.file.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Import(import) => Some((import, item.span)),
            _ => None,
        });
        let found: Vec<_> = items.zip(&module.imports).filter_map(|(item, index)| Some((item, (*index)?))).collect();
        for ((import, span), index) in &found {
            self.weak_names(*index, import, *span);
        }
        for ((import, span), index) in found {
            self.asked_names(index, import, span);
        }
    }

    /// Without a list, every name of an imported file can be used as it is; of a library module, those that hide
    /// nothing.
    fn weak_names(&mut self, index: usize, import: &'a Import, span: Span) {
        if import.names.is_some() || import.alias.is_some() {
            return;
        }
        let library = self.modules[index].library;
        let names: Vec<&'a str> = self.modules[index].own.keys().copied().collect();
        for name in names {
            let is_taken = self.globals.contains_key(name) || super::builtins::canonical_name(name).is_some();
            // `split` alone is that of data sets, not `random.split`.
            if library && (is_taken || name == "split") {
                continue;
            }
            let earlier = self.globals.get(name).copied();
            match earlier {
                Some((Global::Ambiguous(..), _)) => {}
                Some((_, place))
                    if !self.is_library(place.source) && place.source != self.modules[self.module].source =>
                {
                    self.globals.insert(name, (Global::Ambiguous(place, self.modules[index].own[name].1), span));
                }
                _ => self.enter_imported(name, index, name),
            }
        }
    }

    /// The module's own name, and the names of its list.
    fn asked_names(&mut self, index: usize, import: &'a Import, span: Span) {
        let name: &'a str = import.alias.as_ref().map_or(self.modules[index].name, |alias| &alias.text);
        let place = import.alias.as_ref().map_or(span, |alias| alias.span);
        self.globals.insert(name, (Global::Module(index as u32), place));
        for (name, alias) in import.names.iter().flatten() {
            let called = alias.as_ref().unwrap_or(name);
            if self.member_of(index, name).is_none() {
                continue;
            }
            self.enter_imported(&called.text, index, &name.text);
            if let Some(entry) = self.globals.get_mut(called.text.as_str()) {
                entry.1 = called.span;
            }
        }
    }

    /// Enters a name of another module under a name of this one.
    fn enter_imported(&mut self, called: &'a str, index: usize, name: &'a str) {
        let module = &self.modules[index];
        let Some((name, entry)) = module.own.get_key_value(name) else { return };
        if let Some(id) = module.own_params.get(name) {
            self.params.insert(called, *id);
        }
        if let Some(id) = module.own_data.get(name) {
            self.data.insert(called, *id);
        }
        self.globals.insert(called, *entry);
    }

    /// A module of the standard library that the program has.
    pub(super) fn library_module(&self, name: &str) -> Option<usize> {
        self.modules.iter().position(|module| module.library && module.name == name)
    }

    /// Whether a text is the standard library's.
    pub(super) fn is_library_text(&self, span: Span) -> bool {
        self.is_library(span.source)
    }

    fn is_library(&self, source: SourceId) -> bool {
        self.sources.get(source).library
    }

    /// The module that a name stands for here.
    pub(super) fn named_module(&self, name: &str) -> Option<usize> {
        if self.frame.find(name).is_some() {
            return None;
        }
        match self.globals.get(name) {
            Some((Global::Module(index), _)) => Some(*index as usize),
            _ => None,
        }
    }

    /// What a module defines under a name.
    pub(super) fn global_of_module(&self, index: usize, name: &str) -> Option<Global<'a>> {
        self.modules[index].own.get(name).map(|(global, _)| *global)
    }

    /// The name as a module defines it, or a message that it does not.
    pub(super) fn member_of(&mut self, index: usize, name: &'a ast::Name) -> Option<&'a str> {
        if let Some((key, _)) = self.modules[index].own.get_key_value(name.text.as_str()) {
            return Some(key);
        }
        let known: Vec<&str> = self.modules[index].own.keys().copied().collect();
        let module = self.modules[index].name;
        let error = names::not_in_module(&name.text, module, name.span, super::annotations::sorted(known));
        self.report(error);
        None
    }
}
