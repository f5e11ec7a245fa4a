//! Files of comma-separated values.

use super::excerpt::excerpt;
use super::layout::Place;
use super::reader::{self, Parsed, Refusal, Wrong};
use super::text::{self, NoText};
use crate::check::table::{RawTable, TableLoader};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::data as errors;
use crate::source::{SourceId, SourceMap, Span};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Reads files of comma-separated values from disk, each file once as long as it does not change.
///
/// The loader may outlive a [`SourceMap`]: a file is entered into each map that it is used with, once.
#[derive(Debug, Default)]
pub struct FileLoader {
    /// By the files' own paths, whatever path leads there.
    files: HashMap<PathBuf, Entry>,
}

/// A file that has been read.
#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    excerpt: String,
    /// The source that the table's spans point into.
    source: SourceId,
    table: Arc<RawTable>,
    /// A hash of its text.
    hash: blake3::Hash,
}

/// What tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl FileLoader {
    /// A loader that has read nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A hash of the paths and texts of all files that were read.
    pub fn fingerprint(&self) -> [u8; blake3::OUT_LEN] {
        let mut files: Vec<(&PathBuf, &blake3::Hash)> =
            self.files.iter().map(|(path, entry)| (path, &entry.hash)).collect();
        files.sort_unstable_by_key(|(path, _)| *path);
        let mut all = blake3::Hasher::new();
        for (path, hash) in files {
            all.update(blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes());
            all.update(hash.as_bytes());
        }
        *all.finalize().as_bytes()
    }
}

impl TableLoader for FileLoader {
    fn csv(&mut self, path: &Path, span: Span, sources: &mut SourceMap) -> Result<Arc<RawTable>, Box<Diagnostic>> {
        let stamp = stamp(path);
        let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if let Some(entry) = self.files.get_mut(&file)
            && Some(entry.stamp) == stamp
        {
            entry.enter(path, &file, sources);
            return Ok(entry.table.clone());
        }
        let (Parsed { table, excerpt }, hash) = read(path, &file, span, sources)?;
        let mut entry = Entry {
            stamp: stamp.unwrap_or(Stamp { length: 0, modified: None }),
            excerpt,
            source: SourceId::default(),
            table: Arc::new(table),
            hash,
        };
        entry.enter(path, &file, sources);
        let table = entry.table.clone();
        self.files.insert(file, entry);
        Ok(table)
    }
}

impl Entry {
    /// Makes the table's spans point into `sources`.
    fn enter(&mut self, path: &Path, file: &Path, sources: &mut SourceMap) {
        let source = source_of(path, file, &self.excerpt, sources);
        if source == self.source {
            return;
        }
        self.source = source;
        for column in &mut Arc::make_mut(&mut self.table).columns {
            if let Some(header) = &mut column.header {
                header.source = source;
            }
            if let Err(problem) = &mut column.values {
                problem.place.source = source;
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp { length: metadata.len(), modified: metadata.modified().ok() })
}

/// Reads a file, with a hash of its text, or says in a message why not.
fn read(
    path: &Path,
    file: &Path,
    span: Span,
    sources: &mut SourceMap,
) -> Result<(Parsed, blake3::Hash), Box<Diagnostic>> {
    let shown = path.display().to_string();
    let text = text::read(path).map_err(|problem| match problem {
        NoText::Unreadable(reason) => errors::cannot_open(&shown, &reason, span),
        NoText::NotText(detail) => errors::not_text(&shown, &detail, span),
    })?;
    let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
    let parsed = reader::parse(&name, &text).map_err(|refusal| match refusal {
        Refusal::NoRows => errors::no_rows(&shown, span),
        Refusal::At(place, wrong) => refused(path, file, &text, place, &wrong, span, sources),
    })?;
    Ok((parsed, blake3::hash(text.as_bytes())))
}

/// The message about a place in a file, which is entered for it.
fn refused(
    path: &Path,
    file: &Path,
    text: &str,
    place: Place,
    wrong: &Wrong,
    used: Span,
    sources: &mut SourceMap,
) -> Diagnostic {
    let (shown, ranges) = excerpt(text, &[place]);
    let source = source_of(path, file, &shown, sources);
    let range = ranges.into_iter().next().unwrap_or_default();
    wrong.diagnostic(place.line, Span::new(source, range.start, range.end), used)
}

/// The source with this excerpt of a file; it is added if it is not there.
fn source_of(path: &Path, file: &Path, excerpt: &str, sources: &mut SourceMap) -> SourceId {
    let known = sources.iter().find(|(_, source)| source.path.as_deref() == Some(file) && source.text == excerpt);
    match known.map(|(id, _)| id) {
        Some(id) => id,
        None => sources.add(path.display().to_string(), Some(file.to_path_buf()), excerpt),
    }
}
