//! What a model says of examples, for other programs: CSV, lines of JSON.

use super::value::elements;
use crate::ir::{ElementType, Table};
use std::fmt::Write;

/// The column of what is predicted.
const NAME: &str = "prediction";

/// Predictions, and what they stand for.
#[derive(Clone, Debug)]
pub struct Predictions {
    /// A number or a tensor for each example, examples leading.
    pub values: Table,
    /// The column whose labels are predicted, with its labels in order, if that is what is predicted.
    pub labels: Option<(String, Vec<String>)>,
}

/// How predictions and labels belong together.
#[derive(Clone, Copy)]
enum Labelled<'p> {
    /// They do not.
    Not,
    /// A prediction is the position of a label.
    Position(&'p str, &'p [String]),
    /// A prediction has a number for each label; the greatest one chooses.
    Scores(&'p str, &'p [String]),
}

impl Predictions {
    fn examples(&self) -> usize {
        self.values.ty.shape.sizes()[0]
    }

    fn labelled(&self) -> Labelled<'_> {
        let Some((column, labels)) = &self.labels else { return Labelled::Not };
        match (&self.values.ty.shape.sizes()[1..], self.values.ty.element) {
            ([], ElementType::I64) => Labelled::Position(column, labels),
            ([count], element) if *count == labels.len() && element.is_real() => Labelled::Scores(column, labels),
            _ => Labelled::Not,
        }
    }

    /// A line of names, then a line for each example: the label that is chosen, if labels are predicted, then the numbers.
    pub fn csv(&self) -> String {
        let labelled = self.labelled();
        let mut heads: Vec<String> = Vec::new();
        match labelled {
            Labelled::Position(column, _) => heads.push(column.to_string()),
            Labelled::Scores(column, labels) => {
                heads.push(column.to_string());
                heads.extend(labels.iter().cloned());
            }
            Labelled::Not => heads.extend(places(&self.values.ty.shape.sizes()[1..])),
        }
        let mut out = line(heads.iter().map(String::as_str));
        let cells = elements(&self.values);
        let each = cells.len().checked_div(self.examples()).unwrap_or(0);
        for (example, cells) in cells.chunks(each.max(1)).enumerate().take(self.examples()) {
            let label = self.chosen(labelled, example);
            let numbers = match labelled {
                Labelled::Position(..) => &[],
                Labelled::Scores(..) | Labelled::Not => cells,
            };
            out.push_str(&line(label.as_deref().into_iter().chain(numbers.iter().map(String::as_str))));
        }
        out
    }

    /// An object for each example on a line of its own.
    pub fn json_lines(&self) -> String {
        let labelled = self.labelled();
        let cells: Vec<String> = elements(&self.values).into_iter().map(json_number).collect();
        let each = cells.len().checked_div(self.examples()).unwrap_or(0);
        let mut out = String::new();
        for example in 0..self.examples() {
            let value = nested(&self.values.ty.shape.sizes()[1..], &cells[example * each..(example + 1) * each]);
            let label = match (labelled, self.chosen(labelled, example)) {
                (Labelled::Position(column, _) | Labelled::Scores(column, _), Some(label)) => {
                    format!("{}: {}, ", json_text(column), json_text(&label))
                }
                _ => String::new(),
            };
            let _ = writeln!(out, "{{{label}\"{NAME}\": {value}}}");
        }
        out
    }

    /// The label that is predicted for an example, if labels are.
    fn chosen(&self, labelled: Labelled<'_>, example: usize) -> Option<String> {
        let element = self.values.ty.element;
        match labelled {
            Labelled::Not => None,
            Labelled::Position(_, labels) => {
                let position = self.values.bits[example] as i64;
                let label = usize::try_from(position).ok().and_then(|position| labels.get(position));
                Some(label.cloned().unwrap_or_else(|| position.to_string()))
            }
            Labelled::Scores(_, labels) => {
                let bits = &self.values.bits[example * labels.len()..(example + 1) * labels.len()];
                let scores: Vec<f64> = bits.iter().map(|bits| element.number(*bits)).collect();
                Some(first_greatest(&scores).map_or_else(String::new, |position| labels[position].clone()))
            }
        }
    }
}

/// The position of the first greatest number; none where one is NaN.
fn first_greatest(scores: &[f64]) -> Option<usize> {
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter().position(|score| *score == greatest)
}

/// The names of the columns of a tensor: `prediction`, or `prediction.0`, `prediction.1.0` by the places in it.
fn places(sizes: &[usize]) -> Vec<String> {
    let mut names = vec![NAME.to_string()];
    for size in sizes {
        names = names.iter().flat_map(|name| (0..*size).map(move |place| format!("{name}.{place}"))).collect();
    }
    names
}

