//! Operations that put elements to places: padding, scattering, the transpose of windows; and random draws.

use super::constants::scalar;
use super::elements::or_zero;
use super::position::Position;
use super::text::{Level, Text};
use super::writer::{Block, Bound};
use crate::ir::{Distribution, NodeId, Op, Outside, Steps};

impl Block<'_, '_> {
    /// An element of an argument that stands among zeros.
    pub fn padded(&mut self, argument: NodeId, axis: usize, low: u32, step: u32, at: &[Position]) -> Text {
        let ty = self.graph.ty(argument).clone();
        let zero = scalar(ty.element, 0);
        let (low, step, count) = (i64::from(low), i64::from(step), ty.shape[axis] as i64);
        let past = at[axis].offset(-low);
        let (quotient, remainder) = past.divided(step);
        let range = quotient.range();
        let is_between = remainder.value().is_some_and(|rest| rest != 0);
        if count == 0 || is_between || range.is_some_and(|(least, greatest)| greatest < 0 || least >= count) {
            return zero;
        }
        let is_inside = range.is_some_and(|(least, greatest)| least >= 0 && greatest < count);
        let mut places = at.to_vec();
        places[axis] = if count == 1 { Position::constant(0) } else { quotient.clone() };
        let even = remainder
            .value()
            .is_none_or(|value| value != 0)
            .then(|| Text::binary(&remainder.text(), "==", &Text::atom("0"), Level::Comparison));
        let element = self.element(argument, &places);
        if is_inside && even.is_none() {
            return element;
        }
        let is_name = matches!(self.bound.get(&argument), Some(Bound::Name(_)));
        if even.is_none() && is_name && count > 1 {
            return or_zero(&element, ty.element);
        }
        let mut conditions: Vec<Text> = Vec::new();
        if count == 1 {
            conditions.push(Text::binary(&at[axis].text(), "==", &super::position::number(low), Level::Comparison));
        } else {
            conditions.extend(even);
            if range.is_none_or(|(least, _)| least < 0) {
                conditions.push(Text::binary(&quotient.text(), ">=", &Text::atom("0"), Level::Comparison));
            }
            if range.is_none_or(|(_, greatest)| greatest >= count) {
                let end = Text::atom(count.to_string());
                conditions.push(Text::binary(&quotient.text(), "<", &end, Level::Comparison));
            }
        }
        let all = conditions.into_iter().reduce(|left, right| Text::binary(&left, "and", &right, Level::And));
        all.map_or(element.clone(), |condition| Text::choice(&condition, &element, &zero))
    }

    /// The sum of the updates whose index is this row.
    pub fn scattered(&mut self, id: NodeId, batch: usize, outside: Outside, at: &[Position]) -> Text {
        let node = self.graph.node(id).clone();
        let (indices, updates) = (node.arguments[0], node.arguments[1]);
        let sizes = self.graph.ty(indices).shape.sizes().to_vec();
        let row = &at[batch];
        if outside == Outside::Error && self.graph.constant_value(updates) == Some(1.0) && sizes.len() == batch {
            let classes = Text::atom(node.ty.shape[batch].to_string());
            let class = self.element(indices, &at[..batch]);
            return Text::atom(format!("{}[{}]", Text::call("one_hot", &[class, classes]).text, row.text().text));
        }
        let (over, indices_of_sum) = self.indices(&sizes[batch..]);
        let from: Vec<Position> = at[..batch].iter().chain(&over).cloned().collect();
        let update: Vec<Position> = from.iter().chain(&at[batch + 1..]).cloned().collect();
        let index = self.element(indices, &from);
        let update = self.element(updates, &update);
        let fits = Text::binary(&index, "==", &row.text(), Level::Comparison);
        if indices_of_sum == 0 {
            return Text::choice(&fits, &update, &scalar(node.ty.element, 0));
        }
        self.folded("sum", &update, indices_of_sum, Some(&fits))
    }

    /// The sum of the elements of all windows that see this place.
    pub fn unwindowed(&mut self, argument: NodeId, axis: usize, steps: Steps, at: &[Position]) -> Text {
        let ty = self.graph.ty(argument).clone();
        let counts = [ty.shape[axis], ty.shape[axis + 1]];
        let [start, outer, inner] = [steps.start, steps.outer, steps.inner].map(i64::from);
        let mut places = at.to_vec();
        places.insert(axis + 1, Position::constant(0));
        // Where one of the two steps is 1, its place follows from the other's.
        let solved = if outer == 1 { Some((0, inner)) } else { (inner == 1).then_some((1, outer)) };
        if let (Some((solved, step)), Some(Bound::Name(_))) = (solved, self.bound.get(&argument)) {
            let other = self.writer.index(counts[1 - solved]);
            places[axis + 1 - solved] = other.clone();
            places[axis + solved] = at[axis].offset(-start).plus(&other.times(-step));
            let element = self.element(argument, &places);
            return self.folded("sum", &or_zero(&element, ty.element), 1, None);
        }
        let [a, b] = counts.map(|count| self.writer.index(count));
        let place = a.times(outer).plus(&b.times(inner)).offset(start);
        (places[axis], places[axis + 1]) = (a, b);
        let element = self.element(argument, &places);
        let fits = Text::binary(&place.text(), "==", &at[axis].text(), Level::Comparison);
        self.folded("sum", &element, 2, Some(&fits))
    }

    /// A random number. The indices and loop steps around are part of what nd makes of a key, so those that the key
    /// already holds are left to it.
    pub fn drawn(&mut self, id: NodeId, distribution: Distribution, key: NodeId, at: &[Position]) -> Text {
        let (mut key, mut at) = (key, at.to_vec());
        for around in self.writer.surroundings.clone().iter().rev() {
            while let Op::Broadcast(axes) = self.graph.node(key).op {
                at = axes.iter().map(|axis| at[axis].clone()).collect();
                key = self.graph.node(key).arguments[0];
            }
            let node = self.graph.node(key).clone();
            if node.op != Op::Mix || !self.integer(node.arguments[1], &at).is_named(around) {
                return self.refused(id);
            }
            key = node.arguments[0];
        }
        let key = self.element(key, &at);
        let name = format!("{distribution:?}").to_lowercase();
        Text::atom(format!("random.{name}(key = {})", key.text))
    }
}
