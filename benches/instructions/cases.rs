//! What is counted: making native code, steps of the rows of `benches/peers`, and functions that are one kernel each.

use crate::folder::repository;
use crate::ours::Ours;
use crate::rows::{ROWS, Way};
use crate::values;
use ndc::check::Options;
use ndc::codegen::BoundCall;
use ndc::data::FileLoader;
use ndc::session::native;
use ndc::subject::{Request, open};

/// The rows whose programs are compiled.
const COMPILED: &[&str] = &["b iris", "hodgkin-huxley", "lstm", "attention"];

/// Rows that take too long below `valgrind`, or are others again.
const LEFT_OUT: &[&str] = &["e mlp adam t2", "l product 1024", "wave 1e7", "gmm d64 k50"];

/// The functions of `kernels.nd`, with the size of their arguments.
const KERNELS: &[(&str, i64)] = &[
    ("add", 4096),
    ("divide", 4096),
    ("exponential", 4096),
    ("logarithm", 4096),
    ("hyperbolic_tangent", 4096),
    ("sine", 4096),
    ("power", 4096),
    ("total", 4096),
    ("column_totals", 64),
    ("transposed", 64),
    ("product", 64),
    ("product_of_transposed", 64),
    ("matrix_vector", 64),
    ("chosen_rows", 64),
    ("greatest", 4096),
    ("factors", 32),
    ("probabilities", 64),
];

/// A case.
pub struct Case {
    /// Its name in the file.
    pub name: String,
    what: What,
}

enum What {
    Compilation(usize),
    Step(usize),
    Kernel(&'static str, i64),
}

/// All cases.
pub fn all() -> Vec<Case> {
    let rows = || ROWS.iter().enumerate();
    let compiled = rows().filter(|(_, row)| COMPILED.contains(&row.name));
    let compiled = compiled.map(|(place, row)| (format!("compile {}", row.name), What::Compilation(place)));
    let steps = rows().filter(|(_, row)| row.way != Way::Run && !LEFT_OUT.contains(&row.name));
    let steps = steps.map(|(place, row)| (format!("step {}", row.name), What::Step(place)));
    let kernels = KERNELS.iter().map(|(name, size)| (format!("kernel {name} {size}"), What::Kernel(name, *size)));
    compiled.chain(steps).chain(kernels).map(|(name, what)| Case { name, what }).collect()
}

impl Case {
    /// What it does, ready to be done.
    pub fn work(&self) -> Box<dyn FnMut()> {
        match self.what {
            What::Compilation(row) => Box::new(move || drop(Ours::new(&ROWS[row], None))),
            What::Step(row) => {
                let mut ours = Ours::new(&ROWS[row], None);
                Box::new(move || ours.step())
            }
            What::Kernel(name, size) => {
                let mut call = kernel(name, size);
                Box::new(move || call.run().expect("a run"))
            }
        }
    }
}

/// A function of `kernels.nd` on sample values.
fn kernel(name: &str, size: i64) -> BoundCall {
    let path = repository().join("benches/instructions/kernels.nd");
    let sizes = [("n".to_string(), size)];
    let request = Request { of: name, at: None, sizes: &sizes };
    let subject = open(&path, request, &mut FileLoader::new(), Options::default());
    let subject = subject.unwrap_or_else(|failure| panic!("{name}: {:?}", failure.diagnostics));
    let executable = native::executable(&subject.graph).expect("native code");
    let mut call = BoundCall::new(executable.clone());
    for (place, port) in executable.inputs().iter().enumerate() {
        let sample = values::sample(port, false);
        call.input_mut(place).copy_from_slice(sample.batches(&port.ty)[0]);
    }
    call
}
