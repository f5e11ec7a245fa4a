//! Parts of data sets: `let (train_set, test_set) = split(digits, 0.8, seed = 1)`.
//!
//! Which rows a part has is known when the program is checked: each part is a data set of its own, with the columns of
//! the set that it is cut from and a list of rows.

use super::Checker;
use super::program::{DataId, DataSet, Kind};
use crate::diagnostics::catalog::{actions, data as errors, names};
use crate::runtime::random::Key;
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Expr, ExprKind, Item, ItemKind, Pattern};
use std::sync::Arc;

/// The stream of the order in which rows are dealt out, apart from those of parameters and epochs.
const SPLIT_STREAM: u64 = 0x7370_6c69_7400_0001;

/// How a set is cut.
#[derive(Clone, PartialEq, Debug)]
struct Cut {
    of: DataId,
    /// The parts in order, each as a fraction of the set; what they leave is the last part.
    fractions: Vec<f64>,
    seed: u64,
    shuffle: bool,
}

/// The cuts of a program, with their parts.
#[derive(Default)]
pub(super) struct Splits {
    made: Vec<(Cut, Vec<DataId>)>,
}

impl<'a> Checker<'a, '_> {
    /// Whether a `let` binds parts of a data set. A function of the file with the name `split` is an ordinary one.
    pub(super) fn binds_sets(&self, binding: &ast::Let) -> bool {
        self.at_home() && !self.globals.contains_key("split") && split_call(&binding.value).is_some()
    }

    /// Checks the `let`s that bind parts of data sets.
    pub(super) fn split_sets(&mut self, items: &[&'a Item]) {
        let mut bindings: Vec<&'a ast::Let> = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let ItemKind::Let(binding) = &item.kind else { continue };
            if self.binds_sets(binding) {
                bindings.push(binding);
                let names = pattern_names(&binding.pattern).into_iter().flatten();
                self.set_positions.extend(names.map(|name| (name.text.as_str(), position)));
            }
        }
        for binding in bindings {
            let names = pattern_names(&binding.pattern);
            let parts = self.split_set(binding, &names);
            for (place, name) in names.iter().enumerate() {
                let Some(name) = name else { continue };
                self.data.insert(&name.text, parts.as_ref().map(|parts| parts[place]));
            }
        }
    }

    fn split_set(&mut self, binding: &'a ast::Let, names: &[Option<&'a ast::Name>]) -> Option<Vec<DataId>> {
        let arguments = split_call(&binding.value)?;
        if let Some(annotation) = &binding.annotation {
            let help = "leave out the type: the parts are data sets";
            self.report(errors::bad_split("a data set has no type", annotation.span, help));
            return None;
        }
        let cut = self.cut(arguments, binding.value.span)?;
        let count = cut.fractions.len() + 1;
        let is_flat = match &binding.pattern {
            Pattern::Tuple(parts, _) => parts.iter().all(|part| !matches!(part, Pattern::Tuple(..))),
            _ => false,
        };
        if !is_flat || names.len() != count {
            let suggestion: Vec<String> = (1..=count).map(|part| format!("part_{part}")).collect();
            let suggestion = if count == 2 { "train_set, test_set".to_string() } else { suggestion.join(", ") };
            let help = format!("name each part: `let ({suggestion}) = split(…)`");
            let problem = format!("this `split` makes {count} data sets");
            self.report(errors::bad_split(&problem, pattern_span(&binding.pattern), &help));
            return None;
        }
        let parts = self.parts(&cut, binding.value.span)?;
        for (id, name) in parts.iter().zip(names) {
            let set = &mut self.program.data[id.0 as usize];
            (set.name, set.span) = name.map_or(("_".to_string(), set.span), |name| (name.text.clone(), name.span));
        }
        self.splits.made.push((cut, parts.clone()));
        Some(parts)
    }

    /// The arguments of a `split`.
    fn cut(&mut self, arguments: &'a [Argument], span: Span) -> Option<Cut> {
        let mut positional = arguments.iter().filter(|argument| argument.name.is_none()).map(|each| &each.value);
        let of = positional.next().map(|set| self.named_set(set));
        let fractions: Vec<Option<(f64, Span)>> = positional.map(|value| self.fraction(value)).collect();
        let (mut seed, mut shuffle) = (self.program.seed, true);
        let mut given: Vec<&str> = Vec::new();
        for argument in arguments {
            let Some(name) = &argument.name else { continue };
            let twice = given.contains(&name.text.as_str());
            given.push(&name.text);
            match name.text.as_str() {
                "seed" if !twice => seed = self.split_seed(&argument.value)?,
                "shuffle" if !twice => shuffle = self.split_shuffle(&argument.value)?,
                other => {
                    let problem = if twice { "is given twice the argument" } else { "takes no argument called" };
                    self.report(names::bad_named_argument("split", other, name.span, problem, &["seed", "shuffle"]));
                    return None;
                }
            }
        }
        let Some(of) = of.filter(|_| !fractions.is_empty()) else {
            let help = "name a set and the part that comes first: `split(digits, 0.8)`";
            self.report(errors::bad_split("`split` needs a data set and a fraction", span, help));
            return None;
        };
        let of = of?;
        let fractions: Vec<(f64, Span)> = fractions.into_iter().collect::<Option<_>>()?;
        let sum: f64 = fractions.iter().map(|(fraction, _)| fraction).sum();
        if sum > 1.0 - 1e-9 {
            let help = "leave out the last fraction: the last part is what the others leave";
            let place =
                fractions.first().map_or(span, |(_, first)| fractions.iter().fold(*first, |all, each| all.to(each.1)));
            self.report(errors::bad_split("these fractions leave nothing for the last part", place, help));
            return None;
        }
        Some(Cut { of, fractions: fractions.into_iter().map(|(fraction, _)| fraction).collect(), seed, shuffle })
    }

    fn named_set(&mut self, set: &'a Expr) -> Option<DataId> {
        match &*set.kind {
            ExprKind::Name(name) if self.is_data(name) || !self.globals.contains_key(name.as_str()) => {
                self.data_named(name, set.span)
            }
            ExprKind::Error => None,
            _ => {
                let text = self.text(set.span);
                let help = "name a set: `data digits = csv(\"digits.csv\")`, then `split(digits, 0.8)`";
                self.report(errors::bad_split(&format!("`{text}` is not a data set"), set.span, help));
                None
            }
        }
    }

    fn fraction(&mut self, value: &'a Expr) -> Option<(f64, Span)> {
        let span = value.span;
        let typed = self.value(value, None);
        let number = self.constant_number(typed)?;
        if 0.0 < number && number < 1.0 {
            return Some((number, span));
        }
        let help = "give the part as a fraction of the set, such as 0.8";
        self.report(errors::bad_split("a fraction lies between 0 and 1", span, help));
        None
    }

    fn split_seed(&mut self, value: &'a Expr) -> Option<u64> {
        let span = value.span;
        let typed = self.value(value, None);
        let number = self.constant_number(typed)?;
        if number.fract() == 0.0 && (0.0..9e15).contains(&number) {
            return Some(number as u64);
        }
        self.report(actions::bad_setting("seed", "is a whole number", span, "for example `seed = 1`"));
        None
    }

    fn split_shuffle(&mut self, value: &'a Expr) -> Option<bool> {
        let typed = self.value(value, None);
        match &*typed.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Error => None,
            _ => {
                self.report(actions::bad_setting("shuffle", "is true or false", value.span, "`shuffle = false`"));
                None
            }
        }
    }

    /// The first `fraction` of a set's rows, shuffled by the seed, and the others, as sets; a message at `span` where
    /// there are too few rows. The same question gives the same sets.
    pub(super) fn split_data(&mut self, of: DataId, fraction: f64, seed: u64, span: Span) -> Option<(DataId, DataId)> {
        let cut = Cut { of, fractions: vec![fraction], seed, shuffle: true };
        let known = self.splits.made.iter().find(|(made, _)| *made == cut).map(|(_, parts)| parts.clone());
        let parts = match known {
            Some(parts) => parts,
            None => {
                let parts = self.parts(&cut, span)?;
                self.splits.made.push((cut, parts.clone()));
                parts
            }
        };
        Some((parts[0], parts[1]))
    }

    /// Enters the parts of a set; all have the set's name until they get one of their own.
    fn parts(&mut self, cut: &Cut, span: Span) -> Option<Vec<DataId>> {
        let set = self.program.data[cut.of.0 as usize].clone();
        let Some(ends) = ends(set.rows, &cut.fractions) else {
            self.report(errors::too_few_rows(&set.name, set.rows, cut.fractions.len() + 1, span));
            return None;
        };
        let rows = dealt_rows(&set, cut);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let parts: Vec<Arc<Vec<u32>>> =
            starts.zip(&ends).map(|(start, end)| Arc::new(rows[start..*end].to_vec())).collect();
        let fitted_on = set.fitted_on.clone().or_else(|| parts.first().cloned());
        let ids = parts.into_iter().map(|rows| {
            let part = DataSet {
                rows: rows.len(),
                selection: Some(rows),
                fitted_on: fitted_on.clone(),
                part: true,
                ..set.clone()
            };
            self.program.data.push(part);
            DataId(self.program.data.len() as u32 - 1)
        });
        let ids: Vec<DataId> = ids.collect();
        if let Some(table) = self.whole_tables.get(&cut.of).cloned() {
            self.whole_tables.extend(ids.iter().map(|id| (*id, table.clone())));
        }
        Some(ids)
    }

    /// Says of all parts which rows their statistics are taken of: those of the first part, as far as that is not cut in
    /// turn. A set that is cut in one way takes them too, so that its rows and the same rows of its parts are equal.
    pub(super) fn fit_split_sets(&mut self) {
        let sets = (0..self.program.data.len() as u32).map(DataId);
        let whole: Vec<DataId> = sets.filter(|id| !self.program.data[id.0 as usize].part).collect();
        for of in whole {
            let cuts = self.cuts_of(&[of]);
            for (place, (cut, parts)) in cuts.iter().enumerate() {
                let equal: Vec<DataId> =
                    cuts.iter().filter(|(other, _)| other == cut).map(|(_, parts)| parts[0]).collect();
                let rows = self.trained_rows(equal);
                self.fit_parts(parts, &rows);
                if place == 0 && cuts.iter().all(|(other, _)| other == cut) {
                    self.program.data[of.0 as usize].fitted_on = rows;
                }
            }
        }
    }

    /// The cuts of equal sets, with their parts.
    fn cuts_of(&self, sets: &[DataId]) -> Vec<(Cut, Vec<DataId>)> {
        self.splits.made.iter().filter(|(cut, _)| sets.contains(&cut.of)).cloned().collect()
    }

    /// The rows that are trained on, of equal sets that come first in a cut: where they are cut in one way, the first
    /// part again.
    fn trained_rows(&self, sets: Vec<DataId>) -> Option<Arc<Vec<u32>>> {
        let cuts = self.cuts_of(&sets);
        let is_equal = |(cut, _): &(Cut, Vec<DataId>)| Cut { of: cuts[0].0.of, ..cut.clone() } == cuts[0].0;
        if !cuts.is_empty() && cuts.iter().all(is_equal) {
            return self.trained_rows(cuts.iter().map(|(_, parts)| parts[0]).collect());
        }
        sets.first().and_then(|set| self.program.data[set.0 as usize].selection.clone())
    }

    fn fit_parts(&mut self, parts: &[DataId], rows: &Option<Arc<Vec<u32>>>) {
        for part in parts {
            self.program.data[part.0 as usize].fitted_on = rows.clone();
            for (_, parts) in self.cuts_of(&[*part]) {
                self.fit_parts(&parts, rows);
            }
        }
    }
}

