//! Curves, dots and matrices of plots: their shapes.

use super::{Arguments, Curve, Dots, Drawn, Figure, is_error};
use crate::check::Checker;
use crate::check::program::{Kind, Place, Typed};
use crate::check::size::Size;
use crate::check::types::Type;
use crate::diagnostics::catalog::{actions, plots};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// The most curves that a plot shows.
const MOST_CURVES: usize = 16;

impl<'a> Checker<'a, '_> {
    /// `line(y)`, `line(x, y)`, `line(x, name = y, …)`, `line(f, x = (0, 1))`.
    pub(super) fn lines(&mut self, arguments: &Arguments<'a>) -> Drawn {
        let named: Vec<(&str, &Expr)> = arguments.series().collect();
        let ends = match arguments.option("x") {
            Some(x) if is_pair(x) => Some(self.ends_option("x", x)?),
            _ => None,
        };
        let mut given = arguments.positional.clone();
        let stated = arguments.option("x").filter(|_| ends.is_none());
        // The first of several is where the others stand.
        let x = match stated {
            Some(x) => Some(x),
            None if ends.is_none() && given.len() + usize::from(!named.is_empty()) > 1 => Some(given.remove(0)),
            None => None,
        };
        if given.len() > 1 || given.len() + named.len() == 0 {
            let needs = "the values `y`, or `x` and `y`, or `x` and curves with names";
            self.report(plots::wrong_count("line", needs, arguments.positional.len(), arguments.span));
            return None;
        }
        let x_label = x.map_or(String::new(), |x| self.on_one_line(x.span));
        let x = match x {
            Some(x) => {
                let typed = self.plotted_numbers(x)?;
                Some(self.vector(typed, "x")?)
            }
            None => None,
        };
        let mut curves = Vec::new();
        let single = given.len() == 1 && named.is_empty() && arguments.option("points").is_none();
        let y_label = given.first().filter(|_| single).map_or(String::new(), |y| self.on_one_line(y.span));
        for (name, value) in given.iter().map(|value| ("", *value)).chain(named) {
            let written = self.on_one_line(value.span);
            let name = if name.is_empty() && !single { &written } else { name };
            match &ends {
                Some(ends) => curves.push(self.curve_of_function(name, value, ends)?),
                None => self.curves(name, value, x.as_ref(), &mut curves)?,
            }
        }
        if curves.len() > MOST_CURVES {
            self.report(plots::too_many_curves(curves.len(), MOST_CURVES, arguments.span));
            return None;
        }
        let dots = self.dots_on(arguments)?;
        let y_label = if curves.len() == 1 { y_label } else { String::new() };
        let x_label = if ends.is_some() { "x".to_string() } else { x_label };
        Some((Figure::Lines { curves, dots }, [x_label, y_label]))
    }

    /// The curves of a vector, of the columns of a matrix, or of the parts of a record.
    fn curves(&mut self, name: &str, value: &'a Expr, x: Option<&Typed>, curves: &mut Vec<Curve>) -> Option<()> {
        let typed = self.plotted_numbers(value)?;
        for (name, y) in self.named_parts(name, typed)? {
            let rows = match y.ty.sizes() {
                [rows] | [rows, _] => rows.clone(),
                _ => {
                    self.wrong_shape(&name, &y, "a vector, or a matrix with a curve in each column");
                    return None;
                }
            };
            if let Some(x) = x {
                self.same_length(("x", x), (&name, &y))?;
            }
            let columns = y.ty.sizes().get(1).map(Size::count);
            match columns {
                None => curves.push(Curve { name, x: x.cloned(), y }),
                Some(Some(columns)) if columns <= MOST_CURVES => {
                    for column in 0..columns {
                        let y = column_of(&y, &rows, column)?;
                        let name = if columns == 1 { name.clone() } else { format!("{name} {column}") };
                        curves.push(Curve { name: name.trim().to_string(), x: x.cloned(), y });
                    }
                }
                Some(columns) => {
                    self.report(plots::too_many_curves(columns.unwrap_or(usize::MAX), MOST_CURVES, y.span));
                    return None;
                }
            }
        }
        Some(())
    }

    /// `scatter(x, y, color = c)`.
    pub(super) fn scatter(&mut self, arguments: &Arguments<'a>) -> Drawn {
        let (x, y) = match (arguments.option("x"), arguments.option("y")) {
            (Some(x), Some(y)) if arguments.positional.is_empty() => (x, y),
            _ => {
                let [x, y] = self.positional(arguments, "where the dots lie, `x` and `y`")?;
                (x, y)
            }
        };
        let dots = self.dots(x, y, arguments.option("color"))?;
        Some((Figure::Scatter(dots), [x, y].map(|each| self.on_one_line(each.span))))
    }

    /// `points = (x, y)` and `color`.
    pub(super) fn dots_on(&mut self, arguments: &Arguments<'a>) -> Option<Option<Dots>> {
        let color = arguments.option("color");
        match arguments.option("points").map(|points| (points, &*points.kind)) {
            Some((_, ExprKind::Tuple(parts))) if parts.len() == 2 => {
                Some(Some(self.dots(&parts[0], &parts[1], color)?))
            }
            Some((points, _)) => {
                self.report(actions::bad_setting(
                    "points",
                    "is a pair of vectors",
                    points.span,
                    "`points = (d.x, d.y)`",
                ));
                None
            }
            None => {
                if let Some(color) = color {
                    let help = "`points = (d.x, d.y)`";
                    self.report(actions::bad_setting("color", "needs `points`", color.span, help));
                    return None;
                }
                Some(None)
            }
        }
    }

    fn dots(&mut self, x: &'a Expr, y: &'a Expr, color: Option<&'a Expr>) -> Option<Dots> {
        let x = self.plotted_numbers(x)?;
        let x = self.vector(x, "x")?;
        let y = self.plotted_numbers(y)?;
        let y = self.vector(y, "y")?;
        self.same_length(("x", &x), ("y", &y))?;
        let color = match color {
            Some(color) => {
                let color = self.plotted_numbers(color)?;
                let color = self.vector(color, "color")?;
                self.same_length(("x", &x), ("color", &color))?;
                Some(color)
            }
            None => None,
        };
        Some(Dots { x, y, color })
    }

    /// `hist(w, bins = 30)`, `hist(before = a, after = b)`.
    pub(super) fn histogram(&mut self, arguments: &Arguments<'a>) -> Drawn {
        let bins = match arguments.option("bins") {
            Some(bins) => Some(self.bins_option(bins)?),
            None => None,
        };
        let named: Vec<(&str, &Expr)> = arguments.series().collect();
        if arguments.positional.len() > 1 || arguments.positional.len() + named.len() == 0 {
            let needs = "numbers, or several with names";
            self.report(plots::wrong_count("hist", needs, arguments.positional.len(), arguments.span));
            return None;
        }
        let single = named.is_empty();
        let positional = arguments.positional.iter().map(|value| ("", *value));
        let mut series = Vec::new();
        let mut label = String::new();
        for (name, value) in positional.chain(named) {
            let typed = self.plotted_numbers(value)?;
            label = self.on_one_line(value.span);
            let name = if single || !name.is_empty() { name } else { &label };
            series.extend(self.named_parts(name, typed)?);
        }
        if series.len() > MOST_CURVES {
            self.report(plots::too_many_curves(series.len(), MOST_CURVES, arguments.span));
            return None;
        }
        let label = if single { label } else { String::new() };
        Some((Figure::Histogram { series, bins }, [label, "count".to_string()]))
    }

    /// `heatmap(matrix)`.
    pub(super) fn heatmap(&mut self, arguments: &Arguments<'a>) -> Drawn {
        let [matrix] = self.positional(arguments, "a matrix")?;
        let matrix = self.plotted_numbers(matrix)?;
        if matrix.ty.sizes().len() != 2 || matrix.ty.parts().is_some() {
            self.wrong_shape("the argument", &matrix, "a matrix");
            return None;
        }
        Some((Figure::Heatmap(matrix), ["column".to_string(), "row".to_string()]))
    }

    /// A value of numbers.
    pub(super) fn plotted_numbers(&mut self, value: &'a Expr) -> Option<Typed> {
        let typed = self.expression(value, None);
        if matches!(typed.ty, Type::Text) || typed.ty.has_function() {
            let found = typed.ty.to_string();
            self.report(plots::not_numbers(&found, typed.span));
            return None;
        }
        let typed = self.require_value(typed);
        let typed = self.settle(typed);
        (!is_error(&typed)).then_some(typed)
    }

    /// The tensors of a value with their names.
    fn named_parts(&mut self, name: &str, typed: Typed) -> Option<Vec<(String, Typed)>> {
        let Some(types) = typed.ty.parts().map(<[Type]>::to_vec) else { return Some(vec![(name.to_string(), typed)]) };
        let span = typed.span;
        let mut parts = Vec::new();
        for (place, ty) in types.into_iter().enumerate() {
            let own = match &typed.ty {
                Type::Record(fields, _) => fields.names[place].clone(),
                _ => place.to_string(),
            };
            let name = if name.is_empty() { own } else { format!("{name}.{own}") };
            let part = Typed::new(Kind::Part(typed.clone(), place as u32), ty, span);
            parts.extend(self.named_parts(&name, part)?);
        }
        Some(parts)
    }

    /// A value that is a vector.
    fn vector(&mut self, typed: Typed, name: &str) -> Option<Typed> {
        if typed.ty.parts().is_none() && typed.ty.sizes().len() == 1 {
            return Some(typed);
        }
        self.wrong_shape(name, &typed, "a vector");
        None
    }

    fn wrong_shape(&mut self, name: &str, found: &Typed, needs: &str) {
        let name = if name.is_empty() { "the argument" } else { name };
        self.report(plots::wrong_shape(name, &found.ty.to_string(), needs, found.span));
    }

    /// Whether two values are as long; else a message.
    fn same_length(&mut self, first: (&str, &Typed), second: (&str, &Typed)) -> Option<()> {
        let length = |typed: &Typed| typed.ty.sizes().first().cloned();
        if length(first.1) == length(second.1) {
            return Some(());
        }
        let told = |(name, typed): (&str, &Typed)| -> (String, String, Span) {
            let length = length(typed).map_or(String::new(), |length| length.to_string());
            (if name.is_empty() { "y".to_string() } else { name.to_string() }, length, typed.span)
        };
        self.report(plots::different_lengths(told(first), told(second)));
        None
    }
}

/// Whether an expression is written as a pair.
pub(super) fn is_pair(value: &Expr) -> bool {
    matches!(&*value.kind, ExprKind::Tuple(parts) if parts.len() == 2)
}

/// A column of a matrix.
fn column_of(matrix: &Typed, rows: &Size, column: usize) -> Option<Typed> {
    let places = vec![Place::Slice { start: 0, count: rows.count()? }, Place::At(column)];
    let ty = Type::Tensor(matrix.ty.element()?, vec![rows.clone()]);
    Some(Typed::new(Kind::Index(matrix.clone(), places), ty, matrix.span))
}
