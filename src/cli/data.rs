//! `ndc data FILE`.

use super::Messages;
use super::output::{report, say};
use crate::check::table::{Format, TableLoader};
use crate::data::{FileLoader, format_of};
use crate::source::{SourceMap, Span};
use crate::survey::{item, json, survey, text};
use clap::Args;
use std::path::{Path, PathBuf};

/// What `ndc data` is asked.
#[derive(Args, Clone)]
pub(super) struct Arguments {
    /// The data file: CSV, NPY, NPZ, IDX or safetensors, compressed with gzip or not
    file: PathBuf,
    /// What stands between the cells of a text; without it, the header tells
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Write one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// An ASCII character, `\\t` among them.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b".+-_\"\n\r".contains(byte) => Ok(*byte),
        _ => Err("a delimiter is one character that no number, name, quote or line has".to_string()),
    }
}

/// Shows what a data file holds, and a `data` item for it; whether the file could be read.
pub(super) fn data(arguments: &Arguments, messages: &Messages) -> bool {
    let path = arguments.file.display().to_string();
    let format = match (format_of(&arguments.file), arguments.delimiter) {
        (Format::Csv { .. }, delimiter) => Format::Csv { delimiter },
        (format, _) => format,
    };
    let mut sources = SourceMap::default();
    let shown = path.escape_debug().to_string();
    let command = sources.add("command line", None, format!("ndc data {shown}"));
    let used = Span::new(command, "ndc data ".len(), "ndc data ".len() + shown.len());
    let table = match FileLoader::new().load(Path::new(&arguments.file), format, used, &mut sources) {
        Ok(table) => table,
        Err(diagnostic) => {
            let diagnostic = match diagnostic.code {
                "E0501" => diagnostic.help("name a file of this machine; paths are relative to the current folder"),
                _ => *diagnostic,
            };
            report(&[diagnostic], &sources, messages);
            return false;
        }
    };
    let survey = survey(&path, format, &table);
    if arguments.json {
        say(&format!("{}\n", json(&survey)));
        return true;
    }
    say(&text(&survey));
    match item(&survey) {
        Some(item) => say(&format!("\nA program in this folder reads it with:\n\n{item}")),
        None => say("\nNone of its columns can be used in a program.\n"),
    }
    true
}
