//! Running compiled programs.

use super::keep::Kept;
use super::port::{Port, element};
use crate::ir::{ElementType, NodeId};
use crate::runtime::clock::Clock;
use crate::runtime::guard::{self, Trouble};
use crate::runtime::{AlignedBytes, Tensor};
use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::sync::Arc;

/// The entry function of a program: tables of pointers to the inputs and to the outputs, and the workspace. It returns 0, or
/// `node << 8 | kind` of a run-time error.
pub type Entry = unsafe extern "C" fn(*const *const u8, *const *mut u8, *mut u8) -> i64;

/// A compiled program. Calls are independent; any number of threads may call at once, each with its own workspace.
pub struct Executable {
    entry: Entry,
    frame: Frame,
    /// For each input, the output that replaces it in place.
    replaced: Vec<Option<usize>>,
    /// What the code names by address.
    _kept: Kept,
    /// Of timed code the clock.
    _clock: Option<Arc<Clock>>,
    /// The code, where it is to be freed.
    _code: Option<Box<dyn Any + Send + Sync>>,
}

/// What is known of a program beside its code.
#[derive(Clone, Serialize, Deserialize)]
pub struct Frame {
    /// What it takes.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
    /// The size of its workspace.
    pub workspace_bytes: usize,
    /// The places of its nodes in the source, by node.
    pub spans: Vec<(NodeId, Option<Span>)>,
    /// The most steps of its loops, by node.
    pub limits: Vec<(NodeId, usize)>,
}

/// What went wrong while a program ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at %{}", node.0)]
pub struct RunError {
    /// What.
    pub kind: RunErrorKind,
    /// The node.
    pub node: NodeId,
    /// Its place in the source.
    pub span: Option<Span>,
}

/// The kinds of run-time errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RunErrorKind {
    /// A gather or scatter-add index outside its rows.
    #[error("index out of range")]
    Index,
    /// An integer operation without a result: overflow or division by zero.
    #[error("integer overflow or division by zero")]
    Integer,
    /// A loop that still goes on after so many steps, the most that it may do.
    #[error("the loop goes on after {0} steps")]
    Steps(usize),
    /// A function of the runtime could not do its work; at no node.
    #[error("{0}")]
    Runtime(Trouble),
}

impl RunErrorKind {
    /// What generated code returns.
    pub fn code(self, node: NodeId) -> i64 {
        let kind = match self {
            RunErrorKind::Index => 1,
            RunErrorKind::Integer => 2,
            RunErrorKind::Steps(_) => 3,
            RunErrorKind::Runtime(_) => return guard::STOPPED,
        };
        i64::from(node.0) << 8 | kind
    }
}

