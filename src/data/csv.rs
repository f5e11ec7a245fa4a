//! Files of delimited text.

use super::excerpt::excerpt;
use super::layout::Place;
use super::loader::{Place as File, source_of};
use super::reader::{self, Parsed, Refusal, Wrong};
use super::text;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::data as errors;
use crate::source::{SourceMap, Span};

/// The table in the bytes of a file, with the part of the text that messages show.
pub(super) fn read(
    bytes: Vec<u8>,
    delimiter: Option<u8>,
    file: File<'_>,
    sources: &mut SourceMap,
) -> Result<Parsed, Box<Diagnostic>> {
    let shown = file.shown();
    let text = text::decode(bytes).map_err(|detail| errors::not_text(&shown, &detail, file.used))?;
    let parsed = reader::parse(&file.name(), &text, delimiter).map_err(|refusal| match refusal {
        Refusal::NoRows(detail) => errors::no_rows(&shown, detail, file.used),
        Refusal::At(place, wrong) => refused(file, &text, place, &wrong, sources),
    })?;
    Ok(parsed)
}

/// The message about a place in a file, which is entered for it.
fn refused(file: File<'_>, text: &str, place: Place, wrong: &Wrong, sources: &mut SourceMap) -> Diagnostic {
    let (shown, ranges) = excerpt(text, &[place]);
    let source = source_of(file, &shown, sources);
    let range = ranges.into_iter().next().unwrap_or_default();
    wrong.diagnostic(place.line, Span::new(source, range.start, range.end), file.used)
}
