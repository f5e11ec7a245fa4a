//! Numbers as text that says each of them exactly, those that are not finite too.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes numbers as one text.
pub fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let words: Vec<String> = numbers.iter().map(|number| format!("{number:?}")).collect();
    serializer.serialize_str(&words.join(" "))
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.split_whitespace().map(|word| word.parse().map_err(D::Error::custom)).collect()
}
