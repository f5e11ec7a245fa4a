//! Random graphs, placed: no gate in the room of another, no edge through a gate or its texts, edges from left to right.

use super::{Layout, layout};
use crate::picture::gates::{Diagram, Gate, Kind};
use crate::picture::values::Caption;

/// Numbers that look random (Steele and Vigna's SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) % count as u64) as usize
    }

    fn text(&mut self, longest: usize) -> Option<String> {
        (self.below(3) > 0).then(|| "8".repeat(1 + self.below(longest)))
    }
}

fn random_diagram(seed: u64) -> (Diagram, Vec<Caption>) {
    let mut numbers = Numbers(seed);
    let inputs = 1 + numbers.below(6);
    let count = inputs + numbers.below(60);
    let mut gates: Vec<Gate> = Vec::new();
    for place in 0..count {
        let kinds = [Kind::Operation, Kind::Call, Kind::Loop, Kind::Operation];
        let kind = if place < inputs { Kind::Input } else { kinds[numbers.below(kinds.len())] };
        let sources = if place < inputs { 0 } else { 1 + numbers.below(3) };
        // Mostly of the last gates, so that there are many columns; sometimes of the first, over many columns.
        let source = |numbers: &mut Numbers| match numbers.below(5) {
            0 => numbers.below(place),
            _ => place - 1 - numbers.below(place.min(8)),
        };
        let is_beside_use = kind == Kind::Input && numbers.below(2) == 0;
        gates.push(Gate {
            kind,
            label: "8".repeat(1 + numbers.below(12)),
            inputs: (0..sources).map(|_| source(&mut numbers)).collect(),
            is_ordered: numbers.below(2) == 0,
            shown: None,
            results: 1,
            is_beside_use,
        });
    }
    gates.push(Gate { kind: Kind::Output, inputs: vec![count - 1], ..gates[count - 1].clone() });
    let mut caption = || Caption { shape: numbers.text(8), value: numbers.text(20), derivative: numbers.text(20) };
    let captions = gates.iter().map(|_| caption()).collect();
    (Diagram { gates, boxes: 0 }, captions)
}

/// Points along the edges: level between an even point and the next, curved between an odd one and the next.
fn points(placed: &Layout) -> Vec<(usize, usize, f64, f64)> {
    let mut found = Vec::new();
    for edge in &placed.edges {
        for (place, pair) in edge.points.windows(2).enumerate() {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            assert!(x0 <= x1 + 1e-9, "an edge goes back");
            for step in 0..=8 {
                let t = f64::from(step) / 8.0;
                let bend = if place % 2 == 0 { t } else { t * t * (3.0 - 2.0 * t) };
                let x = if place % 2 == 0 { t } else { 1.5 * t * (1.0 - t) + t * t * t };
                found.push((edge.from, edge.to, x0 + (x1 - x0) * x, y0 + (y1 - y0) * bend));
            }
        }
    }
    found
}

#[test]
fn nothing_overlaps_in_random_graphs() {
    for seed in 0..100 {
        let (diagram, captions) = random_diagram(seed);
        let placed = layout(&diagram, &captions);
        for (place, a) in placed.places.iter().enumerate() {
            assert!(a.x - a.half >= 0.0 && a.x + a.half <= placed.width, "seed {seed}: {a:?} is outside");
            assert!(a.y - a.above >= 0.0 && a.y + a.below <= placed.height, "seed {seed}: {a:?} is outside");
            for b in &placed.places[..place] {
                let apart = (a.x - b.x).abs() >= a.half + b.half - 1e-9
                    || a.y - a.above >= b.y + b.below - 1e-9
                    || b.y - b.above >= a.y + a.below - 1e-9;
                assert!(apart, "seed {seed}: {a:?} and {b:?} overlap");
            }
        }
        for (from, to, x, y) in points(&placed) {
            for (gate, place) in placed.places.iter().enumerate().filter(|(gate, _)| ![from, to].contains(gate)) {
                let inside = (x - place.x).abs() < place.half - 1e-6
                    && y > place.y - place.above + 1e-6
                    && y < place.y + place.below - 1e-6;
                assert!(!inside, "seed {seed}: the edge from {from} to {to} goes through {gate}");
            }
        }
    }
}

#[test]
fn a_tree_is_drawn_without_crossings() {
    // ((a * b) + (c * d)) + e, its inputs in another order.
    let gate = |kind, inputs: &[usize]| Gate {
        kind,
        label: "g".to_string(),
        inputs: inputs.to_vec(),
        is_ordered: false,
        shown: None,
        results: 1,
        is_beside_use: false,
    };
    let mut gates = vec![gate(Kind::Input, &[]); 5];
    for inputs in [[0, 3], [1, 4], [5, 6], [7, 2]] {
        gates.push(gate(Kind::Operation, &inputs));
    }
    let captions = vec![Caption::default(); gates.len()];
    let placed = layout(&Diagram { gates, boxes: 0 }, &captions);
    let height = |gate: usize| placed.places[gate].y;
    let mut order = [0, 1, 2, 3, 4];
    order.sort_by(|a, b| height(*a).total_cmp(&height(*b)));
    assert!([[0, 3, 1, 4, 2], [2, 1, 4, 0, 3]].contains(&order), "{order:?}");
}
