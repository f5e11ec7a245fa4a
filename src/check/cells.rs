//! What a column of text holds where some cells are no numbers: texts, missing cells, and the categories they make.

use super::raw::RawValues;
use super::table::CellProblem;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// All cells of a column of which some hold no number.
#[derive(Clone, Debug)]
pub struct Cells {
    /// The first cell that is a text, the first that is missing, and the first of each other kind, in order of the file.
    pub problems: Vec<CellProblem>,
    /// The numbers, with NaN where a cell is missing; `None` if another cell is no number.
    pub numbers: Option<RawValues>,
    /// The cells as texts; `None` if none is a text.
    pub texts: Option<Arc<Texts>>,
}

/// The texts of a column, each different one once.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The different texts, in order of first appearance.
    pub distinct: Vec<String>,
    /// For each row the place of its text, or [`Texts::MISSING`].
    pub rows: Vec<u32>,
}

impl Texts {
    /// Stands for a missing cell.
    pub const MISSING: u32 = u32::MAX;

    /// The rows whose cell is missing.
    pub fn missing_rows(&self) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, place)| **place == Texts::MISSING).map(|(row, _)| row).collect()
    }
}

/// The labels of a column in order; what stands in place of a label is its position here.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Categories {
    labels: Labels,
}

/// Labels in ascending order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Labels {
    /// By code points.
    Texts(Vec<String>),
    /// By size.
    Numbers(#[serde(with = "super::exact")] Vec<f64>),
}

impl Categories {
    /// The categories of texts, and each row's position among them: NaN where the cell is missing.
    pub fn of_texts(texts: &Texts) -> (Categories, Vec<f64>) {
        let mut order: Vec<usize> = (0..texts.distinct.len()).collect();
        order.sort_unstable_by(|a, b| texts.distinct[*a].cmp(&texts.distinct[*b]));
        let mut positions = vec![0.0; order.len()];
        for (position, place) in order.iter().enumerate() {
            positions[*place] = position as f64;
        }
        let codes = texts.rows.iter().map(|place| positions.get(*place as usize).copied().unwrap_or(f64::NAN));
        let codes = codes.collect();
        let labels = order.into_iter().map(|place| texts.distinct[place].clone()).collect();
        (Categories { labels: Labels::Texts(labels) }, codes)
    }

    /// The categories of numbers, and each row's position among them: NaN where the number is NaN.
    pub fn of_numbers(numbers: &[f64]) -> (Categories, Vec<f64>) {
        // Adding 0 makes one number of both zeros.
        let mut distinct: Vec<f64> =
            numbers.iter().filter(|number| !number.is_nan()).map(|number| number + 0.0).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let categories = Categories { labels: Labels::Numbers(distinct) };
        let codes = numbers.iter().map(|number| categories.position_of_number(*number).unwrap_or(f64::NAN)).collect();
        (categories, codes)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match &self.labels {
            Labels::Texts(texts) => texts.len(),
            Labels::Numbers(numbers) => numbers.len(),
        }
    }

    /// The label at a position, as it can be shown on a terminal.
    pub fn name(&self, position: usize) -> String {
        match &self.labels {
            Labels::Texts(texts) => texts.get(position).map(|text| printable(text)).unwrap_or_default(),
            Labels::Numbers(numbers) => numbers.get(position).map(f64::to_string).unwrap_or_default(),
        }
    }

    /// All labels in order, as they can be shown on a terminal.
    pub fn names(&self) -> Vec<String> {
        (0..self.count()).map(|position| self.name(position)).collect()
    }

    /// All labels in order, as they are in the file.
    pub fn texts(&self) -> Vec<String> {
        match &self.labels {
            Labels::Texts(texts) => texts.clone(),
            Labels::Numbers(_) => self.names(),
        }
    }

    /// The first label, if labels are texts.
    pub(super) fn first_text(&self) -> Option<String> {
        match &self.labels {
            Labels::Texts(texts) => texts.first().cloned(),
            Labels::Numbers(_) => None,
        }
    }

    /// The first label that is a number.
    pub(super) fn first_number(&self) -> Option<f64> {
        match &self.labels {
            Labels::Texts(texts) => texts.iter().find_map(|text| text.parse().ok()),
            Labels::Numbers(numbers) => numbers.first().copied(),
        }
    }

