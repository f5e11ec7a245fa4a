//! The CSV loader against files that are hard to read, with the outcome of each in `tests/cases/csv/expected.txt`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::table::{Format, RawColumn, RawTable, TableLoader};
use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::source::{SourceMap, Span};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const CSV: Format = Format::Csv { delimiter: None };

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/csv")
}

/// A map with the text of a program in it, and where the program names the file.
fn program() -> (SourceMap, Span) {
    let mut sources = SourceMap::default();
    let id = sources.add("program.nd", None, "data d = csv(\"d.csv\")");
    (sources, Span::new(id, 13, 20))
}

fn column(column: &RawColumn, sources: &SourceMap) -> String {
    let name = column.name.replace('\u{1b}', "\\u{1b}").replace('\n', "\\n");
    let header = sources.text(column.header.unwrap());
    let first_line = column.name.lines().next().unwrap().replace('"', "\"\"");
    assert!(header.contains(&first_line), "the header of {name} is at {header:?}");
    match &column.values {
        Ok(values) => format!("{name}={:?}", values.reals()),
        Err(problem) => {
            let (line, _) = sources.get(problem.place.source).line_column(problem.place.start as usize);
            assert_eq!(line, problem.line, "the place of {name}'s problem");
            format!("{name}!{:?} {} `{}`", problem.kind, problem.line, problem.cell)
        }
    }
}

fn outcome(result: &Result<std::sync::Arc<RawTable>, Box<Diagnostic>>, sources: &SourceMap, used: Span) -> String {
    match result {
        Ok(table) => {
            let columns = table.columns.iter().map(|entry| format!(" | {}", column(entry, sources)));
            format!("{}{}", table.rows, columns.collect::<String>())
        }
        Err(diagnostic) => {
            let place = diagnostic.primary.as_ref().unwrap().span;
            if place == used {
                return diagnostic.code.to_string();
            }
            assert!(diagnostic.labels.iter().any(|label| label.span == used), "{diagnostic:?}");
            let (line, column) = sources.get(place.source).line_column(place.start as usize);
            format!("{} {line}:{column}", diagnostic.code)
        }
    }
}

#[test]
fn every_case_has_its_outcome() {
    let expected = fs::read_to_string(cases().join("expected.txt")).unwrap();
    let mut listed = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let (name, expected) = line.split_once(": ").unwrap();
        let (mut sources, used) = program();
        let result = FileLoader::new().load(&cases().join(format!("{name}.csv")), CSV, used, &mut sources);
        let found = outcome(&result, &sources, used);
        if found != expected {
            wrong.push(format!("{name}\n  expected {expected}\n  found    {found}"));
        }
        listed.insert(name.to_string());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(files, listed);
}

#[test]
fn what_is_accepted_reads_like_the_csv_crate() {
    for entry in fs::read_dir(cases()).unwrap() {
        let path = entry.unwrap().path();
        let (mut sources, used) = program();
        let Ok(table) = FileLoader::new().load(&path, CSV, used, &mut sources) else { continue };
        let header = fs::read_to_string(&path).unwrap();
        let delimiter = if header.starts_with("a;") {
            b';'
        } else if header.starts_with("a\t") {
            b'\t'
        } else {
            b','
        };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_path(&path).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), names, "{path:?}");
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), table.rows, "{path:?}");
        for (index, column) in table.columns.iter().enumerate() {
            let Ok(values) = &column.values else { continue };
            let read: Vec<f64> = rows.iter().map(|row| row[index].trim().parse().unwrap()).collect();
            assert_eq!(read, values.reals(), "{path:?} {}", column.name);
        }
    }
}

#[test]
fn a_file_is_read_and_entered_once() {
    let mut loader = FileLoader::new();
    let (mut sources, used) = program();
    let path = cases().join("decimal_comma.csv");
    let first = loader.load(&path, CSV, used, &mut sources).unwrap();
    let again = loader.load(&cases().join("../csv/decimal_comma.csv"), CSV, used, &mut sources).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again));
    assert_eq!(sources.iter().count(), 2);
    assert_eq!(first.name, "decimal_comma.csv");
    for _ in 0..2 {
        loader.load(&cases().join("ragged_long.csv"), CSV, used, &mut sources).unwrap_err();
    }
    assert_eq!(sources.iter().count(), 3);
    let mut fresh = SourceMap::default();
    let moved = loader.load(&path, CSV, used, &mut fresh).unwrap();
    assert_eq!(fresh.text(moved.columns[1].values.as_ref().unwrap_err().place), "2,5");
    assert_eq!(fresh.text(moved.columns[1].header.unwrap()), "b");
}

#[test]
fn a_changed_file_is_read_again() {
    let path = std::env::temp_dir().join(format!("ndc_data_csv_{}.csv", std::process::id()));
    let (mut sources, used) = program();
    let mut loader = FileLoader::new();
    fs::write(&path, "a\n1\n").unwrap();
    assert_eq!(loader.load(&path, CSV, used, &mut sources).unwrap().rows, 1);
    fs::write(&path, "a\n1\n2\n").unwrap();
    assert_eq!(loader.load(&path, CSV, used, &mut sources).unwrap().rows, 2);
    fs::remove_file(&path).unwrap();
    let gone = loader.load(&path, CSV, used, &mut sources).unwrap_err();
    assert_eq!((gone.code, gone.message.contains("no such file")), ("E0501", true));
}

#[test]
fn messages_about_large_cells_are_short() {
    let path = std::env::temp_dir().join(format!("ndc_data_long_{}.csv", std::process::id()));
    fs::write(&path, format!("a,b\n{},1\n0.{},2\n", "x".repeat(1_000_000), "3".repeat(100_000))).unwrap();
    let (mut sources, used) = program();
    let table = FileLoader::new().load(&path, CSV, used, &mut sources).unwrap();
    fs::remove_file(&path).unwrap();
    let problem = table.columns[0].values.as_ref().unwrap_err();
    assert_eq!(problem.cell.chars().count(), 41);
    let shown: usize = sources.iter().map(|(_, file)| file.text.len()).sum();
    assert!(shown < 1000, "{shown} bytes are kept to be shown");
}

#[test]
fn whole_columns_are_marked() {
    let (mut sources, used) = program();
    let table = FileLoader::new().load(&cases().join("label_huge.csv"), CSV, used, &mut sources).unwrap();
    assert_eq!(table.columns.iter().map(|column| column.whole).collect::<Vec<_>>(), [false, false]);
    let table = FileLoader::new().load(&cases().join("label_negative.csv"), CSV, used, &mut sources).unwrap();
    assert_eq!(table.columns.iter().map(|column| column.whole).collect::<Vec<_>>(), [false, true]);
}
