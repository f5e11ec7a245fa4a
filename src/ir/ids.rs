//! Finds the nodes of a graph by what they are. A node is stored once, in the graph; here are only ids.

use super::graph::{Node, NodeId};
use super::op::Op;
use super::types::TensorType;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// The ids of all nodes of a graph, by operation, arguments and type.
#[derive(Clone, Default, Debug)]
pub(super) struct Ids(HashTable<NodeId>);

impl Ids {
    /// The node that does this.
    pub(super) fn find(&self, nodes: &[Node], op: Op, arguments: &[NodeId], ty: &TensorType) -> Option<NodeId> {
        let same = |id: &NodeId| {
            let node = &nodes[id.index()];
            node.op == op && node.arguments[..] == *arguments && node.ty == *ty
        };
        self.0.find(hash(op, arguments, ty), same).copied()
    }

    /// Enters the last node, which is not there yet.
    pub(super) fn add_last(&mut self, nodes: &[Node]) {
        let of = |node: &Node| hash(node.op, &node.arguments, &node.ty);
        if let Some(last) = nodes.last() {
            self.0.insert_unique(of(last), NodeId(nodes.len() as u32 - 1), |id| of(&nodes[id.index()]));
        }
    }
}

fn hash(op: Op, arguments: &[NodeId], ty: &TensorType) -> u64 {
    let mut hasher = FxHasher::default();
    (op, arguments, ty).hash(&mut hasher);
    hasher.finish()
}
