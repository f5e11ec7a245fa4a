//! The protocol of GradBench over the programs of this folder: a JSON message a line, each answered by a line with its `id`.

mod arrays;
mod ba;
mod call;
mod det;
mod evals;
mod ht;
mod message;

use call::Call;
use evals::{EVALS, Eval};
use message::{Answer, Kind, Message};
use ndc::Program;
use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::path::Path;

/// Answers messages until there are no more. What is no message at all is told in `notes`.
pub fn serve(mut messages: impl BufRead, mut answers: impl Write, notes: &mut impl Write) -> io::Result<()> {
    let mut tool = Tool::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        if messages.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match Message::parse(&line) {
            Ok(message) => {
                tool.answer(message).write(&mut answers)?;
                answers.write_all(b"\n")?;
                answers.flush()?;
            }
            Err(reason) => writeln!(notes, "this line is no message: {reason}")?,
        }
    }
}

/// The programs that were read; each keeps what was compiled of it, by size.
#[derive(Default)]
struct Tool {
    programs: HashMap<&'static str, Program>,
}

impl Tool {
    fn answer(&mut self, message: Message) -> Answer {
        let Message { id, kind } = message;
        let result = match kind {
            Kind::Other => return Answer::Received { id },
            Kind::Start => return Answer::Started { id },
            Kind::Define { module } => self.program(&module).map(|_| None),
            Kind::Evaluate { module, function, input } => self.evaluate(&module, &function, &input).map(Some),
            Kind::Wrong(reason) => Err(reason),
        };
        match result {
            Ok(outcome) => Answer::Success { id, outcome },
            Err(error) => Answer::Failure { id, error },
        }
    }

    /// The eval of a module and its program, which is read when it is first asked for.
    fn program(&mut self, module: &str) -> Result<(&'static Eval, &Program), String> {
        let eval = EVALS.iter().find(|eval| eval.module == module);
        let eval = eval.ok_or_else(|| format!("there is no module `{module}`"))?;
        if !self.programs.contains_key(eval.module) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gradbench");
            let program = Program::from_file(folder.join(eval.program)).map_err(|error| error.to_string())?;
            self.programs.insert(eval.module, program);
        }
        Ok((eval, &self.programs[eval.module]))
    }

    fn evaluate(&mut self, module: &str, function: &str, input: &serde_json::Value) -> Result<call::Outcome, String> {
        let (eval, program) = self.program(module)?;
        let found = eval.functions.iter().find(|(name, _)| *name == function);
        let (_, evaluate) = found.ok_or_else(|| format!("the module `{module}` has no function `{function}`"))?;
        evaluate(&Call { program, input })
    }
}
