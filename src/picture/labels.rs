//! What is written in a gate.

use crate::ir::print::operation;
use crate::ir::{ElementType, Graph, NodeId, Op, Pointwise};
use crate::report::significant;

/// The most characters of a label that is taken from the text, and of the name of a call.
const LONGEST: usize = 18;
const LONGEST_NAME: usize = 28;

/// The signs of operations that are written between their arguments.
const SIGNS: &[(&str, &str)] = &[
    ("add", "+"),
    ("subtract", "-"),
    ("multiply", "*"),
    ("divide", "/"),
    ("power", "^"),
    ("remainder", "%"),
    ("equal", "=="),
    ("not_equal", "!="),
    ("less", "<"),
    ("less_equal", "<="),
    ("greater", ">"),
    ("greater_equal", ">="),
    ("and", "and"),
    ("or", "or"),
];

/// Signs whose arguments may change places.
const SYMMETRIC: &[&str] = &["add", "multiply", "max", "min", "equal", "not_equal", "and", "or", "hypot"];

/// A number as it stands in a label.
pub(super) fn constant(value: f64) -> String {
    significant(value, 4)
}

/// The label of a pointwise operation, and whether the order of its arguments matters; `number_of` gives the arguments
/// that are numbers, which become part of the label: `2 *`, `max(·, 0)`.
pub(super) fn operation_label(
    graph: &Graph,
    node: NodeId,
    number_of: impl Fn(NodeId) -> Option<f64>,
) -> Option<(String, bool)> {
    // A choice is labelled by its text, which says whether it is an `if`.
    let definition = graph.pointwise_of(node).filter(|definition| definition.name != "where")?;
    let arguments = &graph.node(node).arguments;
    let numbers: Vec<Option<String>> =
        arguments.iter().map(|argument| number_of(*argument).map(|value| written(graph, *argument, value))).collect();
    let sign = SIGNS.iter().find(|(name, _)| *name == definition.name).map(|(_, sign)| *sign);
    let label = match (sign, &numbers[..]) {
        (Some(sign), [Some(first), None]) => format!("{first} {sign}"),
        (Some(sign), [None, Some(second)]) => format!("{sign} {second}"),
        (Some(sign), _) => sign.to_string(),
        (None, numbers) => function_label(definition, numbers),
    };
    Some((label, !SYMMETRIC.contains(&definition.name)))
}

fn written(graph: &Graph, argument: NodeId, value: f64) -> String {
    match graph.ty(argument).element {
        ElementType::Bool => (value != 0.0).to_string(),
        _ => constant(value),
    }
}

fn function_label(definition: &Pointwise, numbers: &[Option<String>]) -> String {
    let name = match definition.name {
        "negate" => "neg",
        "to_f64" | "to_f32" => "real",
        "to_i64" => "int",
        "to_bool" => "bool",
        name => name,
    };
    if numbers.iter().all(Option::is_none) {
        return name.to_string();
    }
    let arguments: Vec<&str> = numbers.iter().map(|number| number.as_deref().unwrap_or("·")).collect();
    format!("{name}({})", arguments.join(", "))
}

/// The label of an operation that has no text.
pub(super) fn structural_name(graph: &Graph, node: NodeId) -> String {
    match graph.node(node).op {
        Op::Contract { .. } => "@".to_string(),
        _ => operation(graph, node).split(['(', '[', ' ']).next().unwrap_or_default().to_string(),
    }
}

/// A short label for an expression, as it is written: the function of a call, the sign of a power, the subscript of an
/// index, else as much of its text as there is room for.
pub(super) fn expression_label(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.starts_with('(') && closes_at_end(&text) {
        return expression_label(&text[1..text.len() - 1]);
    }
    if let Some(place) = outermost(&text).find(" else ").filter(|_| !text.starts_with("if ")) {
        return expression_label(&text[..place]);
    }
    let name_end = text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.'));
    let whole_call = |end: usize| end > 0 && text[end..].starts_with('(') && closes_at_end(&text[end..]);
    if let Some(end) = name_end.filter(|end| whole_call(*end)) {
        return shortened(&text[..end]);
    }
    let outside = outermost(&text);
    if text.starts_with("if ") {
        return "if".to_string();
    }
    if outside.contains('@') {
        return "@".to_string();
    }
    if let Some(place) = outside.rfind('^') {
        return shortened(&text[place..]);
    }
    if outside.ends_with('\'') {
        return "transpose".to_string();
    }
    if text.starts_with('[') && closes_at_end(&text) {
        return match text.find(" for ") {
            Some(place) => shortened(&format!("[…{}", &text[place..])),
            None => "[ , ]".to_string(),
        };
    }
    match text.rfind('[') {
        Some(place) if text.ends_with(']') => shortened(&text[place..]),
        _ => shortened(&text),
    }
}

/// Whether an expression is written as a power.
pub(super) fn is_power(text: &str) -> bool {
    outermost(text).contains('^')
}

/// The name of a call in its box.
pub(super) fn call_label(name: &str) -> String {
    shortened_to(name, LONGEST_NAME)
}

/// Whether the bracket that a text begins with is closed by its last letter.
fn closes_at_end(text: &str) -> bool {
    let mut depth = 0;
    for (place, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + letter.len_utf8() == text.len();
        }
    }
    false
}

/// The text with blanks for all that stands in brackets, byte for byte.
fn outermost(text: &str) -> String {
    let mut depth = 0;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if depth == 0 => {
                out.push(letter);
                continue;
            }
            _ => {}
        }
        out.extend(std::iter::repeat_n(' ', letter.len_utf8()));
    }
    out.trim_end().to_string()
}

fn shortened(text: &str) -> String {
    shortened_to(text, LONGEST)
}

fn shortened_to(text: &str, longest: usize) -> String {
    match text.chars().count() > longest {
        true => text.chars().take(longest - 1).chain(['…']).collect(),
        false => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::expression_label;

    #[test]
    fn expressions_get_short_labels() {
        for (text, label) in [
            ("mean(x)", "mean"),
            ("nn.gelu(x + 1)", "nn.gelu"),
            ("(a + b)^2", "^2"),
            ("W @ x", "@"),
            ("dot(w, x) + b", "dot(w, x) + b"),
            ("f(x) * g(x)", "f(x) * g(x)"),
            ("A'", "transpose"),
            ("x[i - 1]", "[i - 1]"),
            ("[a, b]", "[ , ]"),
            ("[f(x[i])\n    for i in 0..n]", "[… for i in 0..n]"),
            ("sum(x[i] for i)", "sum"),
            ("if a > 0 { a } else { b }", "if"),
            ("(x[i - 1] else 0)", "[i - 1]"),
            ("a_very_long_name_of_something", "a_very_long_name_…"),
        ] {
            assert_eq!(expression_label(text), label);
        }
    }
}
