//! Loops: `fold`, `scan` or `while`, with the body as a lambda.
//!
//! A loop that goes back runs over its rows reversed, and its stacked outputs are read reversed. One that ends early
//! and stacks what it does is a `scan` over all rows that keeps its states once it has ended.

use super::constants::typed;
use super::plan::Plan;
use super::text::{Level, Text, tuple};
use super::writer::{Block, Bound};
use crate::ir::{Ends, Loop, NodeId, Op, TensorType};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The names of the variables of a body, and what is needed of a loop.
struct Variables {
    states: Vec<String>,
    /// The number of the row.
    step: Option<String>,
    /// By sequence; those that the body does not read have none.
    rows: Vec<Option<String>>,
    /// The steps done, where they are counted.
    count: Option<String>,
    /// Which stacked outputs are used.
    stacked: Vec<usize>,
}

impl Variables {
    /// Whether a loop that ends early runs over all rows, and so would not notice that it has too few.
    fn is_cut(&self, run: &Loop) -> bool {
        run.ends == Ends::WhenFalse && !self.stacked.is_empty() && self.count.is_some()
    }
}

impl Block<'_, '_> {
    /// `let s = fold(…);`
    pub fn loop_statement(&mut self, id: NodeId, note: &str) {
        let Some(run) = self.graph.loop_of(id).cloned() else { return };
        let arguments = self.graph.node(id).arguments.to_vec();
        let results = self.results(id);
        let variables = self.variables(&run, &results);
        let text = self.loop_text(&run, &arguments, &variables);
        self.bind_results(id, &run, &variables, &results, &text, note);
    }

    /// The results that are needed.
    fn results(&self, id: NodeId) -> HashMap<usize, NodeId> {
        let of_loop = |each: &NodeId| self.plan.live[each.index()] && self.graph.node(*each).arguments[..] == [id];
        let place = |each: NodeId| match self.graph.node(each).op {
            Op::Result(result) => Some((result as usize, each)),
            _ => None,
        };
        self.graph.ids().filter(of_loop).filter_map(place).collect()
    }

    /// Names for what the body reads.
    fn variables(&mut self, run: &Loop, results: &HashMap<usize, NodeId>) -> Variables {
        let stacked: Vec<usize> = (run.states..run.steps_result()).filter(|each| results.contains_key(each)).collect();
        let kept = (0..run.states).chain(stacked.iter().copied()).map(|at| run.body.outputs()[at].node);
        let live = run.body.reachable_from(kept);
        let inputs = run.body.input_nodes();
        let reads = |input: usize| live[inputs[input].index()];
        let ends_early = run.ends == Ends::WhenFalse;
        let counts = ends_early && (results.contains_key(&run.steps_result()) || reads(0));
        let mut fresh_if = |wanted: bool, like: &str| wanted.then(|| self.writer.fresh(like));
        let state = if run.backward { "d" } else { "s" };
        let states = (0..run.states).filter_map(|_| fresh_if(true, state)).collect();
        let step = fresh_if(!ends_early && (reads(0) || run.ends == Ends::AfterCount), "k");
        let rows = (0..run.sequences).map(|at| fresh_if(reads(1 + run.states + at), "row")).collect();
        let count = fresh_if(counts, "count");
        Variables { states, step: step.or_else(|| count.clone()), rows, count, stacked }
    }

    /// The call of `fold`, `scan` or `while`.
    fn loop_text(&mut self, run: &Arc<Loop>, arguments: &[NodeId], variables: &Variables) -> String {
        let given = &arguments[run.first_state()..run.first_sequence()];
        let mut initial: Vec<String> = given.iter().map(|state| self.initial(*state)).collect();
        let mut states = variables.states.clone();
        if let Some(count) = &variables.count {
            initial.push("int(0)".to_string());
            states.push(count.clone());
        }
        if states.is_empty() {
            initial.push("0".to_string());
            states.push("_".to_string());
        }
        let sequences = self.sequences(run, arguments, variables);
        let step = variables.step.clone().filter(|_| !run.backward);
        self.writer.surroundings.push(step.unwrap_or_default());
        let body = self.body(run, arguments, variables);
        self.writer.surroundings.pop();
        let (initial, pattern) = (tuple(&initial), tuple(&states));
        if run.ends == Ends::WhenFalse && variables.stacked.is_empty() {
            states[1..].iter_mut().for_each(|state| *state = "_".to_string());
            let goes_on = format!("|{}| {}", tuple(&states), states[0]);
            return format!("while({initial}, {goes_on}, |{pattern}| {body}, max = {})", run.trips);
        }
        let name = if variables.stacked.is_empty() { "fold" } else { "scan" };
        let row = row_pattern(run, variables);
        format!("{name}({initial}, {sequences}, |{pattern}, {row}| {body})")
    }

