//! Reads data files from disk, each once as long as it does not change.

use super::array::Fault;
use super::contents::{Contents, Unopened};
use super::excerpt::excerpt;
use super::reader::{self, Parsed};
use super::safetensors::Named;
use super::{csv, idx, npy, npz, safetensors, text};
use crate::check::raw::{Bytes, RawValues};
use crate::check::table::{CellProblem, CellProblemKind, Format, RawColumn, RawTable, TableLoader};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{data as errors, sources as binary};
use crate::source::{SourceId, SourceMap, Span};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Reads data files from disk, each once as long as it does not change.
///
/// The loader may outlive a [`SourceMap`]: a text is entered into each map that it is used with, once.
#[derive(Debug, Default)]
pub struct FileLoader {
    /// By the files' own paths, whatever path leads there, and by how they were read.
    files: HashMap<(PathBuf, Format), Entry>,
}

/// A file that has been read.
#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    /// What messages may show of a text.
    excerpt: Option<String>,
    /// The source that the table's spans point into.
    source: SourceId,
    table: Arc<RawTable>,
    /// A hash of its content.
    hash: blake3::Hash,
}

/// What tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

/// A file and where the program names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The path as the program leads there.
    pub path: &'a Path,
    /// The file's own path.
    pub file: &'a Path,
    /// Where the program names it.
    pub used: Span,
}

impl Place<'_> {
    /// The path as messages show it.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// The file's name without its folder.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(|| self.shown(), |name| name.to_string_lossy().into_owned())
    }
}

impl FileLoader {
    /// A loader that has read nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The files that were read, some perhaps by several formats.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.files.keys().map(|(path, _)| path.clone()).collect();
        paths.sort_unstable();
        paths
    }

    /// A hash of the paths and contents of all files that were read.
    pub fn fingerprint(&self) -> [u8; blake3::OUT_LEN] {
        let mut files: Vec<(&PathBuf, &'static str, &blake3::Hash)> =
            self.files.iter().map(|((path, format), entry)| (path, format.name(), &entry.hash)).collect();
        files.sort_unstable_by_key(|(path, format, _)| (*path, *format));
        let mut all = blake3::Hasher::new();
        for (path, format, hash) in files {
            all.update(blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes());
            all.update(blake3::hash(format.as_bytes()).as_bytes());
            all.update(hash.as_bytes());
        }
        *all.finalize().as_bytes()
    }
}

impl TableLoader for FileLoader {
    fn load(
        &mut self,
        path: &Path,
        format: Format,
        span: Span,
        sources: &mut SourceMap,
    ) -> Result<Arc<RawTable>, Box<Diagnostic>> {
        let stamp = stamp(path);
        let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let place = Place { path, file: &file, used: span };
        let key = (file.clone(), format);
        if let Some(entry) = self.files.get_mut(&key)
            && Some(entry.stamp) == stamp
        {
            entry.enter(place, sources);
            return Ok(entry.table.clone());
        }
        let stamp = stamp.unwrap_or(Stamp { length: 0, modified: None });
        let mut entry = read(place, format, stamp, sources)?;
        entry.enter(place, sources);
        let table = entry.table.clone();
        self.files.insert(key, entry);
        Ok(table)
    }

    fn cell(
        &mut self,
        table: &Arc<RawTable>,
        column: usize,
        row: usize,
        sources: &mut SourceMap,
    ) -> Option<(usize, Span)> {
        #[allow(clippy::iter_over_hash_type, reason = "at most one is this table")]
        let ((file, format), _) = self.files.iter().find(|(_, entry)| Arc::ptr_eq(&entry.table, table))?;
        let Format::Csv { delimiter } = format else { return None };
        let text = text::decode(Contents::read(file, false).ok()?.into_bytes()).ok()?;
        let at = reader::place_of(&text, *delimiter, row, column)?;
        let (shown, ranges) = excerpt(&text, &[at]);
        let place = Place { path: file, file, used: Span::default() };
        let source = source_of(place, &shown, sources);
        let range = ranges.into_iter().next()?;
        Some((at.line, Span::new(source, range.start, range.end)))
    }
}