/// A call that was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The arguments do not fit the program.
    #[error("{0}")]
    Arguments(String),
    /// The program failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Executable {
    /// A program from its code.
    ///
    /// # Safety
    /// `entry` is the code of a program that `frame` describes, and what it names by address is in `kept`, or is static; it is
    /// good as long as `code` lives.
    pub unsafe fn new(frame: Frame, kept: Kept, entry: Entry, code: Option<Box<dyn Any + Send + Sync>>) -> Self {
        let replacing = |input: usize| {
            let updates = |port: &Port| port.updates == Some(input as u32);
            frame.outputs.iter().position(updates)
        };
        let replaced = (0..frame.inputs.len()).map(replacing).collect();
        Executable { entry, frame, replaced, _kept: kept, _clock: None, _code: code }
    }

    /// Keeps the clock of timed code for as long as the code.
    #[must_use]
    pub fn with_clock(self, clock: Arc<Clock>) -> Self {
        Executable { _clock: Some(clock), ..self }
    }

    /// What the program takes.
    pub fn inputs(&self) -> &[Port] {
        &self.frame.inputs
    }

    /// What it gives.
    pub fn outputs(&self) -> &[Port] {
        &self.frame.outputs
    }

    /// The output that replaces an input in place.
    pub fn replaced_by(&self, input: usize) -> Option<usize> {
        self.replaced[input]
    }

    /// A workspace for one thread's calls.
    pub fn workspace(&self) -> Workspace {
        Workspace(AlignedBytes::zeroed(self.frame.workspace_bytes))
    }

    /// A workspace for one thread's calls; none where there is not so much memory.
    pub(super) fn try_workspace(&self) -> Option<Workspace> {
        AlignedBytes::try_zeroed(self.frame.workspace_bytes).map(Workspace)
    }

    /// Runs the program on tensors.
    ///
    /// An output that updates an input is written as a new value; the input stays.
    ///
    /// # Errors
    /// When the arguments do not fit in number or type, or the program fails.
    pub fn call(&self, inputs: &[&Tensor], outputs: &mut [Tensor], workspace: &mut Workspace) -> Result<(), CallError> {
        for (port, tensor) in self.frame.inputs.iter().zip(inputs) {
            check_tensor("input", port, tensor)?;
        }
        for (port, tensor) in self.frame.outputs.iter().zip(&*outputs) {
            check_tensor("output", port, tensor)?;
        }
        let inputs: Vec<&[u8]> = inputs.iter().map(|tensor| tensor.bytes()).collect();
        // SAFETY: generated code writes truth values as 0 or 1.
        let mut outputs: Vec<&mut [u8]> = outputs.iter_mut().map(|tensor| unsafe { tensor.bytes_mut() }).collect();
        self.call_bytes(&inputs, &mut outputs, workspace)
    }

    /// Tensors of the types of the outputs, zero.
    pub fn output_tensors(&self) -> Vec<Tensor> {
        self.frame.outputs.iter().map(zeros).collect()
    }

    /// Runs the program on the bytes of tensors, row-major, in this machine's order; truth values are 0 or 1.
    ///
    /// An output that updates an input is written as a new value; the input stays.
    ///
    /// # Errors
    /// When the arguments do not fit in number, size or alignment, or the program fails.
    pub fn call_bytes(
        &self,
        inputs: &[&[u8]],
        outputs: &mut [&mut [u8]],
        workspace: &mut Workspace,
    ) -> Result<(), CallError> {
        self.check("input", &self.frame.inputs, inputs.iter().map(|bytes| &**bytes))?;
        for (port, bytes) in self.frame.inputs.iter().zip(inputs) {
            if port.ty.element == ElementType::Bool && bytes.iter().any(|byte| *byte > 1) {
                let message = format!("input {} has a truth value other than 0 and 1", port.name);
                return Err(CallError::Arguments(message));
            }
        }
        self.check("output", &self.frame.outputs, outputs.iter().map(|bytes| &**bytes))?;
        if workspace.0.len() < self.frame.workspace_bytes {
            return Err(CallError::Arguments("the workspace is that of another program".to_string()));
        }
        for (input, output) in self.replaced.iter().enumerate() {
            if let Some(output) = output {
                outputs[*output].copy_from_slice(inputs[input]);
            }
        }
        let outputs: Vec<*mut u8> = outputs.iter_mut().map(|bytes| bytes.as_mut_ptr()).collect();
        let places = inputs.iter().zip(&self.replaced);
        let inputs: Vec<*const u8> = places
            .map(|(bytes, output)| output.map_or(bytes.as_ptr(), |output| outputs[output].cast_const()))
            .collect();
        // SAFETY: sizes and alignments were checked against the ports; outputs are borrowed exclusively, and an input
        // pointer equals an output pointer only where the schedule replaces the one by the other.
        let status = unsafe { (self.entry)(inputs.as_ptr(), outputs.as_ptr(), workspace.0.as_mut_ptr()) };
        self.result(status).map_err(CallError::Run)
    }

    fn check<'b>(
        &self,
        what: &str,
        ports: &[Port],
        given: impl ExactSizeIterator<Item = &'b [u8]>,
    ) -> Result<(), CallError> {
        if given.len() != ports.len() {
            let message = format!("the program has {} {what}s, not {}", ports.len(), given.len());
            return Err(CallError::Arguments(message));
        }
        for (port, bytes) in ports.iter().zip(given) {
            if bytes.len() != port.ty.bytes() {
                let message =
                    format!("{what} {}: {} has {} bytes, not {}", port.name, port.ty, port.ty.bytes(), bytes.len());
                return Err(CallError::Arguments(message));
            }
            if !bytes.is_empty() && !bytes.as_ptr().addr().is_multiple_of(port.ty.element.bytes()) {
                return Err(CallError::Arguments(format!("{what} {} is not aligned", port.name)));
            }
        }
        Ok(())
    }

    /// Runs the program on memory of the caller.
    ///
    /// # Safety
    /// There is a pointer for each input and output, to memory of the port's size and alignment; outputs overlap
    /// nothing but the inputs they update; nothing else uses the memory during the call.
    #[inline]
    pub(super) unsafe fn enter(
        &self,
        inputs: &[*const u8],
        outputs: &[*mut u8],
        workspace: &mut Workspace,
    ) -> Result<(), RunError> {
        // SAFETY: as the caller promises.
        let status = unsafe { (self.entry)(inputs.as_ptr(), outputs.as_ptr(), workspace.0.as_mut_ptr()) };
        self.result(status)
    }

    /// Like [`Executable::enter`], by the tables of pointers and the start of the workspace.
    ///
    /// # Safety
    /// As of [`Executable::enter`]; there are as many pointers as ports, and the workspace is aligned to 64 bytes.
    #[inline]
    pub(super) unsafe fn enter_at(
        &self,
        inputs: *const *const u8,
        outputs: *const *mut u8,
        workspace: *mut u8,
    ) -> Result<(), RunError> {
        // SAFETY: as the caller promises.
        let status = unsafe { (self.entry)(inputs, outputs, workspace) };
        self.result(status)
    }

    /// The size of a workspace.
    pub fn workspace_bytes(&self) -> usize {
        self.frame.workspace_bytes
    }

    #[inline]
    fn result(&self, status: i64) -> Result<(), RunError> {
        match (status, guard::noted()) {
            (0, None) => Ok(()),
            (status, trouble) => Err(self.error(status, trouble)),
        }
    }

    #[cold]
    fn error(&self, status: i64, trouble: Option<Trouble>) -> RunError {
        if let Some(trouble) = trouble {
            return RunError { kind: RunErrorKind::Runtime(trouble), node: NodeId(0), span: None };
        }
        let node = NodeId((status >> 8) as u32);
        let kind = match status & 0xff {
            1 => RunErrorKind::Index,
            2 => RunErrorKind::Integer,
            _ => {
                let place = self.frame.limits.binary_search_by_key(&node, |(each, _)| *each);
                RunErrorKind::Steps(place.map_or(0, |place| self.frame.limits[place].1))
            }
        };
        let place = self.frame.spans.binary_search_by_key(&node, |(each, _)| *each);
        RunError { kind, node, span: place.ok().and_then(|place| self.frame.spans[place].1) }
    }
}

