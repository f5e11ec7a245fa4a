//! Questions: which function, at which sizes, and what of it.

use super::compiled::{Compiled, compile};
use super::program::Program;
use super::{Error, Function, Record};
use crate::runtime::Tensor;
use std::sync::Arc;

/// What is compiled.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Of {
    /// A function, a model, or an expression that is one.
    Function(String),
    /// The loss of a training.
    Loss(Option<String>),
}

/// What is computed of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Wanted {
    Value,
    Gradient,
    Jvp,
    Vjp,
    Jacobian,
    Hessian,
    HessianProduct,
}

/// All that decides the code.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Question {
    pub of: Of,
    pub sizes: Vec<(String, i64)>,
    pub shapes: Vec<(String, Vec<usize>)>,
    pub examples: Option<usize>,
    /// What is differentiated by, if that is said.
    pub by: Option<Vec<String>>,
    /// In the order of the results.
    pub wanted: Vec<Wanted>,
    /// Inputs that are held at a given value.
    pub held: Vec<String>,
    /// Inputs with a value that calls bring nevertheless.
    pub free: Vec<String>,
}

/// Asks for a function of a [`Program`]: say sizes and what is to be computed, then [`compile`](FunctionBuilder::compile).
///
/// Results come in the order in which they are asked for; asking for none asks for the value. Each may be combined with
/// each: `.value().jvp()` gives the value and its change along a direction.
#[derive(Clone, Debug)]
#[must_use = "nothing is compiled before `compile`"]
pub struct FunctionBuilder<'p> {
    pub(super) program: &'p Program,
    pub(super) question: Question,
    pub(super) held: Record,
}

impl<'p> FunctionBuilder<'p> {
    pub(super) fn new(program: &'p Program, of: Of) -> Self {
        let question = Question {
            of,
            sizes: Vec::new(),
            shapes: Vec::new(),
            examples: None,
            by: None,
            wanted: Vec::new(),
            held: Vec::new(),
            free: Vec::new(),
        };
        FunctionBuilder { program, question, held: Record::new() }
    }

    /// The value of a size variable of the signature.
    pub fn size(mut self, name: &str, value: usize) -> Self {
        self.question.sizes.retain(|(each, _)| each != name);
        self.question.sizes.push((name.to_string(), i64::try_from(value).unwrap_or(i64::MAX)));
        self
    }

    /// The shape of an argument. Without a type in the signature the argument is a tensor of reals; sizes that the signature
    /// leaves open become those of the shape.
    pub fn shape(mut self, argument: &str, shape: &[usize]) -> Self {
        self.question.shapes.retain(|(each, _)| each != argument);
        self.question.shapes.push((argument.to_string(), shape.to_vec()));
        self
    }

    /// For a loss: over so many examples, which calls bring.
    pub fn examples(mut self, count: usize) -> Self {
        self.question.examples = Some(count);
        self
    }

    /// What derivatives are by: arguments, parameters, or all below a name (`net` for `net.0.W`). A parameter that is named here
    /// becomes an argument. Without this it is all real arguments that calls bring.
    pub fn with_respect_to<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.question.by = Some(names.into_iter().map(|name| name.as_ref().to_string()).collect());
        self
    }

    /// Makes something that would be held an argument: a parameter, an argument with a default value, the data of a loss, or all
    /// below a name.
    pub fn argument(mut self, name: &str) -> Self {
        self.question.free.push(name.to_string());
        self
    }

    /// Holds an argument or parameter at a value: calls do not bring it.
    pub fn hold(mut self, name: &str, value: impl Into<Tensor>) -> Self {
        self.question.held.push(name.to_string());
        self.held.set(name, value);
        self
    }

    /// Asks for the value: `value`, or `value.0`, `value.v` where there are several.
    pub fn value(self) -> Self {
        self.wanting(Wanted::Value)
    }

    /// Asks for the gradient of one real number: `gradient.x` for each `x` that it is by.
    pub fn gradient(self) -> Self {
        self.wanting(Wanted::Gradient)
    }

    /// Asks for both, which share their computations.
    pub fn value_and_gradient(self) -> Self {
        self.value().gradient()
    }

    /// Asks for the product of the Jacobian and a direction: arguments `tangent.x`, result `jvp`.
    pub fn jvp(self) -> Self {
        self.wanting(Wanted::Jvp)
    }

    /// Asks for the product of a covector and the Jacobian: argument `cotangent`, results `vjp.x`.
    pub fn vjp(self) -> Self {
        self.wanting(Wanted::Vjp)
    }

    /// Asks for the Jacobian: results `jacobian.x`, whose axes are those of the value, then those of `x`.
    pub fn jacobian(self) -> Self {
        self.wanting(Wanted::Jacobian)
    }

    /// Asks for the matrix of second derivatives of one real number, in blocks: results `hessian.x.y`.
    pub fn hessian(self) -> Self {
        self.wanting(Wanted::Hessian)
    }

    /// Asks for the product of the matrix of second derivatives and a direction: arguments `tangent.x`, results
    /// `hessian_product.x`.
    pub fn hessian_product(self) -> Self {
        self.wanting(Wanted::HessianProduct)
    }

    fn wanting(mut self, wanted: Wanted) -> Self {
        if !self.question.wanted.contains(&wanted) {
            self.question.wanted.push(wanted);
        }
        self
    }

    /// Compiles, unless the same was compiled before.
    ///
    /// # Errors
    /// When the program has no such function, its sizes are not known, there is no such derivative, or a value that it
    /// holds cannot be computed.
    pub fn compile(self) -> Result<Function, Error> {
        let mut question = self.question;
        if question.wanted.is_empty() {
            question.wanted.push(Wanted::Value);
        }
        let cache = &self.program.source.cache;
        let compiled: Arc<Compiled> = match cache.get(&question, self.program.version()) {
            Some(compiled) => compiled,
            None => {
                let compiled = Arc::new(compile(self.program, &question)?);
                cache.put(question, compiled.clone());
                compiled
            }
        };
        Function::new(compiled, self.program, &self.held)
    }
}
