//! The table of `ndc check --params FILE`.

use crate::check::domain::Domain;
use crate::check::program::{Initial, Param};
use crate::driver::Checked;
use crate::report::counted;
use std::fmt::Write;

/// The longest text of an initial value that is shown.
const LONGEST: usize = 32;

/// A line for each parameter (path, shape, number of elements, initial value, what is special), then the sum.
pub(super) fn table(checked: &Checked) -> String {
    let all = &checked.program.params;
    let rows: Vec<[String; 5]> = all.iter().map(|param| row(checked, param)).collect();
    let params: Vec<&Param> = all.iter().filter(|param| !param.running).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (path, shape, count, initial) = (width(0), width(1), width(2), width(3));
    let mut out = String::new();
    for [name, sizes, elements, start, special] in &rows {
        let line = format!("{name:path$}  {sizes:shape$}  {elements:>count$}  {start:initial$}  {special}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let count: usize = params.iter().map(|param| param.shape.count()).sum();
    let frozen: usize = params.iter().filter(|param| param.frozen).map(|param| param.shape.count()).sum();
    let _ = write!(out, "{} in {}", counted(count as u64, "number"), counted(params.len() as u64, "parameter"));
    if frozen > 0 {
        let _ = write!(out, ", {frozen} of them frozen");
    }
    out.push('\n');
    out
}

fn row(checked: &Checked, param: &Param) -> [String; 5] {
    let sizes: Vec<String> = param.shape.sizes().iter().map(usize::to_string).collect();
    let shape = if sizes.is_empty() { "real".to_string() } else { format!("[{}]", sizes.join(", ")) };
    let mut special = Vec::new();
    if param.running {
        special.push("running mean".to_string());
    } else if param.frozen {
        special.push("frozen".to_string());
    }
    if param.domain != Domain::Reals {
        special.push(format!("in {}", param.domain));
    }
    [param.name.clone(), shape, param.shape.count().to_string(), initial(checked, param), special.join(", ")]
}

fn initial(checked: &Checked, param: &Param) -> String {
    match &param.initial {
        Initial::Random(initializer) => initializer.to_string(),
        Initial::Value(_) if param.running => String::new(),
        Initial::Value(value) if value.span == param.span => "uniform".to_string(),
        Initial::Value(value) => {
            let text = checked.sources.text(value.span).split_whitespace().collect::<Vec<_>>().join(" ");
            match text.chars().count() > LONGEST {
                true => text.chars().take(LONGEST - 1).chain(['…']).collect(),
                false => text,
            }
        }
    }
}
