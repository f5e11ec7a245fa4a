//! The data files of a program whose model is trained: what is kept of them stands in for those that are not needed.

use crate::check::program::{ColumnSource, DataId, Kind, Program};
use crate::check::table::{Format, RawTable, TableLoader};
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::session::data_note::DataNote;
use crate::source::{SourceMap, Span};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A data file, as a program names it.
pub(super) type FileName = (String, Format);

/// Loads what is kept of data files, or the files themselves where their rows are needed or nothing is kept.
pub struct KnownFiles {
    note: Option<DataNote>,
    home: PathBuf,
    /// The files whose rows are needed.
    read: Vec<FileName>,
    loader: FileLoader,
    /// What was given out, so that the same file is the same table.
    given: Vec<(FileName, Arc<RawTable>)>,
}

impl KnownFiles {
    /// For a program in a folder, with what is kept of its files and those whose rows are needed.
    pub(super) fn new(note: Option<DataNote>, program: &Path, read: Vec<FileName>) -> Self {
        let home = program.parent().unwrap_or(Path::new("")).to_path_buf();
        KnownFiles { note, home, read, loader: FileLoader::new(), given: Vec::new() }
    }

    /// A hash of all that a program sees of its files.
    pub fn fingerprint(&self) -> [u8; blake3::OUT_LEN] {
        let mut all = blake3::Hasher::new();
        all.update(&self.loader.fingerprint());
        for (path, format) in self.given.iter().map(|(name, _)| name) {
            let outline = self.note.as_ref().and_then(|note| note.file(path, *format));
            let text = serde_json::to_string(&outline).unwrap_or_default();
            all.update(blake3::hash(text.as_bytes()).as_bytes());
        }
        *all.finalize().as_bytes()
    }

    /// Whether something stands in for a file.
    pub(super) fn stands_in(&self) -> bool {
        self.given.iter().any(|(name, _)| !self.read.contains(name))
    }

    fn is_absent(&self, name: &FileName) -> bool {
        !self.read.contains(name) && self.note.as_ref().is_some_and(|note| note.file(&name.0, name.1).is_some())
    }

    /// The files of sets, and of those that their columns are made of, that something stands in for.
    pub(super) fn absent_files(&self, program: &Program, sets: &[DataId]) -> Vec<FileName> {
        let mut files: Vec<FileName> = Vec::new();
        let mut rest = sets.to_vec();
        let mut seen = Vec::new();
        while let Some(id) = rest.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let set = &program.data[id.0 as usize];
            for column in &set.columns {
                if let ColumnSource::Whole(value) = &column.source {
                    value.visit(&mut |part| {
                        if let Kind::Column(other, _) = &*part.kind {
                            rest.push(*other);
                        }
                    });
                }
            }
            let names = program.files[set.files.clone()].iter().map(|file| (file.path.clone(), file.format));
            files.extend(names.filter(|name| self.is_absent(name)));
        }
        files
    }

    /// The data sets whose rows are not there.
    pub(super) fn absent_sets(&self, program: &Program) -> Vec<DataId> {
        let sets = (0..program.data.len() as u32).map(DataId);
        let is_absent = |id: &DataId| {
            let files = program.data[id.0 as usize].files.clone();
            program.files[files].iter().any(|file| self.is_absent(&(file.path.clone(), file.format)))
        };
        sets.filter(is_absent).collect()
    }
}

impl TableLoader for KnownFiles {
    fn load(
        &mut self,
        path: &Path,
        format: Format,
        span: Span,
        sources: &mut SourceMap,
    ) -> Result<Arc<RawTable>, Box<Diagnostic>> {
        let name = (path.strip_prefix(&self.home).unwrap_or(path).display().to_string(), format);
        if let Some((_, table)) = self.given.iter().find(|(given, _)| *given == name) {
            return Ok(table.clone());
        }
        let Some(outline) = self.note.as_ref().and_then(|note| note.file(&name.0, format)) else {
            return self.loader.load(path, format, span, sources);
        };
        let table = match self.read.contains(&name) {
            true => outline.labelled(&*self.loader.load(path, format, span, sources)?),
            false => outline.stand_in(),
        };
        let table = Arc::new(table);
        self.given.push((name, table.clone()));
        Ok(table)
    }

    fn cell(
        &mut self,
        table: &Arc<RawTable>,
        column: usize,
        row: usize,
        sources: &mut SourceMap,
    ) -> Option<(usize, Span)> {
        self.loader.cell(table, column, row, sources)
    }
}