    /// The positions of other texts among these categories: NaN where a cell is missing. The first text that is none
    /// of them is an error.
    ///
    /// # Errors
    /// The row, and its text.
    pub fn positions_of_texts(&self, texts: &Texts) -> Result<Vec<f64>, (usize, String)> {
        let known: HashMap<String, usize> = match &self.labels {
            Labels::Texts(known) => known.iter().cloned().zip(0..).collect(),
            // Texts that hold numbers among them: categories of numbers are found by value.
            Labels::Numbers(_) => HashMap::new(),
        };
        let position = |text: &String| match &self.labels {
            Labels::Texts(_) => known.get(text).map(|position| *position as f64),
            Labels::Numbers(_) => text.parse().ok().and_then(|number| self.position_of_number(number)),
        };
        let positions: Vec<Option<f64>> = texts.distinct.iter().map(position).collect();
        let code = |(row, place): (usize, &u32)| match positions.get(*place as usize) {
            None => Ok(f64::NAN),
            Some(Some(position)) => Ok(*position),
            Some(None) => Err((row, texts.distinct[*place as usize].clone())),
        };
        texts.rows.iter().enumerate().map(code).collect()
    }

    /// The positions of other numbers among these categories: NaN where a number is NaN.
    ///
    /// # Errors
    /// The first row whose number is none of them, and the number.
    pub fn positions_of_numbers(&self, numbers: &[f64]) -> Result<Vec<f64>, (usize, String)> {
        let code = |(row, number): (usize, &f64)| match self.position_of_number(*number) {
            _ if number.is_nan() => Ok(f64::NAN),
            Some(position) => Ok(position),
            None => Err((row, number.to_string())),
        };
        numbers.iter().enumerate().map(code).collect()
    }

    fn position_of_number(&self, number: f64) -> Option<f64> {
        let position = match &self.labels {
            Labels::Numbers(known) => known.binary_search_by(|each| each.total_cmp(&(number + 0.0))).ok(),
            Labels::Texts(known) => known.iter().position(|text| text.parse() == Ok(number)),
        };
        position.map(|position| position as f64)
    }
}

/// A text with control and invisible characters spelled out.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(cells: &[Option<&str>]) -> Texts {
        let mut texts = Texts::default();
        for cell in cells {
            let place = match cell {
                None => Texts::MISSING,
                Some(cell) => {
                    let known = texts.distinct.iter().position(|text| text == cell);
                    known.unwrap_or_else(|| {
                        texts.distinct.push((*cell).to_string());
                        texts.distinct.len() - 1
                    }) as u32
                }
            };
            texts.rows.push(place);
        }
        texts
    }

    #[test]
    fn texts_are_numbered_in_order() {
        let (categories, codes) = Categories::of_texts(&texts(&[Some("setosa"), Some("Iris"), None, Some("setosa")]));
        assert_eq!(categories.names(), ["Iris", "setosa"]);
        assert_eq!((codes[0], codes[1], codes[2].is_nan(), codes[3]), (1.0, 0.0, true, 1.0));
        assert_eq!(categories.positions_of_texts(&texts(&[Some("Iris"), Some("x")])), Err((1, "x".to_string())));
        assert_eq!(categories.positions_of_texts(&texts(&[Some("setosa")])), Ok(vec![1.0]));
    }

    #[test]
    fn numbers_are_numbered_by_size() {
        let (categories, codes) = Categories::of_numbers(&[10.0, -1.0, 2.5, -0.0, 0.0, 10.0]);
        assert_eq!(categories.names(), ["-1", "0", "2.5", "10"]);
        assert_eq!(codes, [3.0, 0.0, 2.0, 1.0, 1.0, 3.0]);
        assert_eq!(categories.positions_of_numbers(&[2.5, 3.0]), Err((1, "3".to_string())));
        assert_eq!(categories.positions_of_texts(&texts(&[Some("2.50"), Some("10")])), Ok(vec![2.0, 3.0]));
    }

    #[test]
    fn names_are_printable() {
        let (categories, _) = Categories::of_texts(&texts(&[Some("\u{1b}[2J"), Some("it's é")]));
        assert_eq!(categories.names(), ["\\u{1b}[2J", "it's é"]);
    }
}
