//! Values with a derivative of their own: a node that is its first argument, and a body graph that says how it changes.
//!
//! What found the value has no part in the derivative: it may be a loop of any length. The body is a function of the
//! node itself, so a derivative of the derivative goes by the same rule.

use super::graph::{Graph, NodeId};
use super::op::Op;
use super::types::TensorType;
use std::sync::Arc;

/// How a value with a derivative of its own changes.
#[derive(Clone, PartialEq, Debug)]
pub struct Custom {
    /// What the body gives.
    pub rule: CustomRule,
    /// Its inputs are the value, under [`CustomRule::Pullback`] then a cotangent of it, and the invariants: whatever
    /// else it reads.
    pub body: Arc<Graph>,
}

/// What the body of a value with a derivative of its own gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CustomRule {
    /// The value `[batch…, n]` is a root: the residual there, of the same type, and its Jacobian `[batch…, n, n]` by the
    /// value. The arguments after the value are the invariants.
    Root,
    /// What a cotangent of the value, below `batch` leading axes, is to each of so many targets. The arguments after the
    /// value are the targets, then the invariants. In forward mode the node is its first argument.
    Pullback {
        /// How many targets.
        targets: usize,
        /// How many leading axes are of examples or indices.
        batch: usize,
    },
}

impl Custom {
    /// Where the invariants begin among the arguments.
    pub fn first_invariant(&self) -> usize {
        match self.rule {
            CustomRule::Root => 1,
            CustomRule::Pullback { targets, .. } => 1 + targets,
        }
    }

    /// Where the invariants begin among the inputs of the body.
    pub fn first_invariant_input(&self) -> usize {
        match self.rule {
            CustomRule::Root => 1,
            CustomRule::Pullback { .. } => 2,
        }
    }
}

impl Graph {
    /// The first argument with a derivative of its own.
    pub fn custom(&mut self, custom: Arc<Custom>, arguments: &[NodeId]) -> NodeId {
        let ty = self.ty(arguments[0]).clone();
        let index = self.add_custom(custom);
        self.intern(Op::Custom(index), arguments, ty)
    }

    /// What says how a value with a derivative of its own changes.
    pub fn custom_of(&self, id: NodeId) -> Option<&Arc<Custom>> {
        match self.node(id).op {
            Op::Custom(index) => Some(self.custom_at(index)),
            _ => None,
        }
    }
}

/// The rule of a value with a derivative of its own.
pub(super) fn check_custom(custom: &Custom, arguments: &[&TensorType], ty: &TensorType) -> Result<(), String> {
    let (inputs, outputs) = (custom.body.inputs(), custom.body.outputs());
    let given = |place: usize| custom.body.ty(outputs[place].node);
    if arguments.first() != Some(&ty) || !ty.element.is_real() {
        return Err("is not its first argument, reals".into());
    }
    let invariants = arguments.get(custom.first_invariant()..).ok_or("too few arguments")?;
    let read = inputs.get(custom.first_invariant_input()..).ok_or("the body has too few inputs")?;
    if read.len() != invariants.len() || read.iter().zip(invariants).any(|(input, given)| input.ty != **given) {
        return Err("the invariants do not fit the body".into());
    }
    if inputs[..custom.first_invariant_input()].iter().any(|input| input.ty != *ty) {
        return Err("the body is not one of the value".into());
    }
    let fits = match custom.rule {
        CustomRule::Root => {
            let shape = &ty.shape;
            let square = shape.sizes().iter().chain(shape.sizes().last()).copied().collect();
            outputs.len() == 2 && given(0) == ty && *given(1) == TensorType::new(ty.element, square)
        }
        CustomRule::Pullback { targets, batch } => {
            let same = |place: usize| given(place) == arguments[1 + place];
            batch <= ty.shape.rank() && outputs.len() == targets && (0..targets).all(same)
        }
    };
    if fits { Ok(()) } else { Err("what the body gives does not fit".into()) }
}
