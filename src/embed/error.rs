//! What goes wrong for a program that embeds nd.

use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{MessageFormat, render};
use crate::source::SourceMap;
use std::fmt;

/// What went wrong. As text it is the messages in full, with the lines of the program that they are about.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program is not one of nd, or a question about it has no answer.
    #[error("{0}")]
    Source(Diagnostics),
    /// Its data cannot be used.
    #[error("{0}")]
    Data(Diagnostics),
    /// Sizes, names or types do not fit what was compiled; with the signature.
    #[error("{0}")]
    Bind(Diagnostics),
    /// A file cannot be read or written.
    #[error("{0}")]
    Io(Diagnostics),
    /// A computation failed: an index outside, an overflow of integers, a loss that is no number; with the place.
    #[error("{0}")]
    Numeric(Diagnostics),
    /// A mistake of ndc.
    #[error("{0}")]
    Internal(Diagnostics),
}

impl Error {
    /// The messages.
    pub fn diagnostics(&self) -> &Diagnostics {
        match self {
            Error::Source(all)
            | Error::Data(all)
            | Error::Bind(all)
            | Error::Io(all)
            | Error::Numeric(all)
            | Error::Internal(all) => all,
        }
    }

    /// The codes of the messages, such as `E0204`, which `ndc explain` explains.
    pub fn codes(&self) -> Vec<&'static str> {
        self.diagnostics().codes()
    }

    /// Messages about some texts, by the kind of the first.
    pub(super) fn new(list: Vec<Diagnostic>, sources: &SourceMap) -> Self {
        let code = list.iter().find(|each| each.is_error()).map_or("E0999", |first| first.code);
        let all = Diagnostics::new(list, sources);
        match &code[..3] {
            "E05" => Error::Data(all),
            "E07" => Error::Numeric(all),
            "E08" => Error::Io(all),
            "E09" if code == "E0999" => Error::Internal(all),
            "E09" => Error::Bind(all),
            _ => Error::Source(all),
        }
    }

    /// A message without a place.
    pub(crate) fn bare(diagnostic: Diagnostic) -> Self {
        Error::new(vec![diagnostic], &SourceMap::default())
    }
}

/// Messages, in the order of their places.
#[derive(Clone)]
pub struct Diagnostics(Box<Messages>);

#[derive(Clone)]
struct Messages {
    list: Vec<Diagnostic>,
    sources: SourceMap,
    text: String,
    lines: String,
}

impl Diagnostics {
    pub(super) fn new(list: Vec<Diagnostic>, sources: &SourceMap) -> Self {
        let text = render(&list, sources, MessageFormat::Full, false);
        let lines = render(&list, sources, MessageFormat::Short, false);
        Diagnostics(Box::new(Messages { list, sources: sources.clone(), text, lines }))
    }

    /// The messages with all that they say.
    pub(crate) fn list(&self) -> &[Diagnostic] {
        &self.0.list
    }

    /// The texts that the messages are about.
    pub(crate) fn sources(&self) -> &SourceMap {
        &self.0.sources
    }

    /// The code of each message.
    pub fn codes(&self) -> Vec<&'static str> {
        self.0.list.iter().map(|message| message.code).collect()
    }

    /// The message of each as one sentence.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.0.list.iter().map(|message| message.message.as_str())
    }

    /// One line for each: `model.nd:3:9: error[E0204]: …`.
    pub fn lines(&self) -> &str {
        &self.0.lines
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.text.trim_end())
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\n{self}")
    }
}
