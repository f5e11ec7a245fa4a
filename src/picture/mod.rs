//! Pictures of computational graphs: gates from left to right, their values on the upper side and the derivatives of the
//! result on the lower.
//!
//! [`gates`] finds what a reader sees as one operation and folds calls into boxes; [`layout`] places the gates;
//! `svg` draws them. Nothing here touches a file or runs a program: [`Picture::probe`] says which values are needed.

pub mod flame;
pub mod folding;
pub mod gates;
mod labels;
pub mod layout;
mod order;
mod svg;
mod values;

use crate::autodiff::reverse::reverse_many;
use crate::ir::{Graph, NodeId, Op, Table};
use crate::source::SourceMap;
use folding::Folding;
use gates::Diagram;
use values::Caption;

/// A graph that is to be drawn.
pub struct Picture<'g> {
    graph: &'g Graph,
    /// Its gates.
    pub diagram: Diagram,
}

/// Which derivatives a picture shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// No values at all.
    Structure,
    /// Values only.
    Values,
    /// Values, and the derivatives of the sum of all elements of the result; of a scalar result, its derivatives.
    Derivatives,
}

/// What is written around a picture.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Above it.
    pub title: String,
    /// What the derivatives are of.
    pub result: String,
    /// Lines below it.
    pub notes: Vec<String>,
}

impl<'g> Picture<'g> {
    /// The picture of a graph as `lower` makes it for a question; `sources` has the texts that it came from. `beside_use`
    /// says of each input whether it is drawn beside its first use, not on the left.
    pub fn new(graph: &'g Graph, sources: &SourceMap, folding: &Folding, beside_use: &[bool]) -> Self {
        Picture { graph, diagram: gates::diagram(graph, sources, folding, beside_use) }
    }

    /// Whether the result is one real number, so that it has a derivative by every value.
    pub fn has_scalar_result(&self) -> bool {
        match &self.graph.output_nodes()[..] {
            [output] => self.graph.ty(*output).shape.rank() == 0 && self.graph.ty(*output).element.is_real(),
            _ => false,
        }
    }

    /// A graph whose outputs are what the picture shows: the values of the gates, then the derivatives.
    pub fn probe(&self, shown: Shown) -> Graph {
        let mut graph = self.graph.clone();
        graph.clear_outputs();
        graph.current_span = None;
        if shown == Shown::Structure {
            return graph;
        }
        for node in self.diagram.shown_nodes() {
            graph.output(format!("value of {}", node.0), node);
        }
        if shown == Shown::Derivatives {
            let varied = self.varied_nodes();
            let real = self.graph.output_nodes().into_iter().filter(|output| self.graph.ty(*output).element.is_real());
            let seeds: Vec<(NodeId, NodeId)> = real.map(|output| (output, graph.constant_like(output, 1.0))).collect();
            let derivatives = reverse_many(&mut graph, &seeds, &varied);
            for (node, derivative) in varied.into_iter().zip(derivatives) {
                graph.output(format!("derivative by {}", node.0), derivative);
            }
        }
        graph
    }

    /// The nodes that derivatives are shown of: real, and dependent on a real input. Every path counts, also those
    /// through other such nodes.
    fn varied_nodes(&self) -> Vec<NodeId> {
        let is_real = |node: &NodeId| self.graph.ty(*node).element.is_real();
        let inputs: Vec<NodeId> = self.graph.input_nodes().into_iter().filter(is_real).collect();
        let dependent = self.graph.dependent_on(&inputs);
        let is_varied = |node: &NodeId| {
            is_real(node) && dependent[node.index()] && !matches!(self.graph.node(*node).op, Op::Loop(_))
        };
        self.diagram.shown_nodes().into_iter().filter(is_varied).collect()
    }

    /// The picture as SVG. `tables` are the outputs of [`Picture::probe`], in order.
    pub fn svg(&self, text: &Text, shown: Shown, tables: &[Table]) -> String {
        let nodes = if shown == Shown::Structure { Vec::new() } else { self.diagram.shown_nodes() };
        let varied = if shown == Shown::Derivatives { self.varied_nodes() } else { Vec::new() };
        let (values, derivatives) = tables.split_at(nodes.len().min(tables.len()));
        let mut captions: Vec<Caption> = self.diagram.gates.iter().map(|gate| Caption::of(self.graph, gate)).collect();
        for (gate, caption) in self.diagram.gates.iter().zip(&mut captions) {
            let Some(node) = gate.shown else { continue };
            let find = |nodes: &[NodeId], tables: &[Table]| {
                nodes.iter().position(|each| *each == node).and_then(|place| tables.get(place)).map(values::text)
            };
            caption.value = find(&nodes, values);
            caption.derivative = find(&varied, derivatives);
        }
        let placed = layout::layout(&self.diagram, &captions);
        svg::svg(&self.diagram, &captions, &placed, text, shown)
    }
}
