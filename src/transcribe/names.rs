//! Names: those of the program, fresh ones, and indices.

use std::collections::HashSet;

/// What indices are called, in this order.
const INDICES: [&str; 16] = ["i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u", "v", "w", "a", "b"];

/// Names that mean something else in nd, besides the operations.
const RESERVED: &str = "fn let if else for in and or not true false inf nan pi sum prod mean max min any all argmax argmin \
    logsumexp count dot cholesky solve solve_triangular det logdet inv trace eigh eigvalsh where real int bool div one_hot \
    grad value_and_grad stop_gradient random fold scan while within cofactors own_slope";

fn is_reserved(name: &str) -> bool {
    RESERVED.split_whitespace().any(|each| each == name) || crate::ops::find(name).is_some()
}

/// What is known of an index of the text.
pub(super) struct Index {
    pub name: String,
    pub count: usize,
    /// Whether a subscript is this index alone, on an axis of its size, so that its range need not be stated.
    pub is_seen: bool,
    /// Whether a subscript is this index alone on an axis of another size.
    pub is_misread: bool,
}

/// All names of a text.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    pub indices: Vec<Index>,
    /// The indices in scope.
    pub active: Vec<usize>,
}

impl Names {
    /// Keeps a name from being given.
    pub fn take(&mut self, name: &str) {
        self.taken.insert(name.to_string());
    }

    /// A name like this one that nothing else has.
    pub fn fresh(&mut self, like: &str) -> String {
        let mut name: String = like.chars().map(|each| if each.is_alphanumeric() { each } else { '_' }).collect();
        if !name.starts_with(char::is_alphabetic) {
            name.insert(0, 'x');
        }
        let base = name.clone();
        let mut number = 2;
        while self.taken.contains(&name) || is_reserved(&name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        self.take(&name);
        name
    }

    /// A new index in scope.
    pub fn index(&mut self, count: usize) -> usize {
        let free =
            |name: &str| !self.taken.contains(name) && self.active.iter().all(|each| self.indices[*each].name != name);
        let name = INDICES.into_iter().find(|name| free(name)).map(String::from);
        let name = name.or_else(|| (1..).map(|number| format!("i{number}")).find(|name| free(name)));
        let index = Index { name: name.unwrap_or_default(), count, is_seen: false, is_misread: false };
        self.indices.push(index);
        self.active.push(self.indices.len() - 1);
        self.indices.len() - 1
    }

    /// Notes that an axis of this size is read at an index alone.
    pub fn read(&mut self, index: usize, size: usize) {
        let index = &mut self.indices[index];
        if index.count == size {
            index.is_seen = true;
        } else {
            index.is_misread = true;
        }
    }

    /// The last index leaves scope; how a `for` writes it.
    pub fn leave(&mut self) -> String {
        let Some(last) = self.active.pop() else { return String::new() };
        let index = &self.indices[last];
        if index.is_seen && !index.is_misread && index.count > 1 {
            index.name.clone()
        } else {
            format!("{} in 0..{}", index.name, index.count)
        }
    }
}