fn line<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let cells: Vec<String> = cells.map(quoted).collect();
    format!("{}\n", cells.join(","))
}

/// A cell of CSV, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    // A header with a semicolon or a tab and no comma would be read with that for a delimiter.
    match cell.contains([',', ';', '\t', '|', '"', '\n', '\r']) || cell.trim() != cell {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_string(),
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// JSON has no numbers that are not finite.
fn json_number(cell: String) -> String {
    match cell.as_str() {
        "nan" | "inf" | "-inf" => "null".to_string(),
        _ => cell,
    }
}

fn nested(sizes: &[usize], cells: &[String]) -> String {
    let Some((size, rest)) = sizes.split_first() else { return cells.first().cloned().unwrap_or_default() };
    let each: usize = rest.iter().product();
    let rows: Vec<String> = (0..*size).map(|row| nested(rest, &cells[row * each..(row + 1) * each])).collect();
    format!("[{}]", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Shape, TensorType};

    fn table(element: ElementType, sizes: &[usize], values: &[f64]) -> Table {
        let bits = values.iter().map(|value| element.word(*value)).collect();
        Table { ty: TensorType::new(element, Shape::new(sizes)), bits }
    }

    fn of(values: Table, labels: &[&str]) -> Predictions {
        let labels = labels.iter().map(|label| (*label).to_string()).collect::<Vec<_>>();
        Predictions { values, labels: (!labels.is_empty()).then(|| ("kind".to_string(), labels)) }
    }

    #[test]
    fn numbers_and_tensors() {
        use ElementType::{Bool, F32, F64, I64};
        let nan = f64::NAN;
        let cases: [(Predictions, &str, &str); 6] = [
            (
                of(table(F64, &[2], &[0.1, nan]), &[]),
                "prediction\n0.1\nnan\n",
                "{\"prediction\": 0.1}\n{\"prediction\": null}\n",
            ),
            (of(table(F32, &[1], &[f64::from(0.1_f32)]), &[]), "prediction\n0.1\n", "{\"prediction\": 0.1}\n"),
            (
                of(table(Bool, &[2], &[1.0, 0.0]), &[]),
                "prediction\ntrue\nfalse\n",
                "{\"prediction\": true}\n{\"prediction\": false}\n",
            ),
            (
                of(table(F64, &[2, 2], &[1.0, 2.0, 3.0, 1e300]), &[]),
                "prediction.0,prediction.1\n1,2\n3,1e300\n",
                "{\"prediction\": [1, 2]}\n{\"prediction\": [3, 1e300]}\n",
            ),
            (
                of(table(I64, &[1, 1, 2], &[5.0, 6.0]), &[]),
                "prediction.0.0,prediction.0.1\n5,6\n",
                "{\"prediction\": [[5, 6]]}\n",
            ),
            (of(table(F64, &[0, 2], &[]), &[]), "prediction.0,prediction.1\n", ""),
        ];
        for (predictions, csv, json) in cases {
            assert_eq!((predictions.csv().as_str(), predictions.json_lines().as_str()), (csv, json));
        }
    }

    #[test]
    fn labels_are_written_by_name() {
        use ElementType::{F64, I64};
        let positions = of(table(I64, &[3], &[1.0, 0.0, 7.0]), &["a \"b\"", "c,d"]);
        assert_eq!(positions.csv(), "kind\n\"c,d\"\n\"a \"\"b\"\"\"\n7\n");
        assert_eq!(
            positions.json_lines(),
            "{\"kind\": \"c,d\", \"prediction\": 1}\n{\"kind\": \"a \\\"b\\\"\", \"prediction\": 0}\n{\"kind\": \"7\", \"prediction\": 7}\n"
        );
        let scores = of(table(F64, &[3, 2], &[0.25, 0.75, 0.5, 0.5, f64::NAN, 1.0]), &["x", "y"]);
        assert_eq!(scores.csv(), "kind,x,y\ny,0.25,0.75\nx,0.5,0.5\n,nan,1\n");
        assert_eq!(scores.json_lines().lines().next(), Some("{\"kind\": \"y\", \"prediction\": [0.25, 0.75]}"));
        // As many labels as numbers make scores; others do not.
        let others = of(table(F64, &[1, 3], &[1.0, 2.0, 3.0]), &["x", "y"]);
        assert_eq!(others.csv(), "prediction.0,prediction.1,prediction.2\n1,2,3\n");
    }
}
