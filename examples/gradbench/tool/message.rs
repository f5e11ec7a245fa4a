//! Messages and answers as JSON.

use super::call::{Outcome, Output};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use std::io::{self, Write};

/// What the eval asks, with the `id` that its answer bears.
pub struct Message {
    pub id: Value,
    pub kind: Kind,
}

pub enum Kind {
    Start,
    Define {
        module: String,
    },
    Evaluate {
        module: String,
        function: String,
        input: Value,
    },
    /// A kind that only wants to be acknowledged.
    Other,
    /// A message that lacks what its kind needs.
    Wrong(String),
}

impl Message {
    /// Reads a line; an error if it holds no object with an `id`.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let message: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let Value::Object(mut fields) = message else { return Err("it is no object".to_string()) };
        let id = fields.remove("id").ok_or("it has no `id`")?;
        let kind = match fields.get("kind").and_then(Value::as_str) {
            Some("start") => Ok(Kind::Start),
            Some("define") => text(&fields, "module").map(|module| Kind::Define { module }),
            Some("evaluate") => text(&fields, "module").and_then(|module| {
                let function = text(&fields, "function")?;
                let input = fields.remove("input").ok_or("the message has no `input`")?;
                Ok(Kind::Evaluate { module, function, input })
            }),
            _ => Ok(Kind::Other),
        };
        Ok(Message { id, kind: kind.unwrap_or_else(Kind::Wrong) })
    }
}

fn text(fields: &serde_json::Map<String, Value>, name: &str) -> Result<String, String> {
    let text = fields.get(name).and_then(Value::as_str);
    text.map(str::to_string).ok_or_else(|| format!("the message has no text `{name}`"))
}

pub enum Answer {
    Received { id: Value },
    Started { id: Value },
    Success { id: Value, outcome: Option<Outcome> },
    Failure { id: Value, error: String },
}

impl Answer {
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        Ok(serde_json::to_writer(out, self)?)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut fields = out.serialize_map(None)?;
        match self {
            Answer::Received { id } => fields.serialize_entry("id", id)?,
            Answer::Started { id } => {
                fields.serialize_entry("id", id)?;
                fields.serialize_entry("tool", "ndc")?;
            }
            Answer::Success { id, outcome } => {
                fields.serialize_entry("id", id)?;
                fields.serialize_entry("success", &true)?;
                if let Some(outcome) = outcome {
                    fields.serialize_entry("output", &outcome.output)?;
                    fields.serialize_entry("timings", &Timings(&outcome.nanoseconds))?;
                }
            }
            Answer::Failure { id, error } => {
                fields.serialize_entry("id", id)?;
                fields.serialize_entry("success", &false)?;
                fields.serialize_entry("error", error)?;
            }
        }
        fields.end()
    }
}

/// A timing for each run.
struct Timings<'a>(&'a [u64]);

#[derive(Serialize)]
struct Timing {
    name: &'static str,
    nanoseconds: u64,
}

impl Serialize for Timings<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.0.iter().map(|&nanoseconds| Timing { name: "evaluate", nanoseconds }))
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Output::Reals { shape, elements } => Nested { shape, elements }.serialize(out),
            Output::Integers(elements) => elements.serialize(out),
            Output::Integer(number) => number.serialize(out),
            Output::Fields(entries) => out.collect_map(entries.iter().map(|(name, output)| (name, output))),
        }
    }
}

/// Numbers row by row as lists of lists.
struct Nested<'a> {
    shape: &'a [usize],
    elements: &'a [f64],
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Some((count, shape)) = self.shape.split_first() else { return self.elements[0].serialize(out) };
        let each = shape.iter().product::<usize>();
        let mut list = out.serialize_seq(Some(*count))?;
        for place in 0..*count {
            list.serialize_element(&Nested { shape, elements: &self.elements[place * each..][..each] })?;
        }
        list.end()
    }
}
