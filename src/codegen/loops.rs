//! Loops that call their body as a function.
//!
//! The frame holds the step and the tables of pointers that the body takes. A state goes from the memory that the last
//! step wrote to the other of two; the first of them is chosen so that the last step of a known number writes the
//! result.

use super::CodegenError;
use super::lower::Lower;
use crate::ir::{Ends, NodeId};
use crate::native::RunErrorKind;
use crate::native::support::{settle, zero_bytes};
use crate::schedule::{BufferId, LoopKernel, View};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, MemFlagsData, Value, types};

/// The registers that a loop is written with.
struct Running<'k> {
    kernel: &'k LoopKernel,
    node: NodeId,
    frame: Value,
    workspace: Value,
    /// The number of steps to do, if nothing ends it earlier.
    limit: Value,
    /// The two memories of each state.
    states: Vec<[Value; 2]>,
    /// The first row of each sequence, and the distance of rows in bytes.
    sequences: Vec<(Value, i64)>,
    /// The first row of each stacked output, and the bytes of a row.
    stacked: Vec<(Value, i64)>,
    steps: Option<Value>,
    /// Of a part of a loop: the row that its first row is.
    first_row: Option<Value>,
}

impl Running<'_> {
    /// Where the frame holds the pointer to an input of the body.
    fn input(&self, place: usize) -> i32 {
        8 * (1 + place) as i32
    }

    /// Where the frame holds the pointer to an output of the body.
    fn output(&self, place: usize) -> i32 {
        let kernel = self.kernel;
        self.input(1 + kernel.states.len() + kernel.sequences.len() + kernel.invariants.len() + place)
    }
}

