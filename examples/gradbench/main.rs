//! ndc as a tool of GradBench: reads its messages from standard input, a line each, and answers on standard output.
//!
//! `cargo run --release --example gradbench`. With `--multithreaded` large tensors are divided among all processors; without it
//! everything runs on one thread.

mod tool;

use std::io::{self, Write};

fn main() -> io::Result<()> {
    if !std::env::args().any(|word| word == "--multithreaded") {
        ndc::set_threads(1);
    }
    let answers = io::BufWriter::new(io::stdout().lock());
    match tool::serve(io::stdin().lock(), answers, &mut io::stderr().lock()) {
        // The other side has read what it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.and_then(|()| io::stderr().flush()),
    }
}