    fn initial(&mut self, state: NodeId) -> String {
        let node = self.graph.node(state);
        match node.op {
            Op::Scalar(bits) => typed(node.ty.element, bits).text,
            _ => self.tensor(state).text,
        }
    }

    /// What the loop runs over.
    fn sequences(&mut self, run: &Loop, arguments: &[NodeId], variables: &Variables) -> String {
        let given = &arguments[run.first_sequence()..run.first_invariant()];
        let used: Vec<NodeId> =
            given.iter().zip(&variables.rows).filter(|(_, row)| row.is_some()).map(|(id, _)| *id).collect();
        let counts = variables.step.is_some() && variables.count.is_none();
        if !run.backward {
            let mut parts: Vec<String> = Vec::new();
            if counts && !used.is_empty() {
                parts.push(format!("[i for i in 0..{}]", run.trips));
            } else if used.is_empty() {
                parts.push(format!("0..{}", run.trips));
            }
            for sequence in used {
                parts.push(self.tensor(sequence).text);
            }
            return tuple(&parts);
        }
        if used.is_empty() && !counts {
            return format!("0..{}", run.trips);
        }
        let index = self.writer.index(run.trips);
        let last = index.times(-1).offset(run.trips as i64 - 1);
        let mut parts: Vec<String> = Vec::new();
        if counts {
            parts.push(if run.trips == 1 { "int(0)".to_string() } else { last.text().text });
        }
        for sequence in used {
            let rank = self.graph.ty(sequence).shape.rank();
            parts.push(self.row(sequence, &last, rank).text);
        }
        format!("[{} for {}]", tuple(&parts), self.writer.leave())
    }

    /// The body of the lambda.
    fn body(&mut self, run: &Arc<Loop>, arguments: &[NodeId], variables: &Variables) -> String {
        let inputs = run.body.input_nodes();
        let mut bound: HashMap<NodeId, Bound> = HashMap::new();
        let named = variables.states.iter().map(|name| Some(name.clone())).chain(variables.rows.iter().cloned());
        bound.insert(inputs[0], Bound::Name(variables.step.clone().unwrap_or_default()));
        for (input, name) in inputs[1..].iter().zip(named) {
            bound.extend(name.map(|name| (*input, Bound::Name(name))));
        }
        let first = 1 + run.states + run.sequences;
        for (input, argument) in inputs[first..].iter().zip(&arguments[run.first_invariant()..]) {
            let known = self.invariant(*argument);
            bound.insert(*input, known);
        }
        let outputs: Vec<NodeId> = run.body.output_nodes();
        let roots: Vec<NodeId> =
            outputs[..run.states].iter().copied().chain(variables.stacked.iter().map(|at| outputs[*at])).collect();
        let known: HashSet<NodeId> = bound.keys().copied().collect();
        let (preferred, derived) = (HashMap::new(), HashMap::new());
        let plan = Plan::new(&run.body, &roots, &known, &HashSet::new());
        let mut block = Block {
            writer: &mut *self.writer,
            graph: &run.body,
            plan,
            bound,
            statements: String::new(),
            preferred: &preferred,
            derived: &derived,
        };
        block.write(&|_| true, &|_| String::new());
        let mut next: Vec<String> = outputs[..run.states].iter().map(|node| block.initial(*node)).collect();
        let rows: Vec<String> = variables.stacked.iter().map(|at| block.initial(outputs[*at])).collect();
        let statements = block.statements;
        next.extend(variables.count.iter().map(|count| format!("{count} + 1")));
        let result = result(&next, &rows);
        let done = if statements.is_empty() { result } else { format!("{statements}{result}") };
        let condition = match (run.ends, &variables.step) {
            (Ends::AfterCount, Some(step)) => {
                let count = self.element(arguments[0], &[]);
                Text::binary(&Text::atom(step.clone()), "<", &count, Level::Comparison).text
            }
            (Ends::WhenFalse, _) if !variables.stacked.is_empty() => variables.states[0].clone(),
            _ if statements.is_empty() => return done,
            _ => return format!("{{ {done} }}"),
        };
        let mut kept = variables.states.clone();
        kept.extend(variables.count.clone());
        let zeros: Vec<String> = variables.stacked.iter().map(|at| zeros(run.body.ty(outputs[*at]))).collect();
        format!("if {condition} {{ {done} }} else {{ {} }}", self::result(&kept, &zeros))
    }

