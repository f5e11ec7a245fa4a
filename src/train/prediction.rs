//! What a trained model says of all examples of a data set.

use crate::check::program::{DataId, Prediction};
use crate::codegen::Programs;
use crate::diagnostics::Diagnostic;
use crate::ir::{Shape, Table};
use crate::lower::Source;
use crate::lower::prediction::lower_prediction;
use crate::session::compiler::Native;
use crate::session::{Session, native};

/// The most examples that one call of native code predicts.
const CHUNK: usize = 1024;

/// The prediction for every example of a data set, examples leading, with the session's parameters. The set has the
/// columns of the block's own data: it is that set, a part of it, or those columns over another table.
///
/// # Errors
/// Run-time errors of the program, and those of the columns.
pub fn predict(session: &mut Session<'_>, prediction: &Prediction, data: DataId) -> Result<Table, Box<Diagnostic>> {
    let program = session.program;
    let examples = program.data[data.0 as usize].rows;
    let size = examples.clamp(1, CHUNK);
    let span = prediction.value.span;
    let site = format!("prediction {}.{} of {}", span.source.0, span.start, data.0);
    let outer = session.compiler.enter(site, "prediction", Some(span));
    let native = session.compiler.next(|| lower_prediction(program, prediction, data, size));
    session.compiler.leave(outer);
    let Native { executable, sources, .. } = native?;
    let mut programs = Programs::new();
    let mut rows = None;
    let mut memories = Vec::with_capacity(sources.len());
    for (source, port) in sources.iter().zip(executable.inputs()) {
        let memory = programs.memory(port.ty.bytes());
        if *source == Source::Rows {
            rows = Some(memory);
        } else {
            let value = session.inputs(&[*source])?.remove(0);
            programs.bytes_mut(memory).copy_from_slice(&native::to_bytes(&value));
        }
        memories.push(memory);
    }
    let mut ty = executable.outputs()[0].ty.clone();
    let each = ty.shape.count() / size;
    let output = programs.memory(ty.bytes());
    let code = programs.bind(executable, &memories, &[output]).map_err(native::internal)?;
    let mut bits = Vec::with_capacity(each * examples);
    for first in (0..examples).step_by(size) {
        if let Some(rows) = rows {
            // The last chunk is filled up with its last example.
            let numbers: Vec<i64> = (first..first + size).map(|row| row.min(examples - 1) as i64).collect();
            programs.bytes_mut(rows).copy_from_slice(bytemuck::cast_slice(&numbers));
        }
        programs.run(code).map_err(|error| Box::new(native::run_error(error)))?;
        let chunk = native::from_bytes(ty.element, programs.bytes(output));
        bits.extend_from_slice(&chunk[..each * size.min(examples - first)]);
    }
    ty.shape = Shape::new(&ty.shape.sizes()[1..]).with_leading(examples);
    Ok(Table { ty, bits })
}
