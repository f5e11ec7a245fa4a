//! `ndc doc [FILE]`.

use super::Messages;
use super::output::{report, say};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::{cannot_read, cannot_write, not_text};
use crate::doc::{Page, html, index, library_pages, markdown, page};
use crate::driver::on_large_stack;
use crate::source::SourceMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where HTML goes unless `-o` says otherwise.
const FOLDER: &str = "nd-doc";

/// What a reference is written of.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// A file.
    File(&'a Path),
    /// One page of the standard library.
    Page(&'a str),
    /// The standard library.
    Library,
}

/// Writes the reference of a file or of the standard library; whether all went well.
pub(super) fn doc(what: What<'_>, as_html: bool, folder: Option<&Path>, messages: &Messages) -> bool {
    let pages = match what {
        What::File(file) => match page_of(file) {
            Ok(page) => vec![page],
            Err((diagnostics, sources)) => {
                report(&diagnostics, &sources, messages);
                return false;
            }
        },
        What::Page(name) => on_large_stack(library_pages).into_iter().filter(|page| page.name == name).collect(),
        What::Library => on_large_stack(library_pages),
    };
    let folder = match (folder, as_html) {
        (Some(folder), _) => folder,
        (None, true) => Path::new(FOLDER),
        (None, false) => {
            say(&pages.iter().map(markdown).collect::<Vec<_>>().join("\n"));
            return true;
        }
    };
    match write(folder, "The standard library of nd", &pages, as_html) {
        Ok(first) => {
            say(&format!("wrote {}\n", first.display()));
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &SourceMap::default(), messages);
            false
        }
    }
}

/// The page of a file, or messages with the texts that they name.
fn page_of(file: &Path) -> Result<Page, (Vec<Diagnostic>, SourceMap)> {
    let name = file.display().to_string();
    let mut sources = SourceMap::default();
    let text = match fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Err((vec![not_text(&name)], sources)),
        Err(error) => return Err((vec![cannot_read(&name, &error)], sources)),
    };
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let result = on_large_stack(|| page(&stem, &text));
    sources.add(name, None, text);
    result.map_err(|diagnostics| (diagnostics, sources))
}

/// Writes a file for each page, and for several in HTML the one that leads to them; gives the first to look at.
fn write(folder: &Path, title: &str, pages: &[Page], as_html: bool) -> Result<PathBuf, Box<Diagnostic>> {
    let failed = |path: &Path, error| Box::new(cannot_write(&path.display().to_string(), &error));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let save = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| failed(&path, error)).map(|()| path)
    };
    let mut first = None;
    for page in pages {
        let path = match as_html {
            true => save(&format!("{}.html", page.name), html(page))?,
            false => save(&format!("{}.md", page.name), markdown(page))?,
        };
        first = first.or(Some(path));
    }
    if as_html && pages.len() > 1 {
        return save("index.html", index(title, pages));
    }
    Ok(first.unwrap_or_else(|| folder.to_path_buf()))
}
