//! **ndc**, the compiler of nd, for programs in Rust: functions and their derivatives are written in nd, a small language
//! for differentiable programs, and called as native code.
//!
//! ```
//! // The mean squared error of a line through points.
//! let text = "fn loss(x: [n, d], y: [n], w: [d]) = mean((x @ w - y)^2)";
//! let program = ndc::Program::from_text("fit.nd", text)?;
//!
//! // Sizes are fixed when a function is compiled; here they follow from a shape.
//! let loss = program.function("loss").shape("x", &[4, 2]).with_respect_to(["w"]).value_and_gradient().compile()?;
//! println!("{}", loss.signature());
//! // loss(x: f64[4, 2], y: f64[4], w: f64[2]) -> (value: f64, gradient.w: f64[2])
//!
//! // Calls write into memory of the caller and allocate nothing.
//! let x = [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]];
//! let y = [1.0, 3.0, 5.0, 7.0];
//! let (mut w, mut value, mut gradient) = ([0.0f64; 2], 0.0, [0.0; 2]);
//! let mut workspace = loss.workspace();
//! for _ in 0..1000 {
//!     loss.call_into(&mut workspace, &[&x, &y, &w], &mut [&mut value, &mut gradient])?;
//!     w.iter_mut().zip(gradient).for_each(|(w, slope)| *w -= 0.1 * slope);
//! }
//! assert!((w[0] - 1.0).abs() < 1e-6 && (w[1] - 2.0).abs() < 1e-6);
//! # Ok::<(), ndc::Error>(())
//! ```
//!
//! # A tour
//!
//! - [`Program::from_file`] and [`Program::from_text`] read and check a program; [`Options`] say precision, seed, and other values
//!   for constants and settings.
//! - [`Program::function`] asks for a function, a model, or any expression that is one; [`Program::loss`] for the loss of a `train`
//!   block over its data.
//! - The [`FunctionBuilder`] takes sizes and shapes, what derivatives are by, and what is wanted: value, gradient, products with the
//!   Jacobian from either side, Jacobian, Hessian, its products. The same question is compiled once for a program.
//! - A [`Function`] is `Send + Sync` and cheap to clone. [`Function::call_into`] takes whatever has elements in a row (numbers, slices,
//!   arrays, vectors, [`Tensor`]s: an [`Input`] or [`Output`]), [`Function::call_record`] tensors by name.
//! - A [`Kernel`] is a function on flat slices, `fn(&[f64], &mut [f64]) -> f64`, as optimisers, samplers and solvers call it.
//! - Parameters are read, set, saved and loaded by name: [`Program::parameter`], [`Program::set_parameter`], [`Program::save`],
//!   [`Program::load`].
//! - [`Program::train`] runs a `train` block; [`Training`] does its steps one at a time.
//!
//! # Models and training
//!
//! ```
//! let text = "
//! param w = 0.0
//! param b = 0.0
//! fn predict(x) = w * x + b
//! train {
//!     loss      = mean((predict(i) - 2 * i - 1)^2 for i in 0..3)
//!     optimizer = sgd(lr = 0.2)
//!     steps     = 1000
//! }
//! ";
//! let mut program = ndc::Program::from_text("line.nd", text)?;
//! program.train(None)?;
//! assert!((program.parameters()?.number("w")? - 2.0).abs() < 1e-6);
//!
//! // What is compiled now holds the parameters as they are now.
//! let predict = program.function("predict").compile()?;
//! assert!((predict.call(&[&10.0])?.number("value")? - 21.0).abs() < 1e-5);
//! # Ok::<(), ndc::Error>(())
//! ```
//!
//! # Errors
//!
//! What is wrong with a program is an [`Error`] with the messages that `ndc check` prints; what does not fit a compiled function
//! is one with its signature.
//!
//! ```
//! let wrong = ndc::Program::from_text("wrong.nd", "fn f(x: [3]) = x + [1, 2]").unwrap_err();
//! assert_eq!(wrong.codes(), ["E0203"]);
//!
//! let program = ndc::Program::from_text("sum.nd", "fn total(x: [3]) = sum(x)")?;
//! let total = program.function("total").compile()?;
//! let error = total.call(&[&[1.0, 2.0]]).unwrap_err();
//! assert!(error.to_string().starts_with("error[E0920]: `x` is f64[3], but 2 elements were given"));
//! assert!(error.to_string().contains("the function is total(x: f64[3]) -> (value: f64)"));
//! # Ok::<(), ndc::Error>(())
//! ```
//!
//! # Without the compiler
//!
//! Functions can be compiled ahead of time (`ndc build`). With `default-features = false` this library is what such code needs where
//! it runs, and no more.

#[cfg(feature = "compiler")]
pub mod build;
#[cfg(feature = "compiler")]
mod embed;

#[cfg(feature = "compiler")]
pub use embed::{
    Diagnostics, Element, Error, Function, FunctionBuilder, Input, Kernel, Options, Output, Port, Precision, Program,
    Record, Signature, Tensor, TensorData, Training, View, ViewMut, Workspace, set_threads,
};

pub use native::built;

/// The functions of a program that the build script compiled ([`build::compile`](https://docs.rs/nd-lang)): the content of a module.
///
/// ```ignore
/// mod model {
///     ndc::include_model!("model");
/// }
/// ```
#[macro_export]
macro_rules! include_model {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}

#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod adjoint;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod autodiff;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod cache;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod chart;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod check;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod checkpoint;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod cli;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod codegen;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod data;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod diagnostics;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod doc;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod driver;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod eval;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod gradcheck;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod imports;
#[doc(hidden)]
pub mod ir;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod library;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod lower;
#[doc(hidden)]
pub mod native;
#[doc(hidden)]
pub mod ops;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod optimize;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod overrides;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod page;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod picture;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod profile;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod report;
#[doc(hidden)]
pub mod runtime;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod schedule;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod session;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod subject;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod survey;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod syntax;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod train;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod trained;
#[doc(hidden)]
#[cfg(feature = "compiler")]
pub mod transcribe;

/// The listings of the book's chapter about embedding.
#[cfg(doctest)]
#[doc = include_str!("../docs/book/src/embedding.md")]
struct Book;
