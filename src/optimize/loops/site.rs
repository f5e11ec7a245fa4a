//! A loop taken apart, to be put together again in another form.

use super::super::{Task, borders};
use crate::ir::rewrite::{Rewriter, without_dead_code};
use crate::ir::{Axes, Ends, Graph, Loop, NodeId, Op, Shape, TensorType};
use std::sync::Arc;

/// What a result of the loop is now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Found {
    /// The last value of a state.
    State(usize),
    /// A stacked output.
    Stacked(usize),
    /// The number of steps.
    Steps,
    /// A node outside.
    Node(NodeId),
    /// Nobody asks.
    Unneeded,
}

/// What becomes of an input of the body.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Role {
    State,
    Sequence,
    Invariant,
    /// It always equals this other input.
    Same(usize),
    /// It is this scalar everywhere.
    Constant(u64),
    /// It is true in this range along an axis.
    Condition {
        axis: usize,
        from: i64,
        to: i64,
    },
    /// Nothing needs it.
    Dropped,
}

/// A node of the body that becomes an invariant.
pub(super) struct Moved {
    pub(super) inside: NodeId,
    pub(super) outside: NodeId,
    /// The axes of the node inside, as those of the node outside.
    pub(super) order: Option<Axes>,
}

impl Moved {
    /// The node for one of this type.
    fn declare(&self, target: &mut Graph, ty: &TensorType) -> NodeId {
        let Some(order) = self.order else { return target.input("moved", ty.clone()) };
        let sizes = (0..order.len()).map(|axis| order.position(axis).map_or(0, |place| ty.shape[place]));
        let given = TensorType::new(ty.element, sizes.collect());
        let input = target.input("moved", given);
        target.transpose(input, order)
    }
}

/// A loop, with what its inputs stand for.
pub(super) struct Site {
    pub(super) body: Graph,
    pub(super) trips: usize,
    pub(super) backward: bool,
    pub(super) ends: Ends,
    pub(super) states: usize,
    pub(super) sequences: usize,
    count: Option<NodeId>,
    /// What each input of the body stands for outside; the first entry, the step's, means nothing.
    pub(super) given: Vec<NodeId>,
    pub(super) results: Vec<Found>,
}

impl Site {
    pub(super) fn of(graph: &Graph, id: NodeId, wanted: &[usize]) -> Option<Self> {
        let run = graph.loop_of(id)?;
        let arguments = &graph.node(id).arguments;
        let mut given = vec![id];
        given.extend(&arguments[run.first_state()..]);
        let mut results = vec![Found::Unneeded; run.steps_result() + 1];
        for result in wanted {
            results[*result] = if *result < run.states {
                Found::State(*result)
            } else if *result < run.steps_result() {
                Found::Stacked(*result - run.states)
            } else {
                Found::Steps
            };
        }
        Some(Site {
            body: (*run.body).clone(),
            trips: run.trips,
            backward: run.backward,
            ends: run.ends,
            states: run.states,
            sequences: run.sequences,
            count: (run.ends == Ends::AfterCount).then(|| arguments[0]),
            given,
            results,
        })
    }

    /// Whether the body is done at least once, so that what may fail in it may be done before.
    pub(super) fn certain(&self) -> bool {
        self.ends == Ends::AfterTrips && self.trips > 0
    }

    /// The count of a loop that ends after one.
    pub(super) fn count(&self) -> Option<NodeId> {
        self.count
    }

    /// The role of each input as it is.
    pub(super) fn roles(&self) -> Vec<Role> {
        let role = |input: usize| {
            if input <= self.states {
                Role::State
            } else if input <= self.states + self.sequences {
                Role::Sequence
            } else {
                Role::Invariant
            }
        };
        (0..self.given.len()).map(role).collect()
    }

    /// A count that is no less than the trips is none; the steps of a loop that does all trips are known.
    pub(super) fn settle(&mut self, graph: &mut Graph) {
        let count = self.count.and_then(|count| graph.constant_value(count));
        if count.is_some_and(|count| count >= self.trips as f64) {
            self.ends = Ends::AfterTrips;
            self.count = None;
        }
        let steps = self.results.len() - 1;
        if self.ends == Ends::AfterTrips && self.results[steps] == Found::Steps {
            self.results[steps] = Found::Node(graph.integer(self.trips as i64));
        }
    }

    /// Simplifies the body, in which loops may take so much memory.
    pub(super) fn simplify(&mut self, task: &mut Task, loop_memory: Option<usize>) {
        self.body.loop_memory = loop_memory;
        let roots = self.body.output_nodes();
        let simpler = task.simplify(&mut self.body, &roots);
        self.give_outputs(&simpler);
    }

    /// Orders products in the body.
    pub(super) fn order(&mut self, task: &mut Task) {
        let mut roots = self.body.output_nodes();
        task.order(&mut self.body, &mut roots);
        if roots != self.body.output_nodes() {
            self.give_outputs(&roots);
        }
    }

    fn give_outputs(&mut self, nodes: &[NodeId]) {
        let outputs = self.body.outputs().to_vec();
        self.body.clear_outputs();
        for (output, node) in outputs.into_iter().zip(nodes) {
            self.body.output(output.name, *node);
        }
        self.body = without_dead_code(&self.body);
        // Equal bodies stay equal, whatever the graph around them says.
        self.body.loop_memory = None;
    }

