//! E065x: plots.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0650: `plot` without a kind.
pub fn not_a_plot(span: Span) -> Diagnostic {
    Diagnostic::error("E0650", "`plot` needs the kind of plot, with what it shows in brackets", span)
        .saying("no kind of plot")
        .help("`plot line(x, y)`, `scatter(x, y)`, `hist(w)`, `heatmap(matrix)` or `regions(f, …)`")
}

/// E0650: a kind of plot that does not exist.
pub fn unknown_plot(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E0650", format!("there is no plot called `{name}`"), span).saying("not found");
    let usual = match name {
        "plot" | "lines" | "curve" => Some("line"),
        "histogram" => Some("hist"),
        "imshow" | "matshow" | "image" => Some("heatmap"),
        "points" | "dots" => Some("scatter"),
        "contour" | "contourf" | "boundary" => Some("regions"),
        _ => None,
    };
    match usual.or_else(|| nearest(name, known.iter().copied())) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("known are {}", known.join(", "))),
    }
}

/// E0651: an option that a plot does not take.
pub fn unknown_option(plot: &str, name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let message = format!("`plot {plot}` takes no argument called `{name}`");
    let error = Diagnostic::error("E0651", message, span).saying("not known here");
    match nearest(name, known.iter().copied()) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("it takes {}", known.join(", "))),
    }
}

/// E0651: too many or too few arguments.
pub fn wrong_count(plot: &str, needs: &str, found: usize, span: Span) -> Diagnostic {
    let given = if found == 1 { "1 is given".to_string() } else { format!("{found} are given") };
    Diagnostic::error("E0651", format!("`plot {plot}` takes {needs}"), span)
        .saying(format!("of arguments without a name, {given}"))
        .help(format!("for example {}", example(plot)))
}

/// E0651: a rectangle without ends.
pub fn no_ends(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0651", format!("nothing says from where to where `{name}` runs"), span)
        .saying(format!("no `{name}`, and no `points`"))
        .help(format!("add `{name} = (0, 1)`"))
}

fn example(plot: &str) -> &'static str {
    match plot {
        "line" => "`plot line(t, observed = y, fitted = z)`",
        "scatter" => "`plot scatter(x, y, color = label)`",
        "hist" => "`plot hist(before = a, after = b)`",
        "heatmap" => "`plot heatmap(W)`",
        _ => "`plot regions(|x, y| x > y, x = (0, 1), y = (0, 1))`",
    }
}

/// E0652: a value whose shape cannot be drawn.
pub fn wrong_shape(name: &str, found: &str, needs: &str, span: Span) -> Diagnostic {
    let name = if name.contains(' ') { name.to_string() } else { format!("`{name}`") };
    Diagnostic::error("E0652", format!("{name} has the shape {found}, but this plot needs {needs}"), span)
        .saying(format!("this is {found}"))
        .help("choose rows or columns with subscripts: `x[:, 0]`")
}

/// E0652: two values of different lengths. Each has a name, its length, and its place.
pub fn different_lengths(first: (String, String, Span), second: (String, String, Span)) -> Diagnostic {
    let message = format!("`{}` has {} values, but `{}` has {}", second.0, second.1, first.0, first.1);
    Diagnostic::error("E0652", message, second.2)
        .saying(format!("{} values", second.1))
        .label(first.2, format!("{} values", first.1))
        .help("a plot needs a value for each place")
}

/// E0652: more curves than can be told apart.
pub fn too_many_curves(found: usize, most: usize, span: Span) -> Diagnostic {
    Diagnostic::error("E0652", format!("this has {found} curves, and a plot shows at most {most}"), span)
        .saying(format!("{found} curves"))
        .help("choose some: `y[:, 0..4]`; or draw all of them with `plot heatmap(…)`")
}

/// E0652: what is no number.
pub fn not_numbers(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0652", format!("a plot shows numbers, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help("a function is drawn over an interval: `plot line(f, x = (0, 1))`; a title is `title = \"…\"`")
}

/// E0652: a function where something else stands.
pub fn not_a_function(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0652", format!("this plot draws a function, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help("write a function: `|x| …`, or leave out the ends of the axis to draw values")
}

/// E0652: a function with a result that cannot be drawn.
pub fn wrong_result(plot: &str, found: &str, needs: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0652", format!("the function of `plot {plot}` gives {found}"), span)
        .saying(format!("its result is {found}"))
        .help(format!("it may give {needs}"))
}
