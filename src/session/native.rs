//! Graph to native code to values.

use super::compiler::Native;
use crate::codegen::{CallError, Executable, RunError, RunErrorKind};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::numeric;
use crate::ir::{ElementType, Graph, NodeId, Op, Table};
use crate::source::Span;
use std::sync::Arc;

/// Native code for a graph, which is optimised first.
///
/// # Errors
/// Our own bugs only, as E0999.
pub fn executable(graph: &Graph) -> Result<Arc<Executable>, Box<Diagnostic>> {
    let (object, ..) = super::compiler::compile(graph)?;
    object.link().map(Arc::new).map_err(internal)
}

/// The outputs of a graph on inputs.
///
/// # Errors
/// Run-time errors of the program, with their places.
pub fn run(graph: &Graph, inputs: &[Table]) -> Result<Vec<Table>, Box<Diagnostic>> {
    let executable = executable(graph)?;
    call(&executable, graph, inputs)
}

/// The outputs of native code for a graph on inputs.
///
/// # Errors
/// Run-time errors of the program, with their places.
pub fn call(executable: &Executable, graph: &Graph, inputs: &[Table]) -> Result<Vec<Table>, Box<Diagnostic>> {
    call_with(executable, inputs, || integer_divisions(graph))
}

impl Native {
    /// The outputs on inputs.
    ///
    /// # Errors
    /// Run-time errors of the program, with their places.
    pub fn call(&self, inputs: &[Table]) -> Result<Vec<Table>, Box<Diagnostic>> {
        call_with(&self.executable, inputs, || self.divisions.clone())
    }
}

/// `divisions` are the places where integers are divided; asked for when something failed.
fn call_with(
    executable: &Executable,
    inputs: &[Table],
    divisions: impl FnOnce() -> Vec<Span>,
) -> Result<Vec<Table>, Box<Diagnostic>> {
    let inputs: Vec<Vec<u64>> = inputs.iter().map(to_words).collect();
    let bytes: Vec<&[u8]> =
        inputs.iter().zip(executable.inputs()).map(|(words, port)| &as_bytes(words)[..port.ty.bytes()]).collect();
    let mut outputs: Vec<Vec<u64>> =
        executable.outputs().iter().map(|port| vec![0; port.ty.bytes().div_ceil(8)]).collect();
    let mut places: Vec<&mut [u8]> = outputs
        .iter_mut()
        .zip(executable.outputs())
        .map(|(words, port)| &mut as_bytes_mut(words)[..port.ty.bytes()])
        .collect();
    let mut workspace = executable.workspace();
    executable.call_bytes(&bytes, &mut places, &mut workspace).map_err(|error| call_error(&divisions(), error))?;
    Ok(outputs
        .iter()
        .zip(executable.outputs())
        .map(|(words, port)| Table {
            ty: port.ty.clone(),
            bits: from_bytes(port.ty.element, &as_bytes(words)[..port.ty.bytes()]),
        })
        .collect())
}

/// Why a call failed, where it is known at which places integers are divided.
pub(super) fn call_error(divisions: &[Span], error: CallError) -> Box<Diagnostic> {
    match error {
        CallError::Run(error) => Box::new(error_with(divisions, error)),
        CallError::Arguments(message) => internal(message),
    }
}

/// A run-time error as a message at its place. Native code marks every failed integer operation alike.
pub fn run_error(error: RunError) -> Diagnostic {
    match error.kind {
        RunErrorKind::Index => numeric::position_outside(error.span),
        RunErrorKind::Steps(steps) => numeric::loop_goes_on(error.span, steps),
        RunErrorKind::Integer => {
            numeric::integer_overflow(error.span).note("a division of `int` values by zero ends here too")
        }
        RunErrorKind::Runtime(trouble) => *internal(trouble),
    }
}

/// The same, where it is known at which places integers are divided.
pub fn error_with(divisions: &[Span], error: RunError) -> Diagnostic {
    match error.kind {
        RunErrorKind::Integer if error.span.is_some_and(|span| divisions.contains(&span)) => {
            numeric::integer_zero_division(error.span)
        }
        RunErrorKind::Integer => numeric::integer_overflow(error.span),
        RunErrorKind::Index | RunErrorKind::Steps(_) | RunErrorKind::Runtime(_) => run_error(error),
    }
}

/// The places at which a graph divides integers.
pub fn integer_divisions(graph: &Graph) -> Vec<Span> {
    let divides = |id: &NodeId| match &graph.node(*id).op {
        Op::Pointwise(definition) => {
            graph.ty(*id).element == ElementType::I64 && matches!(definition.0.name, "div" | "remainder")
        }
        _ => false,
    };
    let mut places: Vec<Span> = graph.ids().filter(divides).filter_map(|id| graph.span(id)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// A fault of ours as a message.
pub fn internal(fault: impl std::fmt::Display) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::without_place("E0999", format!("ndc made a mistake: {fault}"))
            .help("please report this with the file that shows it"),
    )
}

/// The bytes of a table as they lie in memory.
pub fn to_bytes(table: &Table) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(table.ty.bytes());
    for word in &table.bits {
        match table.ty.element {
            ElementType::F64 | ElementType::I64 => bytes.extend_from_slice(&word.to_ne_bytes()),
            ElementType::F32 => bytes.extend_from_slice(&(*word as u32).to_ne_bytes()),
            ElementType::Bool => bytes.push(u8::from(*word != 0)),
        }
    }
    bytes
}

/// A table's words from bytes in memory.
pub fn from_bytes(element: ElementType, bytes: &[u8]) -> Vec<u64> {
    match element {
        ElementType::F64 | ElementType::I64 => {
            bytes.chunks_exact(8).map(|chunk| u64::from_ne_bytes(chunk.try_into().unwrap_or_default())).collect()
        }
        ElementType::F32 => bytes
            .chunks_exact(4)
            .map(|chunk| u64::from(u32::from_ne_bytes(chunk.try_into().unwrap_or_default())))
            .collect(),
        ElementType::Bool => bytes.iter().map(|byte| u64::from(*byte != 0)).collect(),
    }
}

/// The elements of a table as real numbers.
pub fn to_reals(table: &Table) -> Vec<f64> {
    table.bits.iter().map(|bits| table.ty.element.number(*bits)).collect()
}

/// Real numbers as a table of an element type.
pub fn from_reals(ty: crate::ir::TensorType, values: &[f64]) -> Table {
    let bits = values.iter().map(|value| ty.element.word(*value)).collect();
    Table { ty, bits }
}

/// A table of an element type: real numbers in another precision too.
pub fn in_precision(table: &Table, element: ElementType) -> Option<Table> {
    if table.ty.element == element {
        return Some(table.clone());
    }
    let both_real = table.ty.element.is_real() && element.is_real();
    both_real.then(|| from_reals(crate::ir::TensorType::new(element, table.ty.shape.clone()), &to_reals(table)))
}

/// The memory of a table, in words so that it is aligned.
pub(super) fn to_words(table: &Table) -> Vec<u64> {
    to_bytes(table)
        .chunks(8)
        .map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_ne_bytes(word)
        })
        .collect()
}

fn as_bytes(words: &[u64]) -> &[u8] {
    bytemuck::cast_slice(words)
}

fn as_bytes_mut(words: &mut [u64]) -> &mut [u8] {
    bytemuck::cast_slice_mut(words)
}