    /// Gives the inputs new roles and keeps some of the stacked outputs. Nodes of the body in `rows` and `invariants`
    /// are replaced by new inputs that stand for the nodes outside.
    pub(super) fn rewrite(
        &mut self,
        roles: &[Role],
        stacked: &[bool],
        rows: &[(NodeId, NodeId)],
        invariants: &[Moved],
    ) {
        let body = std::mem::take(&mut self.body);
        let (inputs, outputs) = (body.input_nodes(), body.output_nodes());
        let mut target = Graph::new();
        let mut rewriter = Rewriter::new(&body);
        rewriter.set(inputs[0], target.input(body.inputs()[0].name.clone(), body.inputs()[0].ty.clone()));
        let mut given = vec![self.given[0]];
        let mut new_place = vec![0; inputs.len()];
        for role in [Role::State, Role::Sequence, Role::Invariant] {
            for input in (1..inputs.len()).filter(|input| roles[*input] == role) {
                new_place[input] = given.len();
                given.push(self.given[input]);
                let declared = &body.inputs()[input];
                rewriter.set(inputs[input], target.input(declared.name.clone(), declared.ty.clone()));
            }
            if role == Role::Sequence {
                for (inside, outside) in rows {
                    given.push(*outside);
                    rewriter.set(*inside, target.input("moved", body.ty(*inside).clone()));
                }
            }
            if role == Role::Invariant {
                for moved in invariants {
                    given.push(moved.outside);
                    rewriter.set(moved.inside, moved.declare(&mut target, body.ty(moved.inside)));
                }
            }
        }
        for (input, role) in roles.iter().enumerate().skip(1) {
            match role {
                Role::Same(other) => rewriter.set(inputs[input], rewriter.get(inputs[*other]).unwrap_or(inputs[0])),
                Role::Constant(bits) => {
                    let ty = &body.inputs()[input].ty;
                    let scalar = target.intern(Op::Scalar(*bits), &[], TensorType::scalar(ty.element));
                    rewriter.set(inputs[input], target.splat(scalar, &ty.shape));
                }
                Role::Condition { axis, from, to } => {
                    let shape = &body.inputs()[input].ty.shape;
                    rewriter.set(inputs[input], borders::condition(&mut target, shape, *axis, *from..*to));
                }
                _ => {}
            }
        }
        let is_state = |place: usize| roles[1 + place] == Role::State;
        let kept = |place: &usize| if *place < self.states { is_state(*place) } else { stacked[*place - self.states] };
        let places: Vec<usize> = (0..outputs.len()).filter(kept).collect();
        let roots: Vec<NodeId> = places.iter().map(|place| outputs[*place]).collect();
        for (place, node) in places.iter().zip(rewriter.copy_all(&mut target, &roots)) {
            target.output(body.outputs()[*place].name.clone(), node);
        }
        self.follow(roles, stacked, &new_place);
        self.states = roles[1..].iter().filter(|role| **role == Role::State).count();
        self.sequences = roles[1..].iter().filter(|role| **role == Role::Sequence).count() + rows.len();
        self.given = given;
        self.body = without_dead_code(&target);
    }

    /// Finds the results again after inputs got new roles.
    fn follow(&mut self, roles: &[Role], stacked: &[bool], new_place: &[usize]) {
        for found in &mut self.results {
            *found = match *found {
                Found::State(state) => match roles[1 + state] {
                    Role::State => Found::State(new_place[1 + state] - 1),
                    Role::Same(other) if roles[other] == Role::State => Found::State(new_place[other] - 1),
                    Role::Dropped => Found::Unneeded,
                    _ => Found::Node(self.given[1 + state]),
                },
                Found::Stacked(place) => Found::Stacked(stacked[..place].iter().filter(|kept| **kept).count()),
                other => other,
            };
        }
    }

    /// Puts the loop together; the results are its nodes then.
    pub(super) fn close(&mut self, graph: &mut Graph) {
        if self.results.iter().all(|found| matches!(found, Found::Node(_) | Found::Unneeded)) {
            return;
        }
        let node = self.closed(graph);
        let steps = graph.loop_of(node).map_or(0, |run| run.steps_result());
        for found in &mut self.results {
            let place = match *found {
                Found::State(state) => state,
                Found::Stacked(place) => self.states + place,
                Found::Steps => steps,
                _ => continue,
            };
            *found = Found::Node(graph.result(node, place));
        }
    }

    /// The loop put together.
    pub(super) fn closed(&mut self, graph: &mut Graph) -> NodeId {
        let run = Loop {
            body: Arc::new(std::mem::take(&mut self.body)),
            trips: self.trips,
            states: self.states,
            sequences: self.sequences,
            backward: self.backward,
            ends: self.ends,
        };
        let arguments: Vec<NodeId> = self.count.into_iter().chain(self.given[1..].iter().copied()).collect();
        graph.run_loop(Arc::new(run), &arguments)
    }

    /// The nodes of the results of a closed loop; `other` for those that nobody asks for.
    pub(super) fn nodes(&self, other: NodeId) -> Vec<NodeId> {
        let node = |found: &Found| if let Found::Node(node) = found { *node } else { other };
        self.results.iter().map(node).collect()
    }

    /// The shape of one row of a sequence.
    pub(super) fn row(shape: &Shape) -> Shape {
        Shape::new(&shape.sizes()[1..])
    }
}