    /// What an invariant is called in the body.
    fn invariant(&mut self, id: NodeId) -> Bound {
        if let Some(bound) = self.bound.get(&id) {
            return bound.clone();
        }
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Scalar(bits) => Bound::Number(super::constants::scalar(node.ty.element, bits)),
            Op::Broadcast(axes) if axes.is_empty() && self.graph.constant_value(id).is_some() => {
                self.invariant(node.arguments[0])
            }
            _ => {
                self.statement(id, "");
                self.bound.get(&id).cloned().unwrap_or(Bound::Number(Text::atom("nan")))
            }
        }
    }

    /// The statement of a loop, whose results are known afterwards.
    fn bind_results(
        &mut self,
        id: NodeId,
        run: &Loop,
        variables: &Variables,
        results: &HashMap<usize, NodeId>,
        text: &str,
        note: &str,
    ) {
        let name = |block: &mut Self, result: usize, like: &str| match results.get(&result) {
            None => "_".to_string(),
            Some(node) => {
                let name = block.name_for(*node, like);
                let is_reversed = run.backward && variables.stacked.contains(&result);
                let bound = if is_reversed { Bound::Reversed(name.clone()) } else { Bound::Name(name.clone()) };
                block.bound.insert(*node, bound);
                name
            }
        };
        let mut states: Vec<String> = (0..run.states).map(|state| name(self, state, "last")).collect();
        if variables.count.is_some() {
            states.push(name(self, run.steps_result(), "steps"));
        }
        let mut limit = String::new();
        if variables.is_cut(run) && !results.contains_key(&0) {
            // A loop that `max` ends is an error.
            states[0] = self.writer.fresh("goes_on");
            if let (Some(going), Some(steps)) = (states.first(), states.last()) {
                limit = format!("while(({going}, {steps}), |(goes_on, _)| goes_on, |s| s, max = 1).1");
            }
        }
        let steps = states.last().cloned();
        let states = if states.is_empty() { "_".to_string() } else { tuple(&states) };
        let rows: Vec<String> = variables.stacked.iter().map(|result| name(self, *result, "rows")).collect();
        let pattern = if rows.is_empty() { states } else { format!("({states}, {})", tuple(&rows)) };
        if variables.count.is_none()
            && let Some(steps) = results.get(&run.steps_result())
        {
            let number = super::position::number(run.trips as i64);
            self.bound.insert(*steps, Bound::Number(number));
        }
        self.bound.insert(id, Bound::Number(Text::atom("0")));
        self.let_be(&pattern, text, note);
        if let (Some(steps), false) = (steps, limit.is_empty()) {
            let note = format!("an error where the condition still holds after {} steps", run.trips);
            self.let_be(&steps, &limit, &note);
        }
    }
}

/// The variables of a row.
fn row_pattern(run: &Loop, variables: &Variables) -> String {
    let step = variables.step.iter().filter(|_| run.ends != Ends::WhenFalse);
    let parts: Vec<String> = step.chain(variables.rows.iter().flatten()).cloned().collect();
    if parts.is_empty() { "_".to_string() } else { tuple(&parts) }
}

/// What a step gives: the next states, and a row of each stacked output.
fn result(states: &[String], rows: &[String]) -> String {
    let states = if states.is_empty() { "0".to_string() } else { tuple(states) };
    if rows.is_empty() { states } else { format!("({states}, {})", tuple(rows)) }
}

/// Zeros of a type.
fn zeros(ty: &TensorType) -> String {
    let zero = typed(ty.element, 0).text;
    let ranges: Vec<String> =
        ty.shape.sizes().iter().enumerate().map(|(at, size)| format!("z{at} in 0..{size}")).collect();
    if ranges.is_empty() { zero } else { format!("[{zero} for {}]", ranges.join(", ")) }
}