impl Lower<'_> {
    /// Writes a loop.
    pub fn loop_kernel(&mut self, node: NodeId, kernel: &LoopKernel) -> Result<(), CodegenError> {
        let run = self.prepare(node, kernel);
        let (head, body, after) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let done = self.builder.append_block_param(head, types::I64);
        let zero = self.number(0);
        self.builder.ins().jump(head, &[BlockArg::Value(zero)]);
        self.builder.switch_to_block(head);
        self.test(&run, done, body, after);
        self.builder.switch_to_block(body);
        self.step(&run, done)?;
        let next = self.builder.ins().iadd_imm_s(done, 1);
        self.builder.ins().jump(head, &[BlockArg::Value(next)]);
        self.builder.switch_to_block(after);
        self.finish(&run, done);
        Ok(())
    }

    /// The number of steps to do.
    pub fn limit(&mut self, trips: usize, count: Option<&View>) -> Value {
        let trips = self.number(trips);
        let Some(count) = count else { return trips };
        let asked = self.whole_number(count);
        self.cut(asked, trips)
    }

    /// The first element of a view of integers.
    fn whole_number(&mut self, view: &View) -> Value {
        let start = self.shown(view);
        self.builder.ins().load(types::I64, MemFlagsData::trusted(), start, 0)
    }

    /// A number of steps between zero and the most.
    pub fn cut(&mut self, asked: Value, trips: Value) -> Value {
        let zero = self.number(0);
        let asked = self.builder.ins().smax(asked, zero);
        self.builder.ins().smin(asked, trips)
    }

    /// Where the first element of a view is.
    pub fn shown(&mut self, view: &View) -> Value {
        let bytes = self.schedule.buffer(view.buffer).element.bytes() as i64;
        let start = self.start(view.buffer);
        self.offset(start, view.layout.offset as i64 * bytes)
    }

    /// Fills the frame with what is the same in every step.
    fn prepare<'k>(&mut self, node: NodeId, kernel: &'k LoopKernel) -> Running<'k> {
        let limit = self.limit(kernel.trips, kernel.count.as_ref());
        let row_bytes = |lower: &Self, id: BufferId| match kernel.trips {
            0 => 0,
            trips => (lower.schedule.buffer(id).bytes() / trips) as i64,
        };
        let mut run = Running {
            kernel,
            node,
            frame: self.start(kernel.frame),
            workspace: self.start(kernel.workspace),
            limit,
            states: Vec::new(),
            sequences: Vec::new(),
            stacked: kernel.stacked.iter().map(|id| (self.start(*id), row_bytes(self, *id))).collect(),
            steps: kernel.steps.map(|id| self.start(id)),
            first_row: kernel.part.as_ref().map(|view| self.whole_number(view)),
        };
        for view in &kernel.sequences {
            let bytes = self.schedule.buffer(view.buffer).element.bytes() as i64;
            run.sequences.push((self.shown(view), view.layout.strides[0] as i64 * bytes));
        }
        self.put_word(&run, run.frame, run.input(0));
        let odd = self.builder.ins().band_imm_u(limit, 1);
        for (place, state) in kernel.states.iter().enumerate() {
            let (first, last, other) = (self.shown(&state.first), self.start(state.last), self.start(state.other));
            let target = self.builder.ins().select(odd, last, other);
            run.states.push([last, other]);
            self.put_word(&run, first, run.input(1 + place));
            self.put_word(&run, target, run.output(place));
        }
        for (place, view) in kernel.invariants.iter().enumerate() {
            let start = self.shown(view);
            self.put_word(&run, start, run.input(1 + kernel.states.len() + kernel.sequences.len() + place));
        }
        run
    }

    fn put_word(&mut self, run: &Running, value: Value, place: i32) {
        self.builder.ins().store(MemFlagsData::trusted(), value, run.frame, place);
    }

    fn held(&mut self, run: &Running, place: i32) -> Value {
        self.builder.ins().load(types::I64, MemFlagsData::trusted(), run.frame, place)
    }

    /// Goes on with a step or leaves the loop.
    fn test(&mut self, run: &Running, done: Value, body: Block, after: Block) {
        let more = self.builder.ins().icmp(IntCC::SignedLessThan, done, run.limit);
        if run.kernel.ends != Ends::WhenFalse {
            self.builder.ins().brif(more, body, &[], after, &[]);
            return;
        }
        let holds = self.builder.create_block();
        let state = self.held(run, run.input(1));
        let flag = self.builder.ins().load(types::I8, MemFlagsData::trusted(), state, 0);
        self.builder.ins().brif(flag, holds, &[], after, &[]);
        self.builder.switch_to_block(holds);
        let over = self.builder.ins().icmp(IntCC::SignedGreaterThanOrEqual, done, run.limit);
        self.fail_if(over, run.node, RunErrorKind::Steps(run.kernel.trips));
        self.builder.ins().jump(body, &[]);
    }

    /// The row of a step.
    pub fn row(&mut self, backward: bool, limit: Value, done: Value) -> Value {
        if !backward {
            return done;
        }
        let left = self.builder.ins().isub(limit, done);
        self.builder.ins().iadd_imm_s(left, -1)
    }

    /// What the body is told of a row: its number in the whole loop.
    pub fn row_number(&mut self, row: Value, first_row: Option<Value>) -> Value {
        first_row.map_or(row, |first| self.builder.ins().iadd(row, first))
    }

    fn step(&mut self, run: &Running, done: Value) -> Result<(), CodegenError> {
        let kernel = run.kernel;
        let row = self.row(kernel.backward, run.limit, done);
        let number = self.row_number(row, run.first_row);
        self.put_word(run, number, 0);
        let sequences = run.sequences.iter().enumerate();
        let inputs = sequences.map(|(place, rows)| (run.input(1 + kernel.states.len() + place), rows));
        let stacked = run.stacked.iter().enumerate();
        let outputs = stacked.map(|(place, rows)| (run.output(kernel.states.len() + place), rows));
        for (place, (start, distance)) in inputs.chain(outputs) {
            let skipped = self.builder.ins().imul_imm_s(row, *distance);
            let pointer = self.builder.ins().iadd(*start, skipped);
            self.put_word(run, pointer, place);
        }
        let (inputs, outputs) = (self.offset(run.frame, run.input(0).into()), run.output(0));
        let outputs = self.offset(run.frame, outputs.into());
        self.call_body(kernel.body, [inputs, outputs, run.workspace])?;
        for (place, [last, other]) in run.states.iter().enumerate() {
            let written = self.held(run, run.output(place));
            let both = self.builder.ins().iadd(*last, *other);
            let next = self.builder.ins().isub(both, written);
            self.put_word(run, written, run.input(1 + place));
            self.put_word(run, next, run.output(place));
        }
        Ok(())
    }

    /// Puts the last states in their places, zero in the rows that no step wrote, and stores the number of steps.
    fn finish(&mut self, run: &Running, done: Value) {
        for (place, state) in run.kernel.states.iter().enumerate().filter(|(_, state)| state.wanted) {
            let (written, to) = (self.held(run, run.input(1 + place)), run.states[place][0]);
            let bytes = self.number(self.schedule.buffer(state.last).bytes());
            self.call(settle as *const u8, &[to, written, bytes], None);
        }
        if run.kernel.leaves_rows() {
            let zeroed = run.stacked.iter().zip(&run.kernel.zeroed).filter(|(_, zeroed)| **zeroed);
            for ((start, bytes), _) in zeroed {
                self.zero_rest(run.kernel, *start, *bytes, done);
            }
        }
        if let Some(steps) = run.steps {
            self.builder.ins().store(MemFlagsData::trusted(), done, steps, 0);
        }
    }

    /// Zero in the rows of a stacked output that no step wrote.
    pub fn zero_rest(&mut self, kernel: &LoopKernel, start: Value, row_bytes: i64, done: Value) {
        let trips = self.number(kernel.trips);
        let left = self.builder.ins().isub(trips, done);
        let bytes = self.builder.ins().imul_imm_s(left, row_bytes);
        let from_start = kernel.backward && kernel.ends == Ends::WhenFalse;
        let start = if from_start {
            start
        } else {
            let written = self.builder.ins().imul_imm_s(done, row_bytes);
            self.builder.ins().iadd(start, written)
        };
        self.call(zero_bytes as *const u8, &[start, bytes], None);
    }
}
