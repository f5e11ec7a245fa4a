//! Several programs on one set of memories: the steps of a training run share parameters and data.

use super::execute::{Executable, RunError, Workspace};
use crate::runtime::AlignedBytes;
use std::sync::Arc;

/// Identifies a memory of a [`Programs`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryId(usize);

/// Identifies a program of a [`Programs`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProgramId(usize);

/// Memories, and programs bound to them. An output that updates an input shares its memory, so that each run goes on
/// from the last, whichever program ran.
#[derive(Default)]
pub struct Programs {
    memories: Vec<AlignedBytes>,
    bound: Vec<Bound>,
    /// Of all programs, which run one at a time.
    workspace: Workspace,
}

struct Bound {
    executable: Arc<Executable>,
    inputs: Vec<*const u8>,
    outputs: Vec<*mut u8>,
}

// SAFETY: the pointers point into the memories' heap blocks, which move with their owner and are never resized.
unsafe impl Send for Programs {}

/// A program that does not fit the memories it was to be bound to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot bind the program: {0}")]
pub struct BindError(String);

impl Programs {
    /// No memories and no programs.
    pub fn new() -> Self {
        Programs::default()
    }

    /// A memory of zeros.
    pub fn memory(&mut self, bytes: usize) -> MemoryId {
        self.memories.push(AlignedBytes::zeroed(bytes));
        MemoryId(self.memories.len() - 1)
    }

    /// The bytes of a memory.
    pub fn bytes(&self, memory: MemoryId) -> &[u8] {
        self.memories[memory.0].as_slice()
    }

    /// The bytes of a memory, to be set.
    pub fn bytes_mut(&mut self, memory: MemoryId) -> &mut [u8] {
        self.memories[memory.0].as_mut_slice()
    }

    /// Binds a program: one memory for each input, and one for each output that updates no input.
    ///
    /// # Errors
    /// When numbers or sizes differ, or an output would overwrite something that the program also reads or writes.
    pub fn bind(
        &mut self,
        executable: Arc<Executable>,
        inputs: &[MemoryId],
        outputs: &[MemoryId],
    ) -> Result<ProgramId, BindError> {
        let mut free = outputs.iter();
        let mut places = Vec::with_capacity(executable.outputs().len());
        for port in executable.outputs() {
            let place = match port.updates {
                Some(input) => inputs.get(input as usize),
                None => free.next(),
            };
            places.push(*place.ok_or_else(|| BindError("an output has no memory".to_string()))?);
        }
        if inputs.len() != executable.inputs().len() || free.next().is_some() {
            return Err(BindError("the number of memories differs".to_string()));
        }
        let ports = executable.inputs().iter().zip(inputs).chain(executable.outputs().iter().zip(&places));
        for (port, memory) in ports {
            if self.memories[memory.0].as_slice().len() != port.ty.bytes() {
                return Err(BindError(format!("{} has another size", port.name)));
            }
        }
        for (place, memory) in places.iter().enumerate() {
            let updated = executable.outputs()[place].updates;
            let read = inputs.iter().enumerate().any(|(input, each)| each == memory && updated != Some(input as u32));
            if read || places[..place].contains(memory) {
                return Err(BindError(format!("{} shares its memory", executable.outputs()[place].name)));
            }
        }
        let pointer = |memories: &mut [AlignedBytes], id: &MemoryId| memories[id.0].as_mut_ptr();
        let bound = Bound {
            inputs: inputs.iter().map(|id| pointer(&mut self.memories, id).cast_const()).collect(),
            outputs: places.iter().map(|id| pointer(&mut self.memories, id)).collect(),
            executable,
        };
        self.workspace.extend(&bound.executable);
        self.bound.push(bound);
        Ok(ProgramId(self.bound.len() - 1))
    }

    /// Runs a program; allocates nothing.
    ///
    /// # Errors
    /// When the program fails; its outputs are then undefined, those that update inputs included.
    #[inline]
    pub fn run(&mut self, program: ProgramId) -> Result<(), RunError> {
        let bound = &self.bound[program.0];
        // SAFETY: `bind` checked that every memory has the size of its port and that outputs are shared with nothing
        // but the inputs they update, and that the workspace suffices; all memories are borrowed exclusively through
        // `self`.
        unsafe { bound.executable.enter(&bound.inputs, &bound.outputs, &mut self.workspace) }
    }
}