impl Entry {
    /// Makes the table's spans point into `sources`.
    fn enter(&mut self, place: Place<'_>, sources: &mut SourceMap) {
        let Some(excerpt) = &self.excerpt else { return };
        let source = source_of(place, excerpt, sources);
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
            if let Some(cells) = &mut column.cells {
                Arc::make_mut(cells).problems.iter_mut().for_each(|problem| problem.place.source = source);
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp { length: metadata.len(), modified: metadata.modified().ok() })
}

/// Reads a file, or says in a message why not.
fn read(place: Place<'_>, format: Format, stamp: Stamp, sources: &mut SourceMap) -> Result<Entry, Box<Diagnostic>> {
    let shown = place.shown();
    let in_place = !matches!(format, Format::Csv { .. });
    let contents = Contents::read(place.path, in_place).map_err(|problem| match problem {
        Unopened::Unreadable(reason) => errors::cannot_open(&shown, &reason, place.used),
        Unopened::Compressed(problem) => binary::damaged_compression(&shown, &problem, place.used),
    })?;
    let hash = blake3::hash(contents.as_ref());
    let (table, excerpt) = match format {
        Format::Csv { delimiter } => {
            let Parsed { table, excerpt } = csv::read(contents.into_bytes(), delimiter, place, sources)?;
            (table, Some(excerpt))
        }
        _ => {
            let columns = arrays(&contents.shared(), format).map_err(|fault| match fault {
                Fault::Broken(at, problem) => binary::broken_file(&shown, format.name(), at, &problem, place.used),
                Fault::NoNumbers(what) => binary::no_numbers(&shown, &what, place.used),
            })?;
            if columns.is_empty() {
                return Err(Box::new(errors::no_rows(&shown, "it has no arrays", place.used)));
            }
            let rows = columns.iter().find_map(|(_, values)| values.as_ref().ok()).map_or(0, RawValues::rows);
            let columns = columns.into_iter().map(column).collect();
            (RawTable { name: place.name(), columns, rows }, None)
        }
    };
    Ok(Entry { stamp, excerpt, source: SourceId::default(), table: Arc::new(table), hash })
}

/// The arrays of a binary file, with their names.
fn arrays(bytes: &Bytes, format: Format) -> Result<Vec<Named>, Fault> {
    Ok(match format {
        Format::Npz => npz::read(bytes)?,
        Format::Safetensors => safetensors::read(bytes)?,
        Format::Npy => vec![("values".to_string(), Ok(npy::read(bytes, 0..(**bytes).as_ref().len())?))],
        Format::Idx | Format::Csv { .. } => {
            let values = idx::read(bytes)?;
            let name = if values.entry_shape().is_empty() { "label" } else { "pixels" };
            vec![(name.to_string(), Ok(values))]
        }
    })
}

fn column((name, values): Named) -> RawColumn {
    let whole = values.as_ref().is_ok_and(RawValues::is_whole);
    let no_numbers =
        |what| CellProblem { kind: CellProblemKind::NoNumbers, cell: what, line: 0, place: Span::default() };
    RawColumn { name, header: None, values: values.map_err(no_numbers), whole, cells: None, labels: Arc::default() }
}

/// The source with this excerpt of a file; it is added if it is not there.
pub(super) fn source_of(place: Place<'_>, excerpt: &str, sources: &mut SourceMap) -> SourceId {
    let is_it = |path: Option<&Path>, text: &str| path == Some(place.file) && text == excerpt;
    let known = sources.iter().find(|(_, source)| is_it(source.path.as_deref(), &source.text));
    match known.map(|(id, _)| id) {
        Some(id) => id,
        None => sources.add(place.shown(), Some(place.file.to_path_buf()), excerpt),
    }
}
