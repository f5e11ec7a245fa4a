//! Pointwise operations: operators, built-in functions, and functions of the text's own for the rest.

use super::text::{Level, Text};
use super::writer::Block;
use crate::ir::{ElementType, Meaning, NodeId, Pointwise};
use crate::ops::arithmetic::{MULTIPLY, NEGATE};
use crate::ops::choice::SELECT;
use crate::ops::comparison::NOT;
use crate::ops::roots::RECIPROCAL;

/// The operations that are written with an operator between two operands.
const OPERATORS: &[(&str, &str, Level)] = &[
    ("add", "+", Level::Sum),
    ("subtract", "-", Level::Sum),
    ("multiply", "*", Level::Product),
    ("divide", "/", Level::Product),
    ("remainder", "%", Level::Product),
    ("equal", "==", Level::Comparison),
    ("not_equal", "!=", Level::Comparison),
    ("less", "<", Level::Comparison),
    ("less_equal", "<=", Level::Comparison),
    ("greater", ">", Level::Comparison),
    ("greater_equal", ">=", Level::Comparison),
    ("and", "and", Level::And),
    ("or", "or", Level::Or),
];

/// An operation on arguments that are written already; of one element, or of whole tensors.
pub(super) fn text(
    block: &mut Block,
    definition: &'static Pointwise,
    id: NodeId,
    arguments: &[Text],
    is_element: bool,
) -> Text {
    let is = |other: &'static Pointwise| std::ptr::eq(definition, other);
    let mut arguments = arguments.to_vec();
    let is_selection = matches!(definition.meaning, Meaning::Select);
    if block.graph.ty(id).element == ElementType::I64 && arguments[usize::from(is_selection)..].iter().all(is_literal) {
        // Literals alone would be reals.
        let first = usize::from(is_selection);
        arguments[first] = Text::call("int", &arguments[first..=first]);
    }
    let arguments = &arguments[..];
    let sources = &block.graph.node(id).arguments;
    if is(&MULTIPLY) && sources[0] == sources[1] && arguments[0].level == Level::Atom {
        return Text::new(format!("{}^2", arguments[0].text), Level::Power);
    }
    // What stands among zeros is added to them.
    if definition.name == "add" && is_element {
        match (arguments[0].text.as_str(), arguments[1].text.as_str()) {
            ("0", _) => return arguments[1].clone(),
            (_, "0") => return arguments[0].clone(),
            _ => {}
        }
    }
    if let Some((_, operator, level)) = OPERATORS.iter().find(|(name, ..)| *name == definition.name) {
        return Text::binary(&arguments[0], operator, &arguments[1], *level);
    }
    if definition.name == "power" {
        return Text::new(format!("{}^{}", arguments[0].at(Level::Atom), arguments[1].at(Level::Atom)), Level::Power);
    }
    if is(&NEGATE) {
        return arguments[0].negated();
    }
    if is(&NOT) {
        return Text::new(format!("not {}", arguments[0].at(Level::Comparison)), Level::Not);
    }
    if is(&RECIPROCAL) {
        return Text::binary(&Text::atom("1"), "/", &arguments[0], Level::Product);
    }
    if is(&SELECT) {
        return if is_element {
            Text::choice(&arguments[0], &arguments[1], &arguments[2])
        } else {
            Text::call("where", arguments)
        };
    }
    if let Meaning::Convert(target) = definition.meaning {
        let from = block.graph.ty(sources[0]).element;
        return converted(block, id, from, target, &arguments[0]);
    }
    if !definition.builtin && !block.writer.helpers.iter().any(|each| std::ptr::eq(*each, definition)) {
        if definition.definition.is_empty() {
            return block.refused(id);
        }
        block.writer.helpers.push(definition);
    }
    Text::call(definition.name, arguments)
}

pub(super) fn is_literal(text: &Text) -> bool {
    text.text.trim_start_matches('-').chars().all(|each| each.is_ascii_digit())
}

fn converted(block: &mut Block, id: NodeId, from: ElementType, target: ElementType, value: &Text) -> Text {
    match target {
        ElementType::Bool => Text::binary(value, "!=", &Text::atom("0"), Level::Comparison),
        ElementType::I64 => Text::call("int", std::slice::from_ref(value)),
        _ if !from.is_real() && target == block.writer.real => Text::call("real", std::slice::from_ref(value)),
        _ => block.refused(id),
    }
}

/// Whether an operation is written with an operator.
pub(super) fn is_operator(definition: &'static Pointwise) -> bool {
    OPERATORS.iter().any(|(name, ..)| *name == definition.name)
        || [&NEGATE, &NOT, &RECIPROCAL].into_iter().any(|each| std::ptr::eq(each, definition))
        || definition.name == "power"
}
