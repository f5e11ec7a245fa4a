//! From a file to the list of all files it needs: `import` items are followed, the standard library is at hand.

use crate::check::RULES_MODULE;
use crate::check::module::Module;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{files, names};
use crate::library::{self, LIBRARY};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::ast::{self, Import, ImportSource, ItemKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file that marks the root of a package: imports are looked for there too.
const PACKAGE: &str = "nd.toml";

/// The tree of a module of the library.
fn library_tree(place: usize) -> Arc<ast::File> {
    static TREES: [OnceLock<Arc<ast::File>>; LIBRARY.len()] = [const { OnceLock::new() }; LIBRARY.len()];
    let parse = || Arc::new(crate::syntax::parse(SourceId(place as u32), LIBRARY[place].text).0);
    TREES[place].get_or_init(parse).clone()
}

/// All modules of a program, each after those that it imports; the prelude is first, the program itself last.
pub struct Program {
    /// The modules.
    pub modules: Vec<Module>,
    /// What could not be read or found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Follows the imports of a file. `sources` begins with the library ([`library::sources`]) and holds the file.
pub fn follow(file: Arc<ast::File>, source: SourceId, sources: &mut SourceMap) -> Program {
    let mut work = Work {
        modules: Vec::new(),
        diagnostics: Vec::new(),
        sources,
        library: [None; LIBRARY.len()],
        files: Vec::new(),
    };
    work.library_module(0);
    let path = work.sources.get(source).path.clone();
    let canonical = path.as_deref().and_then(|path| path.canonicalize().ok());
    let root = path.as_deref().map(package_root).unwrap_or_default();
    work.files.push((canonical.unwrap_or_default(), None));
    work.module("main".to_string(), file, source, &root);
    Program { modules: work.modules, diagnostics: work.diagnostics }
}

/// The nearest folder above a file that holds the package's mark.
fn package_root(path: &Path) -> Option<PathBuf> {
    let full = path.canonicalize().ok()?;
    full.ancestors().skip(1).find(|folder| folder.join(PACKAGE).is_file()).map(Path::to_path_buf)
}

struct Work<'s> {
    modules: Vec<Module>,
    diagnostics: Vec<Diagnostic>,
    sources: &'s mut SourceMap,
    /// The modules of the library that are in the list.
    library: [Option<usize>; LIBRARY.len()],
    /// The files met so far; without a module while they are being read.
    files: Vec<(PathBuf, Option<usize>)>,
}

impl Work<'_> {
    fn module(&mut self, name: String, file: Arc<ast::File>, source: SourceId, root: &Option<PathBuf>) -> usize {
        let imports: Vec<&Import> = imports(&file).collect();
        let imports = imports.into_iter().map(|import| self.import(import, root)).collect();
        let implied = self.implied(source);
        let library = self.sources.get(source).library;
        let builtins = if library { LIBRARY[source.0 as usize].builtins } else { &[] };
        self.modules.push(Module { name, source, file, library, builtins, imports, implied });
        self.modules.len() - 1
    }

    fn import(&mut self, import: &Import, root: &Option<PathBuf>) -> Option<usize> {
        match &import.source {
            ImportSource::Library(name) => match library::place(&name.text) {
                Some(place) => self.library_module(place),
                None => {
                    let beside = self.sources.get(name.span.source).folder().join(format!("{}.nd", name.text));
                    let error =
                        names::unknown_library(&name.text, name.span, beside.is_file(), library::names().collect());
                    self.diagnostics.push(error);
                    None
                }
            },
            ImportSource::Path(path) => self.file(&path.text, path.span, root),
        }
    }

    fn library_module(&mut self, place: usize) -> Option<usize> {
        if self.library[place].is_none() {
            let name = LIBRARY[place].name.to_string();
            let index = self.module(name, library_tree(place), SourceId(place as u32), &None);
            self.library[place] = Some(index);
        }
        self.library[place]
    }

    /// The modules of the library that a text seems to name: `random.normal()` needs no import, nor does an `optimizer`.
    fn implied(&mut self, source: SourceId) -> Vec<usize> {
        let named =
            |name: &str, text: &str| text.match_indices(name).any(|(at, _)| text[at + name.len()..].starts_with('.'));
        let text = &self.sources.get(source).text;
        let is_named = |name: &str| named(name, text) || (name == RULES_MODULE && text.contains("optimizer"));
        let places: Vec<usize> = (1..LIBRARY.len())
            .filter(|place| source != SourceId(*place as u32) && is_named(LIBRARY[*place].name))
            .collect();
        // A module of the library names only modules that stand above it in the list.
        let allowed = |place: &usize| !self.sources.get(source).library || SourceId(*place as u32) < source;
        let places: Vec<usize> = places.into_iter().filter(allowed).collect();
        places.into_iter().filter_map(|place| self.library_module(place)).collect()
    }

    fn file(&mut self, written: &str, span: Span, root: &Option<PathBuf>) -> Option<usize> {
        let beside = self.sources.get(span.source).folder().join(written);
        let candidates = [Some(beside.clone()), root.as_ref().map(|root| root.join(written))];
        let found = candidates.into_iter().flatten().find(|path| path.is_file()).unwrap_or(beside);
        let canonical = found.canonicalize().unwrap_or_else(|_| found.clone());
        match self.files.iter().find(|(path, _)| *path == canonical) {
            Some((_, Some(index))) => return Some(*index),
            Some((_, None)) => {
                self.diagnostics.push(names::import_cycle(written, span));
                return None;
            }
            None => {}
        }
        let text = match read(&found) {
            Ok(text) => text,
            Err(error) => {
                self.diagnostics.push(files::cannot_import(written, span, &error.message));
                return None;
            }
        };
        self.files.push((canonical.clone(), None));
        let source = self.sources.add(found.display().to_string(), Some(found.clone()), text);
        let text = self.sources.get(source).text.clone();
        let (file, diagnostics) = crate::syntax::parse(source, &text);
        self.diagnostics.extend(diagnostics);
        let stem = found.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let index = self.module(stem, Arc::new(file), source, root);
        if let Some(entry) = self.files.iter_mut().find(|(path, _)| *path == canonical) {
            entry.1 = Some(index);
        }
        Some(index)
    }
}

/// The imports of a file in order.
fn imports(file: &ast::File) -> impl Iterator<Item = &Import> {
    file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(import),
        _ => None,
    })
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read or is not text.
pub fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| Box::new(files::cannot_read(&name, &error)))?;
    if bytes.contains(&0) {
        return Err(Box::new(files::not_text(&name)));
    }
    String::from_utf8(bytes).map_err(|_| Box::new(files::not_text(&name)))
}
