//! Sources of data sets that are files: `csv("d.csv", delimiter = ";")`, `npy(x = "x.npy", y = "y.npy")`.

use super::Checker;
use super::outline::SourceFile;
use super::table::{Format, RawTable};
use crate::diagnostics::catalog::{data as errors, names, sources};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, ExprKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that a source names, and what its column is called.
struct File<'a> {
    column: Option<&'a str>,
    path: &'a Expr,
}

/// The format that a source of this name reads.
pub(super) fn format(name: &str) -> Option<Format> {
    Some(match name {
        "csv" => Format::Csv { delimiter: None },
        "npy" => Format::Npy,
        "npz" => Format::Npz,
        "idx" => Format::Idx,
        "safetensors" => Format::Safetensors,
        _ => return None,
    })
}

impl<'a> Checker<'a, '_> {
    /// The table that a source gives, or messages.
    pub(super) fn source_table(
        &mut self,
        format: Format,
        arguments: &'a [Argument],
        span: Span,
    ) -> Option<Arc<RawTable>> {
        let mut format = format;
        let mut files: Vec<File<'a>> = Vec::new();
        for argument in arguments {
            match (&argument.name, format) {
                (None, _) => files.push(File { column: None, path: &argument.value }),
                (Some(name), Format::Csv { delimiter: None }) if name.text == "delimiter" => {
                    format = Format::Csv { delimiter: Some(self.delimiter(&argument.value)?) };
                }
                (Some(name), Format::Npy | Format::Idx) => {
                    files.push(File { column: Some(&name.text), path: &argument.value });
                }
                (Some(name), _) => {
                    let twice = matches!(format, Format::Csv { delimiter: Some(_) }) && name.text == "delimiter";
                    let problem = if twice { "is given twice the argument" } else { "takes no argument called" };
                    let known: &[&str] = if format.name() == "csv" { &["delimiter"] } else { &[] };
                    let error = names::bad_named_argument(format.name(), &name.text, name.span, problem, known);
                    self.report(error);
                    return None;
                }
            }
        }
        self.name_columns(format, &mut files, span)?;
        match &files[..] {
            [File { column: None, path }] => self.file(format, path),
            _ => self.files(format, &files),
        }
    }

    /// Gives the columns of files of one array each their names, or says which files are too many.
    fn name_columns(&mut self, format: Format, files: &mut [File<'a>], span: Span) -> Option<()> {
        let unnamed = files.iter().filter(|file| file.column.is_none()).count();
        match (format, unnamed, files.len()) {
            (Format::Idx, 2, 2) => {
                files[0].column = Some("pixels");
                files[1].column = Some("label");
            }
            (_, 1, 1) | (Format::Npy | Format::Idx, 0, 1..) => {}
            (Format::Npy | Format::Idx, 1.., 2..) => {
                let help = format!("give each array a name: `{}(x = \"x.file\", y = \"y.file\")`", format.name());
                let problem = format!("these {} arrays need names for their columns", files.len());
                self.report(sources::bad_option(&problem, span, &help));
                return None;
            }
            _ => {
                let (expected, found) = (if format == Format::Idx { "1 or 2" } else { "1" }, files.len());
                self.report(names::wrong_argument_count(format.name(), expected, found, span, None));
                return None;
            }
        }
        Some(())
    }

    /// The table of one file.
    fn file(&mut self, format: Format, path: &'a Expr) -> Option<Arc<RawTable>> {
        let ExprKind::Text(text) = &*path.kind else {
            self.report(errors::cannot_open(&self.text(path.span), "not a quoted path", path.span));
            return None;
        };
        let folder: PathBuf = self.sources.get(path.span.source).folder().to_path_buf();
        let path_there = folder.join(text);
        match self.loader.load(&path_there, format, path.span, self.sources) {
            Ok(table) => {
                let home = self.home().to_path_buf();
                let path = path_there.strip_prefix(home).unwrap_or(&path_there).display().to_string();
                self.program.files.push(SourceFile { path, location: path_there, format, table: table.clone() });
                Some(table)
            }
            Err(diagnostic) => {
                self.report(*diagnostic);
                None
            }
        }
    }

    /// The folder of the file that is run.
    fn home(&self) -> &Path {
        let file = self.trees.last().map(|module| module.source);
        file.map_or(Path::new(""), |file| self.sources.get(file).folder())
    }

    /// The columns of files of one array each, side by side.
    fn files(&mut self, format: Format, files: &[File<'a>]) -> Option<Arc<RawTable>> {
        let mut columns = Vec::new();
        let mut first: Option<(&str, usize, Span)> = None;
        let mut names: Vec<String> = Vec::new();
        for file in files {
            let table = self.file(format, file.path)?;
            let mut column = table.columns.first()?.clone();
            let name = file.column.unwrap_or(&column.name);
            let this = (name, table.rows, file.path.span);
            match first {
                Some(first) if first.1 != table.rows => {
                    self.report(errors::row_counts_differ(first, this));
                    return None;
                }
                _ => first = first.or(Some((file.column.unwrap_or_default(), table.rows, file.path.span))),
            }
            column.name = name.to_string();
            columns.push(column);
            names.push(table.name.clone());
        }
        let rows = first.map_or(0, |(_, rows, _)| rows);
        Some(Arc::new(RawTable { name: names.join("`, `"), columns, rows }))
    }

    /// The delimiter of a text, an ASCII character that no number has.
    fn delimiter(&mut self, value: &'a Expr) -> Option<u8> {
        let help = "write one character between quotes, as `\";\"`, `\"|\"` or `\"\\t\"` for a tab";
        let ExprKind::Text(text) = &*value.kind else {
            self.report(sources::bad_option("a delimiter is a text of one character", value.span, help));
            return None;
        };
        match text.as_bytes() {
            [byte]
                if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_' | b'"' | b'\n' | b'\r') =>
            {
                let problem = format!("`{}` is a part of numbers, names, quotes or lines", text.escape_debug());
                self.report(sources::bad_option(&problem, value.span, help));
                None
            }
            [byte] if byte.is_ascii() => Some(*byte),
            _ => {
                self.report(sources::bad_option("a delimiter is one ASCII character", value.span, help));
                None
            }
        }
    }
}