/// Where the parts end, each with at least one row; `None` if there are too few rows.
fn ends(rows: usize, fractions: &[f64]) -> Option<Vec<usize>> {
    let parts = fractions.len() + 1;
    if rows < parts {
        return None;
    }
    let mut ends = Vec::with_capacity(parts);
    let (mut sum, mut least) = (0.0, 1);
    for (place, fraction) in fractions.iter().enumerate() {
        sum += fraction;
        let most = rows - (parts - 1 - place);
        let end = ((rows as f64 * sum).round() as usize).clamp(least, most);
        ends.push(end);
        least = end + 1;
    }
    ends.push(rows);
    Some(ends)
}

/// The rows of a set as rows of its source, in the order in which they are dealt out.
fn dealt_rows(set: &DataSet, cut: &Cut) -> Vec<u32> {
    let mut rows: Vec<u32> = match &set.selection {
        Some(selection) => selection.to_vec(),
        None => (0..set.rows as u32).collect(),
    };
    if cut.shuffle {
        Key { seed: cut.seed, stream: SPLIT_STREAM }.sequence().shuffle(&mut rows);
    }
    rows
}

/// The arguments of `split(…)`.
fn split_call(value: &Expr) -> Option<&[Argument]> {
    match &*value.kind {
        ExprKind::Paren(inner) => split_call(inner),
        ExprKind::Call { callee, arguments } => match &*callee.kind {
            ExprKind::Name(name) if name == "split" => Some(arguments),
            _ => None,
        },
        _ => None,
    }
}

/// The names of a pattern, in order; `None` for what is ignored.
pub(super) fn pattern_names(pattern: &Pattern) -> Vec<Option<&ast::Name>> {
    match pattern {
        Pattern::Name(name) => vec![Some(name)],
        Pattern::Ignore(_) => vec![None],
        Pattern::Tuple(parts, _) => parts.iter().flat_map(pattern_names).collect(),
    }
}

fn pattern_span(pattern: &Pattern) -> Span {
    match pattern {
        Pattern::Name(name) => name.span,
        Pattern::Ignore(span) | Pattern::Tuple(_, span) => *span,
    }
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn parts_are_rounded_and_never_empty() {
        assert_eq!(ends(10, &[0.8]), Some(vec![8, 10]));
        assert_eq!(ends(5, &[0.5]), Some(vec![3, 5]), "halves go to the first part");
        assert_eq!(ends(20, &[0.7, 0.15]), Some(vec![14, 17, 20]));
        assert_eq!(ends(3, &[0.999]), Some(vec![2, 3]));
        assert_eq!(ends(3, &[0.001, 0.001]), Some(vec![1, 2, 3]));
        assert_eq!(ends(2, &[0.5, 0.25]), None);
        assert_eq!(ends(1, &[0.5]), None);
    }
}
