//! The subject of a question as a graph: what would be constants of an action are inputs here, so that values and
//! gradients can be asked for at any point.

use super::draws::TrainingDraws;
use super::{Lowered, Lowerer, Source, Value};
use crate::check::program::{Program, Train};
use crate::check::subject::FunctionSubject;
use crate::check::types::Type;
use crate::ir::{ElementType, Shape, TensorType};
use crate::ops::structural::examples::batch_examples;

/// A function or model on inputs named as its parameters: `x`, `state.v`, `pair.0`. Outputs are the leaves of its
/// result, in order, named likewise after the function.
///
/// Inputs are [`Source::Argument`]s, which count the leaves of all arguments, then what the function reads beside
/// them: parameters as they are read, values of the file, columns.
pub fn lower_function(program: &Program, subject: &FunctionSubject) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    lowerer.question = true;
    let mut count = 0;
    let types = subject.arguments.ty.parts().unwrap_or_default();
    let mut values: Vec<Value> = Vec::with_capacity(types.len() + 1);
    for (name, ty) in subject.names.iter().zip(types) {
        values.push(lowerer.argument(name, ty, &mut count));
    }
    values.insert(0, lowerer.lower(&subject.callee));
    let result = lowerer.inline(subject.instance, values);
    lowerer.named_outputs(&subject.name, &subject.result, &result);
    lowerer.finish()
}

/// The loss of one example, whose entries are inputs named as the columns: [`Source::Argument`]s that count the columns
/// that the loss reads. `training` is true in it.
pub fn lower_loss(program: &Program, train: &Train) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    lowerer.question = true;
    lowerer.training = true;
    lowerer.draws = Some(TrainingDraws { seed: train.seed, example: None });
    if let Some(data) = train.data {
        let set = &program.data[data.0 as usize];
        for (place, index) in train.columns.iter().enumerate() {
            let column = &set.columns[*index as usize];
            let ty = lowerer.tensor_type(&column.ty);
            let entry = lowerer.source(Source::Argument(place as u32), column.name.clone(), ty);
            lowerer.examples.push(entry);
        }
    }
    let loss = lowerer.tensor(&train.loss);
    lowerer.graph.output("loss", loss);
    lowerer.finish()
}

/// The mean of the loss over `size` examples, as a step of training has it. Inputs are the parameters that train, then
/// columns with as many rows, [`Source::Argument`]s that count the columns that the block reads, then what it reads beside
/// them.
pub fn lower_mean_loss(program: &Program, train: &Train, size: usize) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    lowerer.question = true;
    lowerer.training = true;
    for id in &train.params {
        lowerer.param(*id);
    }
    let (mut variables, mut columns, mut example) = (Vec::new(), Vec::new(), None);
    if let Some(data) = train.data {
        let set = &program.data[data.0 as usize];
        for (place, index) in train.columns.iter().enumerate() {
            let column = &set.columns[*index as usize];
            let entry = lowerer.tensor_type(&column.ty);
            let rows = TensorType::new(entry.element, entry.shape.with_leading(size));
            let name = format!("{}.{}", set.name, column.name);
            columns.push(lowerer.source(Source::Argument(place as u32), name, rows));
            let variable = lowerer.graph.placeholder(entry);
            lowerer.examples.push(variable);
            variables.push(variable);
        }
        let number = lowerer.graph.placeholder(TensorType::scalar(ElementType::I64));
        variables.push(number);
        columns.push(lowerer.graph.iota(0, Shape::new(&[size])));
        example = Some(number);
    }
    lowerer.draws = Some(TrainingDraws { seed: train.seed, example });
    let loss = lowerer.tensor(&train.loss);
    let (loss, depends) = batch_examples(&mut lowerer.graph, &[loss], &variables, &columns, size).remove(0);
    lowerer.graph.current_span = Some(train.loss.span);
    let loss = if depends { lowerer.mean(loss) } else { loss };
    lowerer.graph.output("loss", loss);
    lowerer.finish()
}

impl Lowerer<'_> {
    /// An argument as inputs, one for each of its leaves.
    fn argument(&mut self, name: &str, ty: &Type, count: &mut u32) -> Value {
        match ty {
            Type::Tuple(_) | Type::Record(..) => {
                let parts = ty.parts().unwrap_or_default();
                let names = (0..parts.len()).map(|place| part_name(name, ty, place));
                Value::Tuple(names.zip(parts).map(|(name, part)| self.argument(&name, part, count)).collect())
            }
            Type::Function(function) => {
                let captured = self.program.captured_types(*function);
                let names = (0..captured.len()).map(|place| format!("{name}.{place}"));
                Value::Closure(names.zip(&captured).map(|(name, ty)| self.argument(&name, ty, count)).collect())
            }
            ty => {
                let tensor = self.tensor_type(ty);
                *count += 1;
                Value::Node(self.source(Source::Argument(*count - 1), name, tensor))
            }
        }
    }

    fn named_outputs(&mut self, name: &str, ty: &Type, value: &Value) {
        match value {
            Value::Node(node) => self.graph.output(name, *node),
            Value::Tuple(parts) => {
                let types = ty.parts().unwrap_or_default();
                for (place, (part, inner)) in parts.iter().zip(types).enumerate() {
                    self.named_outputs(&part_name(name, ty, place), inner, part);
                }
            }
            Value::Closure(_) => {}
        }
    }
}

/// The name of a part of a tuple or record.
fn part_name(name: &str, ty: &Type, place: usize) -> String {
    match ty {
        Type::Record(fields, _) => format!("{name}.{}", fields.names[place]),
        _ => format!("{name}.{place}"),
    }
}
