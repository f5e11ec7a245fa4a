//! Names that are bound inside a body, and the state of the body being checked.

use super::program::{DataId, GlobalId, LocalId, Progress, Typed};
use super::size::Size;
use super::types::{ModelId, Type};
use crate::source::Span;
use std::collections::HashMap;

/// What a name in scope stands for.
#[derive(Clone, Debug)]
pub enum Bound {
    /// A variable of this body.
    Local(LocalId, Type),
    /// A value bound by a `let` of the file or test.
    Global(GlobalId, Type),
    /// A size.
    Size(Size),
    /// A value known when compiling: the configuration of a layer.
    Known(Typed),
    /// A data column's entry for one example.
    Example { index: u32, ty: Type, declared: Span },
    /// What a training run is at.
    Progress(Progress),
}

/// The body being checked.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    names: Vec<(String, Bound)>,
    /// Where each name is bound in `names`, the innermost last.
    places: HashMap<String, Vec<usize>>,
    next_local: u32,
    /// The indices in scope, with what is known of their ranges.
    pub indices: Vec<IndexInScope>,
    /// The conditions under which the expression at hand is evaluated: each with whether it holds.
    pub guards: Vec<(Typed, bool)>,
    /// Whether only the type of the expression at hand is asked for, and its conditions are not all known.
    pub types_only: bool,
    /// Whether the expression at hand is a subscript, where `/` comes out even.
    pub in_subscript: bool,
    /// Whether an argument without annotation was given a tensor, so that `if` works element by element.
    pub lifted: bool,
    /// The layer use whose body it is.
    pub model: Option<ModelId>,
    /// The data whose columns are in scope.
    pub data: Option<DataInScope>,
    /// The table whose columns a column expression reads.
    pub source: Option<std::sync::Arc<super::table::RawTable>>,
    /// What each column of that table is bound to, in order.
    pub source_bounds: Vec<Bound>,
}

/// An index of a comprehension or reducer.
#[derive(Clone, Debug)]
pub struct IndexInScope {
    /// Its name.
    pub name: String,
    /// Its variable.
    pub local: LocalId,
    /// Its first value and how many it takes; `None` while they are being found.
    pub range: Option<(Size, Size)>,
}

/// The data whose columns a loss or a column expression sees.
#[derive(Clone, Debug)]
pub struct DataInScope {
    /// The data set, for messages.
    pub data: Option<DataId>,
    /// The columns that were read, in the order of first use.
    pub used: Vec<u32>,
}

/// Where a scope began.
#[derive(Clone, Copy)]
pub struct Mark(usize);

impl Frame {
    /// A fresh variable.
    pub fn local(&mut self) -> LocalId {
        self.next_local += 1;
        LocalId(self.next_local - 1)
    }

    /// Binds a name until the scope ends.
    pub fn bind(&mut self, name: impl Into<String>, bound: Bound) {
        let name = name.into();
        self.places.entry(name.clone()).or_default().push(self.names.len());
        self.names.push((name, bound));
    }

    /// The innermost binding of a name.
    pub fn find(&self, name: &str) -> Option<&Bound> {
        self.innermost(name).map(|place| &self.names[place].1)
    }

    fn innermost(&self, name: &str) -> Option<usize> {
        self.places.get(name)?.last().copied()
    }

    /// Begins a scope.
    pub fn enter(&self) -> Mark {
        Mark(self.names.len())
    }

    /// Ends a scope.
    pub fn leave(&mut self, mark: Mark) {
        for (name, _) in self.names.drain(mark.0..) {
            if let Some(places) = self.places.get_mut(&name) {
                places.pop();
            }
        }
    }

    /// All names, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// The innermost binding of each name.
    pub fn visible(&self) -> impl Iterator<Item = (&str, &Bound)> {
        let is_innermost = |(place, (name, _)): &(usize, &(String, Bound))| self.innermost(name) == Some(*place);
        self.names.iter().enumerate().filter(is_innermost).map(|(_, (name, bound))| (name.as_str(), bound))
    }
}
