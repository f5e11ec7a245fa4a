//! A function called on the input of a message, as often as that asks for, each run timed.

use super::arrays::Array;
use ndc::{Element, Function, FunctionBuilder, Input, Program, Tensor, Workspace};
use serde_json::Value;
use std::time::Instant;

/// What is to be evaluated.
pub struct Call<'a> {
    pub program: &'a Program,
    pub input: &'a Value,
}

/// The output of a function, and how long each run took.
pub struct Outcome {
    pub output: Output,
    pub nanoseconds: Vec<u64>,
}

/// What a function gives.
pub enum Output {
    /// Numbers row by row, written as lists of lists.
    Reals {
        shape: Vec<usize>,
        elements: Vec<f64>,
    },
    Integers(Vec<i64>),
    Integer(i64),
    Fields(Vec<(&'static str, Output)>),
}

/// The greatest size that is made from a number of an input; more is taken for a mistake.
const MOST: u64 = 1 << 30;

impl<'a> Call<'a> {
    fn field(&self, name: &str) -> Result<&'a Value, String> {
        self.input.get(name).ok_or_else(|| format!("the input has no `{name}`"))
    }

    /// The fields of an object in the input.
    pub fn inner(&self, name: &str) -> Result<Call<'a>, String> {
        Ok(Call { program: self.program, input: self.field(name)? })
    }

    /// An array or number of the input.
    pub fn array(&self, name: &str) -> Result<Array, String> {
        Array::parse(name, self.field(name)?)
    }

    /// The whole input as a number or array.
    pub fn whole(&self) -> Result<Array, String> {
        Array::parse("input", self.input)
    }

    /// A size in the input.
    pub fn size(&self, name: &str) -> Result<usize, String> {
        let size = self.field(name)?.as_u64().filter(|size| *size <= MOST);
        size.map(|size| size as usize).ok_or_else(|| format!("`{name}` is no size"))
    }

    /// Whether a field holds `true`.
    pub fn holds(&self, name: &str) -> bool {
        self.input.get(name) == Some(&Value::Bool(true))
    }

    /// Asks for a function of the program.
    pub fn ask(&self, function: &str) -> Question<'a> {
        Question { builder: self.program.function(function), arguments: Vec::new(), runs: self.runs() }
    }

    /// Asks for a function whose arguments are fields of the input.
    pub fn ask_with(&self, function: &str, names: &[&'static str]) -> Result<Question<'a>, String> {
        names.iter().try_fold(self.ask(function), |question, name| Ok(question.argument(name, self.array(name)?)))
    }

    fn runs(&self) -> Result<Runs, String> {
        let number = |name: &str| match self.input.get(name) {
            None => Ok(0.0),
            Some(value) => value.as_f64().ok_or_else(|| format!("`{name}` is no number")),
        };
        Ok(Runs { least: number("min_runs")?.max(1.0), seconds: number("min_seconds")? })
    }
}

/// How often a function is run.
#[derive(Clone, Copy)]
struct Runs {
    least: f64,
    seconds: f64,
}

/// A function that is asked for, with its arguments.
pub struct Question<'a> {
    builder: FunctionBuilder<'a>,
    arguments: Vec<(&'static str, Array)>,
    runs: Result<Runs, String>,
}

impl<'a> Question<'a> {
    /// With an argument.
    pub fn argument(mut self, name: &'static str, array: Array) -> Self {
        if !array.shape.is_empty() {
            self.builder = self.builder.shape(name, &array.shape);
        }
        self.arguments.push((name, array));
        self
    }

    /// With more that is asked of the function.
    pub fn wanting(mut self, add: impl FnOnce(FunctionBuilder<'a>) -> FunctionBuilder<'a>) -> Self {
        self.builder = add(self.builder);
        self
    }

    /// The gradient with respect to some arguments.
    pub fn gradient(self, names: &[&str]) -> Self {
        self.wanting(|builder| builder.with_respect_to(names).gradient())
    }

    /// Compiles, unless the same was compiled before.
    pub fn compile(self) -> Result<Ready, String> {
        let function = self.builder.compile().map_err(|error| error.to_string())?;
        let inputs = function.signature().inputs().iter().map(|port| {
            let argument = self.arguments.iter().find(|(name, _)| *name == port.name());
            let (_, array) = argument.ok_or_else(|| format!("`{}` is not given", port.name()))?;
            tensor(array, port.element())
        });
        Ok(Ready { inputs: inputs.collect::<Result<_, _>>()?, runs: self.runs?, function })
    }

    /// Compiles and runs; the outputs are those of the function in order.
    pub fn run(self) -> Result<(Vec<Output>, Vec<u64>), String> {
        let ready = self.compile()?;
        let mut results: Vec<(Vec<usize>, Vec<f64>)> = Vec::new();
        for port in ready.function.signature().outputs() {
            results.push((port.shape().to_vec(), vec![0.0; port.count()]));
        }
        let mut places: Vec<&mut dyn ndc::Output> =
            results.iter_mut().map(|(_, elements)| elements as &mut dyn ndc::Output).collect();
        let nanoseconds =
            ready.time(|function, workspace, inputs| function.call_into(workspace, inputs, &mut places))?;
        let outputs = results.into_iter().map(|(shape, elements)| Output::Reals { shape, elements });
        Ok((outputs.collect(), nanoseconds))
    }

    /// Compiles and runs a function with one output.
    pub fn outcome(self) -> Result<Outcome, String> {
        let (mut outputs, nanoseconds) = self.run()?;
        Ok(Outcome { output: outputs.remove(0), nanoseconds })
    }
}

fn tensor(array: &Array, element: Element) -> Result<Tensor, String> {
    let made = match element {
        Element::I64 => {
            let integers: Vec<i64> = array.elements.iter().map(|each| *each as i64).collect();
            Tensor::new(&array.shape, &integers)
        }
        _ => Tensor::new(&array.shape, &array.elements),
    };
    made.ok_or_else(|| "an array has another number of elements than its shape".to_string())
}

/// A compiled function with its arguments.
pub struct Ready {
    pub function: Function,
    inputs: Vec<Tensor>,
    runs: Runs,
}

impl Ready {
    /// Runs until there were enough runs and enough time has passed in them. The nanoseconds of each.
    pub fn time(
        &self,
        mut run: impl FnMut(&Function, &mut Workspace, &[&dyn Input]) -> Result<(), ndc::Error>,
    ) -> Result<Vec<u64>, String> {
        let inputs: Vec<&dyn Input> = self.inputs.iter().map(|input| input as &dyn Input).collect();
        let mut workspace = self.function.workspace();
        let (mut nanoseconds, mut seconds) = (Vec::new(), 0.0);
        while (nanoseconds.len() as f64) < self.runs.least || seconds < self.runs.seconds {
            let begun = Instant::now();
            run(&self.function, &mut workspace, &inputs).map_err(|error| error.to_string())?;
            let taken = begun.elapsed();
            seconds += taken.as_secs_f64();
            nanoseconds.push(taken.as_nanos() as u64);
        }
        Ok(nanoseconds)
    }
}
