//! Arrays of numbers in JSON.

use serde_json::Value;

/// Numbers row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub elements: Vec<f64>,
}

impl Array {
    /// Lists of lists of numbers, all of the same shape.
    pub fn parse(name: &str, value: &Value) -> Result<Self, String> {
        let mut shape = Vec::new();
        let mut first = value;
        while let Value::Array(list) = first {
            shape.push(list.len());
            let Some(next) = list.first() else { break };
            first = next;
        }
        let mut elements = Vec::with_capacity(shape.iter().product());
        collect(value, &shape, &mut elements)
            .ok_or_else(|| format!("`{name}` is no array of numbers with rows of one length"))?;
        Ok(Array { shape, elements })
    }

    /// So many times the same rows.
    pub fn repeated(row: &[f64], count: usize) -> Self {
        Array { shape: vec![count, row.len()], elements: row.repeat(count) }
    }

    /// A list of numbers.
    pub fn list(elements: Vec<f64>) -> Self {
        Array { shape: vec![elements.len()], elements }
    }

    /// The same numbers in another shape.
    pub fn reshaped(mut self, shape: &[usize]) -> Result<Self, String> {
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        if count != Some(self.elements.len()) {
            return Err(format!("{} numbers do not make an array of {shape:?}", self.elements.len()));
        }
        self.shape = shape.to_vec();
        Ok(self)
    }
}

fn collect(value: &Value, shape: &[usize], elements: &mut Vec<f64>) -> Option<()> {
    match (value, shape.split_first()) {
        (Value::Array(list), Some((count, rest))) if list.len() == *count => {
            list.iter().try_for_each(|each| collect(each, rest, elements))
        }
        (Value::Number(number), None) => {
            elements.push(number.as_f64()?);
            Some(())
        }
        _ => None,
    }
}