fn zeros(port: &Port) -> Tensor {
    Tensor::zeros(element(port.ty.element), port.ty.shape.sizes())
}

fn check_tensor(what: &str, port: &Port, tensor: &Tensor) -> Result<(), CallError> {
    if tensor.element() == element(port.ty.element) && tensor.shape() == port.ty.shape.sizes() {
        return Ok(());
    }
    let given = format!("{:?}{:?}", tensor.element(), tensor.shape()).to_lowercase();
    Err(CallError::Arguments(format!("{what} {} is {}, not {given}", port.name, port.ty)))
}

/// The memory that one call at a time computes in.
#[derive(Debug)]
pub struct Workspace(AlignedBytes);

impl Default for Workspace {
    /// For programs that compute nothing.
    fn default() -> Self {
        Workspace(AlignedBytes::zeroed(0))
    }
}

impl Workspace {
    /// Its first byte.
    pub(super) fn start(&mut self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    /// Makes it large enough for the calls of another program too.
    pub(super) fn extend(&mut self, executable: &Executable) {
        if self.0.len() < executable.frame.workspace_bytes {
            *self = executable.workspace();
        }
    }
}

/// A program bound to memory of its own: set inputs, run any number of times, read outputs. An output that updates an
/// input shares its memory, so that each run goes on from the last.
pub struct BoundCall {
    executable: Arc<Executable>,
    memories: Vec<AlignedBytes>,
    /// The memory of each input and output.
    input_memory: Vec<usize>,
    output_memory: Vec<usize>,
    input_pointers: Vec<*const u8>,
    output_pointers: Vec<*mut u8>,
    workspace: Workspace,
}

// SAFETY: the pointers point into `memories`, which move with the call.
unsafe impl Send for BoundCall {}

impl BoundCall {
    /// Binds a program; all inputs are zero at first.
    pub fn new(executable: Arc<Executable>) -> Self {
        let memory = |port: &Port| AlignedBytes::zeroed(port.ty.bytes());
        let mut memories: Vec<AlignedBytes> = executable.frame.inputs.iter().map(memory).collect();
        let input_memory: Vec<usize> = (0..memories.len()).collect();
        let mut output_memory = Vec::new();
        for port in &executable.frame.outputs {
            output_memory.push(match port.updates {
                Some(input) => input as usize,
                None => {
                    memories.push(memory(port));
                    memories.len() - 1
                }
            });
        }
        let starts: Vec<*mut u8> = memories.iter_mut().map(AlignedBytes::as_mut_ptr).collect();
        BoundCall {
            input_pointers: input_memory.iter().map(|place| starts[*place].cast_const()).collect(),
            output_pointers: output_memory.iter().map(|place| starts[*place]).collect(),
            workspace: executable.workspace(),
            executable,
            memories,
            input_memory,
            output_memory,
        }
    }

