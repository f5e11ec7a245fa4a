//! What a trained model says of examples: those of a data set of the program, or others.

use crate::check::program::{DataId, Prediction};
use crate::codegen::{MemoryId, Programs};
use crate::diagnostics::Diagnostic;
use crate::ir::{Shape, Table};
use crate::lower::Source;
use crate::lower::prediction::lower_prediction;
use crate::session::compiler::Native;
use crate::session::{Session, native};

/// The most examples that one call of native code predicts.
const CHUNK: usize = 1024;

/// The prediction for every example of a data set, examples leading, with the session's parameters. The set has the
/// columns of the block's own data: it is that set, or a part of it.
///
/// # Errors
/// Run-time errors of the program, and those of the columns.
pub fn predict(session: &mut Session<'_>, prediction: &Prediction, data: DataId) -> Result<Table, Box<Diagnostic>> {
    let sources: Vec<Source> = prediction.inputs().into_iter().map(|index| Source::Column(data, index)).collect();
    let columns = session.inputs(&sources)?;
    let examples = session.program.data[data.0 as usize].rows;
    predict_columns(session, prediction, data, &columns, examples)
}

/// The same for other examples: the columns that the prediction reads, in the order of [`Prediction::inputs`], as `data`
/// has them.
///
/// # Errors
/// Run-time errors of the program.
pub fn predict_columns(
    session: &mut Session<'_>,
    prediction: &Prediction,
    data: DataId,
    columns: &[Table],
    examples: usize,
) -> Result<Table, Box<Diagnostic>> {
    let program = session.program;
    // Few sizes, so that what was compiled for some examples is found again for others.
    let size = examples.next_power_of_two().min(CHUNK);
    let span = prediction.value.span;
    let site = format!("prediction {}.{} of {} by {size}", span.source.0, span.start, data.0);
    let outer = session.compiler.enter(site, "prediction", Some(span));
    let native = session.compiler.next(|| lower_prediction(program, prediction, data, size));
    session.compiler.leave(outer);
    let Native { executable, sources, .. } = native?;
    let mut programs = Programs::new();
    let mut arguments: Vec<(MemoryId, &Table)> = Vec::new();
    let mut memories = Vec::with_capacity(sources.len());
    for (source, port) in sources.iter().zip(executable.inputs()) {
        let memory = programs.memory(port.ty.bytes());
        match source {
            Source::Argument(place) => arguments.push((memory, &columns[*place as usize])),
            source => {
                let value = session.inputs(&[*source])?.remove(0);
                programs.bytes_mut(memory).copy_from_slice(&native::to_bytes(&value));
            }
        }
        memories.push(memory);
    }
    let mut ty = executable.outputs()[0].ty.clone();
    let each = ty.shape.count() / size;
    let output = programs.memory(ty.bytes());
    let code = programs.bind(executable, &memories, &[output]).map_err(native::internal)?;
    let mut bits = Vec::with_capacity(each * examples);
    for first in (0..examples).step_by(size) {
        for (memory, column) in &arguments {
            let bytes = programs.bytes_mut(*memory);
            bytes.copy_from_slice(&native::to_bytes(&chunk(column, first, size, examples)));
        }
        programs.run(code).map_err(|error| Box::new(native::run_error(error)))?;
        let predicted = native::from_bytes(ty.element, programs.bytes(output));
        bits.extend_from_slice(&predicted[..each * size.min(examples - first)]);
    }
    ty.shape = Shape::new(&ty.shape.sizes()[1..]).with_leading(examples);
    Ok(Table { ty, bits })
}

/// So many rows of a column; where it has no more, its last one again.
fn chunk(column: &Table, first: usize, size: usize, rows: usize) -> Table {
    let entry = Shape::new(&column.ty.shape.sizes()[1..]);
    let count = entry.count();
    let last = rows.min(first + size);
    let mut bits = column.bits[first * count..last * count].to_vec();
    for _ in last..first + size {
        bits.extend_from_slice(&column.bits[(rows - 1) * count..rows * count]);
    }
    let mut ty = column.ty.clone();
    ty.shape = entry.with_leading(size);
    Table { ty, bits }
}
