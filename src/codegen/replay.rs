//! Replays: a table of what the driver in `runtime::replay` needs, and its call.

use super::CodegenError;
use super::lower::Lower;
use crate::runtime::replay::replay;
use crate::schedule::ReplayKernel;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

impl Lower<'_> {
    /// Writes a replay.
    pub fn replay_kernel(&mut self, kernel: &ReplayKernel) -> Result<(), CodegenError> {
        let table = self.start(kernel.table);
        for (place, word) in self.table_words(kernel)?.into_iter().enumerate() {
            self.builder.ins().store(MemFlagsData::trusted(), word, table, 8 * place as i32);
        }
        let steps = self.limit(kernel.descriptor.trips, kernel.count.as_ref());
        let arguments = [self.kept(kernel.descriptor.clone()), table, steps];
        if let Some(status) = self.call(replay as *const u8, &arguments, Some(types::I64)) {
            self.leave_if(status, status);
        }
        if let Some(place) = kernel.steps {
            let place = self.start(place);
            self.builder.ins().store(MemFlagsData::trusted(), steps, place, 0);
        }
        Ok(())
    }

    /// The words of the table, in the order that `ReplayTable` and `TABLE_WORDS` state.
    fn table_words(&mut self, kernel: &ReplayKernel) -> Result<Vec<Value>, CodegenError> {
        let mut words = Vec::new();
        for body in kernel.bodies() {
            words.push(self.body_address(body)?);
        }
        words.extend([kernel.workspace, kernel.positions, kernel.pointers].map(|buffer| self.start(buffer)));
        words.extend(kernel.states.iter().map(|view| self.shown(view)));
        words.extend(kernel.kept.iter().map(|buffer| self.start(*buffer)));
        words.extend(kernel.sequences.iter().chain(&kernel.invariants).map(|view| self.shown(view)));
        words.extend(kernel.back_states.iter().map(|state| self.shown(&state.first)));
        words.extend(kernel.back_states.iter().map(|state| self.start(state.last)));
        words.extend(kernel.back_states.iter().map(|state| self.start(state.other)));
        words.extend(kernel.back_sequences.iter().chain(&kernel.back_invariants).map(|view| self.shown(view)));
        words.extend(kernel.stacked.iter().map(|buffer| self.start(*buffer)));
        Ok(words)
    }
}