    /// The program.
    pub fn executable(&self) -> &Arc<Executable> {
        &self.executable
    }

    /// Runs the program; allocates nothing.
    ///
    /// # Errors
    /// When the program fails; outputs are then undefined, those that update inputs included.
    #[inline]
    pub fn run(&mut self) -> Result<(), RunError> {
        let (inputs, outputs) = (self.input_pointers.as_ptr(), self.output_pointers.as_ptr());
        // SAFETY: the memories have the sizes of the ports and are borrowed exclusively through `self`.
        let status = unsafe { (self.executable.entry)(inputs, outputs, self.workspace.0.as_mut_ptr()) };
        self.executable.result(status)
    }

    /// Sets an input.
    ///
    /// # Errors
    /// When there is no such input or the tensor is not of its type.
    pub fn set(&mut self, index: usize, tensor: &Tensor) -> Result<(), CallError> {
        let port = self.executable.frame.inputs.get(index);
        let port = port.ok_or_else(|| CallError::Arguments(format!("there is no input {index}")))?;
        check_tensor("input", port, tensor)?;
        self.input_mut(index).copy_from_slice(tensor.bytes());
        Ok(())
    }

    /// The present value of an input: what was set, or what runs have made of it since.
    pub fn input_tensor(&self, index: usize) -> Tensor {
        copied(&self.executable.frame.inputs[index], self.input(index))
    }

    /// The value of an output after the last run.
    pub fn output_tensor(&self, index: usize) -> Tensor {
        copied(&self.executable.frame.outputs[index], self.output(index))
    }

    /// The bytes of an input.
    pub fn input(&self, index: usize) -> &[u8] {
        self.memories[self.input_memory[index]].as_slice()
    }

    /// The bytes of an input, to be set. Truth values are 0 or 1; other bytes count as true or false unpredictably.
    pub fn input_mut(&mut self, index: usize) -> &mut [u8] {
        self.memories[self.input_memory[index]].as_mut_slice()
    }

    /// The bytes of an output after the last run.
    pub fn output(&self, index: usize) -> &[u8] {
        self.memories[self.output_memory[index]].as_slice()
    }
}

fn copied(port: &Port, bytes: &[u8]) -> Tensor {
    let mut tensor = zeros(port);
    // SAFETY: the bytes are those of a value of the port's type.
    unsafe { tensor.bytes_mut() }.copy_from_slice(bytes);
    tensor
}
