//! Tensors by name.

use crate::diagnostics::catalog::embedding as errors;
use crate::embed::Error;
use crate::runtime::{Element, Tensor};
use std::fmt;

/// Tensors by name, in order. Records in records have names with dots: `state.v`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    entries: Vec<(String, Tensor)>,
}

impl Record {
    /// No tensors.
    pub fn new() -> Self {
        Record::default()
    }

    /// With one more tensor, or another in place of that with this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, tensor: impl Into<Tensor>) -> Self {
        self.set(name, tensor);
        self
    }

    /// With the tensors of a record, whose names get `name.` before them.
    #[must_use]
    pub fn with_record(mut self, name: &str, record: Record) -> Self {
        for (inner, tensor) in record.entries {
            self.set(format!("{name}.{inner}"), tensor);
        }
        self
    }

    /// Sets a tensor.
    pub fn set(&mut self, name: impl Into<String>, tensor: impl Into<Tensor>) {
        let (name, tensor) = (name.into(), tensor.into());
        match self.entries.iter_mut().find(|(each, _)| *each == name) {
            Some((_, place)) => *place = tensor,
            None => self.entries.push((name, tensor)),
        }
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.entries.iter().find(|(each, _)| each == name).map(|(_, tensor)| tensor)
    }

    /// The tensors whose names begin with `name.`, without that.
    pub fn record(&self, name: &str) -> Record {
        let inner = |(each, tensor): &(String, Tensor)| {
            let rest = each.strip_prefix(name)?.strip_prefix('.')?;
            Some((rest.to_string(), tensor.clone()))
        };
        Record { entries: self.entries.iter().filter_map(inner).collect() }
    }

    /// The number of a name, which is a tensor of one element.
    ///
    /// # Errors
    /// When there is no such tensor, or it has more or fewer elements.
    pub fn number(&self, name: &str) -> Result<f64, Error> {
        let known: Vec<&str> = self.names().collect();
        let tensor = self.get(name);
        let tensor = tensor.ok_or_else(|| Error::bare(errors::not_in_record(name, &self.to_string(), &known)))?;
        match (tensor.len(), tensor.get(0)) {
            (1, Some(number)) => Ok(number),
            (count, _) => Err(Error::bare(errors::not_a_number(name, count, &self.to_string()))),
        }
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// Names and tensors, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The number of tensors.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl IntoIterator for Record {
    type Item = (String, Tensor);
    type IntoIter = std::vec::IntoIter<(String, Tensor)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<N: Into<String>, T: Into<Tensor>> FromIterator<(N, T)> for Record {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(entries: I) -> Self {
        let mut record = Record::new();
        entries.into_iter().for_each(|(name, tensor)| record.set(name, tensor));
        record
    }
}

/// Names and types: `(w: f64[3], b: f64)`.
impl fmt::Display for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<String> = self.iter().map(|(name, tensor)| format!("{name}: {}", tensor_text(tensor))).collect();
        write!(out, "({})", types.join(", "))
    }
}

/// `f64[3]`
pub(super) fn tensor_text(tensor: &Tensor) -> String {
    super::signature::described(element_text(tensor.element()), tensor.shape())
}

pub(super) fn element_text(element: Element) -> &'static str {
    match element {
        Element::F32 => "f32",
        Element::F64 => "f64",
        Element::I64 => "i64",
        Element::Bool => "bool",
    }
}
