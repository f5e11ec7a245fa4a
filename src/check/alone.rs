//! Functions and types checked for themselves, apart from their uses.

use super::Checker;
use super::captures::mentioned;
use crate::syntax::ast::{Function, Item, ItemKind};
use std::collections::{HashMap, HashSet};

impl<'a> Checker<'a, '_> {
    /// Checks functions and types for themselves, but no function that needs a `let` of the file: the type of that is
    /// known only after the actions above it are checked.
    pub(super) fn functions_alone(&mut self, items: &[&'a Item]) {
        let needing = self.functions_that_need_a_let(items);
        // A function with a derivative of its own stands in the list once more, without it: the first place counts.
        let places = self.functions.iter().enumerate().rev();
        let places = places.map(|(index, item)| (std::ptr::from_ref(item.function), index));
        let places: HashMap<*const Function, usize> = places.collect();
        for (position, item) in items.iter().enumerate() {
            self.position = position;
            match &item.kind {
                ItemKind::Function(function) | ItemKind::Derivative(function)
                    if !needing.contains(function.name.text.as_str()) =>
                {
                    if let Some(index) = places.get(&std::ptr::from_ref(function)) {
                        self.check_alone(*index as u32);
                    }
                }
                ItemKind::Type { definition, .. } => {
                    self.annotation(definition, &Vec::new());
                }
                _ => {}
            }
        }
        self.calls.clear();
        self.models.forget_early_uses();
    }

    /// The names of the functions that mention a `let` of the file, or a function that does.
    fn functions_that_need_a_let(&self, items: &[&'a Item]) -> HashSet<&'a str> {
        let mut users: HashMap<&'a str, Vec<&'a str>> = HashMap::new();
        for item in items {
            let (ItemKind::Function(function) | ItemKind::Derivative(function)) = &item.kind else { continue };
            let mut mentions = Vec::new();
            mentioned(&function.body, &mut mentions);
            for default in function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()) {
                mentioned(default, &mut mentions);
            }
            for name in mentions {
                users.entry(name).or_default().push(&function.name.text);
            }
        }
        let mut needing = HashSet::new();
        let mut rest: Vec<&'a str> = self.later_lets.iter().map(|(name, _)| *name).collect();
        while let Some(name) = rest.pop() {
            for user in users.remove(name).unwrap_or_default() {
                if needing.insert(user) {
                    rest.push(user);
                }
            }
        }
        needing
    }
}
