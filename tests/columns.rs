//! Columns of data sets over other tables, as predictions read them: with the statistics and the categories of what was
//! trained on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::check::program::{DataId, Program};
use ndc::check::table::{Format, TableLoader};
use ndc::data::FileLoader;
use ndc::driver::{check_file, on_large_stack};
use ndc::session::Session;
use ndc::source::{SourceMap, Span};
use std::fs;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "\
data penguins = csv(\"penguins.csv\") {
    x       = standardize([bill_length_mm, body_mass_g])
    filled  = flipper_length_mm
    species = one_hot(category(species))
    year    = category(year)
    missing = MISSING
}
let (train_set, test_set) = split(penguins, 0.8, seed = 1)
print test_set.x[0]
";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A program on the penguins, of which another table is to be read.
fn program(folder: &Path, missing: &str) -> Program {
    let penguins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/columns/penguins.csv");
    fs::copy(penguins, folder.join("penguins.csv")).unwrap();
    fs::write(folder.join("program.nd"), PROGRAM.replace("MISSING", missing)).unwrap();
    let checked = check_file(&folder.join("program.nd"), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked.program
}

fn set(program: &Program, name: &str) -> DataId {
    DataId(program.data.iter().position(|set| set.name == name).unwrap() as u32)
}

const GAPS: &str = "\
data gaps = npz(\"gaps.npz\") {
    x       = standardize([temperature, numbers])
    t       = temperature
    k       = category(kind)
    missing = MISSING
}
";

fn gaps(folder: &Path, text: &str) -> ndc::driver::Checked {
    let gaps = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/columns/gaps.npz");
    fs::copy(gaps, folder.join("gaps.npz")).unwrap();
    fs::write(folder.join("program.nd"), text).unwrap();
    check_file(&folder.join("program.nd"), &mut FileLoader::new(), Options::default())
}

fn numbers(program: &Program, columns: u32) -> Vec<Vec<f64>> {
    let columns: Vec<_> = (0..columns).map(|column| ndc::lower::Source::Column(DataId(0), column)).collect();
    let tables = on_large_stack(|| Session::new(program).unwrap().inputs(&columns).unwrap());
    tables.iter().map(numbers_of).collect()
}

/// NaN in an array is what an empty cell is in a text.
#[test]
fn gaps_in_arrays_are_missing_cells() {
    let folder = folder("gaps");
    let dropped = gaps(&folder, &GAPS.replace("MISSING", "drop"));
    assert!(!dropped.has_errors(), "{:?}", dropped.diagnostics);
    let found = numbers(&dropped.program, 3);
    assert_eq!(found[1..], [vec![20.0, 22.0, 26.0], vec![1.0, 0.0, 1.0]], "rows 1 and 3 are left out");
    assert!(found[0].iter().all(|number| number.is_finite()));

    let filled = gaps(&folder, &GAPS.replace("MISSING", "mean").replace("    k       = category(kind)\n", ""));
    assert!(!filled.has_errors(), "{:?}", filled.diagnostics);
    assert_eq!(numbers(&filled.program, 2)[1], [20.0, 23.0, 22.0, 24.0, 26.0]);

    // Tensors: a row with a missing element is left out whole.
    let images = gaps(&folder, "data d = npz(\"gaps.npz\") { x = image, missing = drop }\n");
    assert!(!images.has_errors(), "{:?}", images.diagnostics);
    assert_eq!(images.program.data[0].rows, 4);

    let refused = |text: &str| {
        let checked = gaps(&folder, text);
        let errors = checked.diagnostics.iter().filter(|error| error.is_error());
        errors.map(|error| format!("{} {}", error.code, error.message)).collect::<Vec<_>>().join("\n")
    };
    for (column, told) in [
        ("temperature", "`temperature` has no value (NaN) in row 1, counted from 0"),
        ("standardize(temperature)", "`temperature` has no value (NaN) in row 1, counted from 0"),
        ("category(kind)", "`kind` has no value (NaN) in row 3, counted from 0"),
        ("image", "`image` has no value (NaN) in row 4, counted from 0 at [1, 0]"),
        ("[image[i, 0] for i in 0..2]", "`image` has no value (NaN) in row 4, counted from 0 at [1, 0]"),
    ] {
        let text = format!("data d = npz(\"gaps.npz\") {{ x = {column}, n = numbers }}\nprint d.n\n");
        assert_eq!(refused(&text), format!("E0505 column {told}"));
    }
}

/// Another file of arrays with gaps, as a model sees it that was trained on one without.
#[test]
fn gaps_in_other_arrays() {
    let folder = folder("other_gaps");
    let text = "data d = csv(\"d.csv\") { t = temperature, k = category(kind), n = numbers, missing = MISSING }\n";
    fs::write(folder.join("d.csv"), "temperature,kind,numbers\n1,7,1\n,3,5\n").unwrap();
    for (missing, expected) in [("mean", Ok(vec![20.0, 1.0, 22.0, 24.0, 26.0])), ("drop", Err("E0505"))] {
        let checked = gaps(&folder, &text.replace("MISSING", missing));
        assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
        let mut sources = SourceMap::default();
        let id = sources.add("program.nd", None, "");
        let used = Span::new(id, 0, 0);
        let table = FileLoader::new().load(&folder.join("gaps.npz"), Format::Npz, used, &mut sources).unwrap();
        let over = |column: u32| {
            on_large_stack(|| {
                let mut session = Session::new(&checked.program).unwrap();
                session.columns_over(DataId(0), &[column], &table, used)
            })
        };
        let found = over(0).map(|found| numbers_of(&found[0])).map_err(|error| error.code);
        assert_eq!(found, expected);
        assert_eq!(over(1).unwrap_err().code, "E0505");
        assert_eq!(numbers_of(&over(2).unwrap()[0]), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }
}

/// The mean takes the place of what is missing in another table even where nothing was in the one that was trained on; but not of a
/// whole number.
#[test]
fn gaps_that_training_did_not_have() {
    let folder = folder("new_gaps");
    let text = "data d = csv(\"d.csv\") { x = standardize(a), y = a, z = one_hot(b, 2), i = log(a), missing = mean }\n";
    fs::write(folder.join("d.csv"), "a,b\n1.5,1\n2.5,0\n").unwrap();
    fs::write(folder.join("program.nd"), text).unwrap();
    let checked = check_file(&folder.join("program.nd"), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let over = |columns: &[u32], text: &str| {
        fs::write(folder.join("other.csv"), text).unwrap();
        let mut sources = SourceMap::default();
        let id = sources.add("program.nd", None, "");
        let used = Span::new(id, 0, 0);
        let format = Format::Csv { delimiter: None };
        let table = FileLoader::new().load(&folder.join("other.csv"), format, used, &mut sources).unwrap();
        on_large_stack(|| {
            let mut session = Session::new(&checked.program).unwrap();
            let found = session.columns_over(DataId(0), columns, &table, used);
            found.map(|tables| tables.iter().map(numbers_of).collect::<Vec<_>>()).map_err(|error| error.code)
        })
    };
    assert_eq!(over(&[0, 1], "a\n\"\"\n4\n"), Ok(vec![vec![0.0, 4.0], vec![2.0, 4.0]]));
    assert_eq!(over(&[1, 2], "a,b\n?,1\n"), Ok(vec![vec![2.0], vec![0.0, 1.0]]));
    assert_eq!(over(&[2], "b\nNA\n1\n"), Err("E0505"));
}

fn numbers_of(table: &ndc::ir::Table) -> Vec<f64> {
    table.bits.iter().map(|word| table.ty.element.number(*word)).collect()
}

/// The numbers of the columns of the training part over another table, or the code and message of the error.
fn over(folder: &Path, program: &Program, columns: &[u32], table: &str) -> Result<Vec<Vec<f64>>, (String, String)> {
    let path = folder.join("other.csv");
    fs::write(&path, table).unwrap();
    let mut sources = SourceMap::default();
    let id = sources.add("program.nd", None, "");
    let used = Span::new(id, 0, 0);
    let table = FileLoader::new().load(&path, Format::Csv { delimiter: None }, used, &mut sources).unwrap();
    on_large_stack(|| {
        let mut session = Session::new(program).unwrap();
        let values = session.columns_over(set(program, "train_set"), columns, &table, used);
        values.map_err(|error| (error.code.to_string(), error.message)).map(|tables| {
            let numbers = |table: &ndc::ir::Table| {
                table.bits.iter().map(|word| table.ty.element.number(*word)).collect::<Vec<f64>>()
            };
            tables.iter().map(numbers).collect()
        })
    })
}

#[test]
fn the_rows_of_the_file_itself_are_the_same() {
    let folder = folder("same_rows");
    let program = program(&folder, "drop");
    let lines = fs::read_to_string(folder.join("penguins.csv")).unwrap();
    let complete: Vec<&str> = lines.lines().filter(|line| !line.contains("NA,NA")).collect();
    let found = over(&folder, &program, &[0, 2, 3], &complete.join("\n")).unwrap();
    let whole = on_large_stack(|| {
        let mut session = Session::new(&program).unwrap();
        let penguins = set(&program, "penguins");
        let columns = [0, 2, 3].map(|column| ndc::lower::Source::Column(penguins, column));
        session.inputs(&columns).unwrap()
    });
    for (found, whole) in found.iter().zip(&whole) {
        let whole: Vec<f64> = whole.bits.iter().map(|word| whole.ty.element.number(*word)).collect();
        assert_eq!(*found, whole);
    }
}

#[test]
fn another_table_is_read_with_what_was_trained_on() {
    let folder = folder("another_table");
    let program = program(&folder, "drop");
    let table =
        "year,species,flipper_length_mm,body_mass_g,bill_length_mm\n2009,Gentoo,200,4000,40\n2007,Adelie,1,0,0\n";
    let found = over(&folder, &program, &[0, 1, 2, 3], table).unwrap();
    let fitted = on_large_stack(|| {
        let mut session = Session::new(&program).unwrap();
        session.column_statistics(set(&program, "train_set"), 0).unwrap()
    });
    let statistics = fitted.statistics.values().next().unwrap();
    let number = |table: &ndc::ir::Table, place: usize| table.ty.element.number(table.bits[place]);
    let scaled = |value: f64, place| (value - number(&statistics.mean, place)) / number(&statistics.deviation, place);
    assert_eq!(found[0], [scaled(40.0, 0), scaled(4000.0, 1), scaled(0.0, 0), scaled(0.0, 1)]);
    assert_eq!(found[1], [200.0, 1.0]);
    assert_eq!(found[2], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0], "Adelie, Chinstrap, Gentoo");
    assert_eq!(found[3], [2.0, 0.0], "2007, 2008, 2009");
}

#[test]
fn missing_cells_of_another_table() {
    let folder = folder("missing_cells");
    let table = "flipper_length_mm\n200\nNA\n";
    let drop = program(&folder, "drop");
    assert_eq!(over(&folder, &drop, &[1], table).unwrap_err().0, "E0505");
    let text = PROGRAM.replace("MISSING", "mean").replace("    species = one_hot(category(species))\n", "");
    fs::write(folder.join("program.nd"), text).unwrap();
    let checked = check_file(&folder.join("program.nd"), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let filled = over(&folder, &checked.program, &[1], table).unwrap().remove(0);
    let lone = over(&folder, &checked.program, &[1], "flipper_length_mm\n?\n").unwrap().remove(0);
    assert_eq!(filled, [200.0, lone[0]], "the mean is that of the training part, not of the table");
    assert!((195.0..207.0).contains(&lone[0]));
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let folder = folder("no_fit");
    let program = program(&folder, "drop");
    let cases = [
        (vec![0], "bill_length_mm\n3\n", "E0535", "`other.csv` has no column called `body_mass_g`"),
        (
            vec![1],
            "flipper_length_mm\nlong\n",
            "E0503",
            "column `flipper_length_mm` holds `long` in line 2, which is not a number",
        ),
        (
            vec![2],
            "species\nAdelie\nEmperor\n",
            "E0535",
            "column `species` holds `Emperor` in row 2, which is none of its known labels",
        ),
        (vec![2], "species\n7\n", "E0535", "column `species` holds `7` in row 1, which is none of its known labels"),
        (
            vec![3],
            "year\n2007\n2011\n",
            "E0535",
            "column `year` holds `2011` in row 2, which is none of its known labels",
        ),
        (vec![3], "year\nnever\n", "E0535", "column `year` holds `never` in row 1, which is none of its known labels"),
        (vec![2], "species\n\"\"\n", "E0505", "column `species` has no value in line 2"),
    ];
    for (columns, table, code, message) in cases {
        let (found, told) = over(&folder, &program, &columns, table).unwrap_err();
        assert_eq!((found.as_str(), told.as_str()), (code, message), "{table}");
    }
}

#[test]
fn categories_are_kept_with_their_columns() {
    let folder = folder("categories");
    let program = program(&folder, "drop");
    for name in ["penguins", "train_set", "test_set"] {
        let set = &program.data[set(&program, name).0 as usize];
        let names = |column: usize| set.columns[column].categories.as_ref().map(|categories| categories.names());
        assert_eq!(names(0), None);
        assert_eq!(names(2).unwrap(), ["Adelie", "Chinstrap", "Gentoo"]);
        assert_eq!(names(3).unwrap(), ["2007", "2008", "2009"]);
    }
}

/// Statistics of numbers near the ends of what there is, and on both sides of a split.
#[test]
fn extreme_columns_are_standardized() {
    let folder = folder("extreme");
    for scale in ["1e300", "1e-320", "1e-300", "1"] {
        let rows: String = (0..8).map(|row| format!("{row}\n")).collect();
        fs::write(folder.join("d.csv"), format!("a\n{rows}")).unwrap();
        let text = format!(
            "data d = csv(\"d.csv\") {{ x = standardize({scale} * a) }}\nlet (p, q) = split(d, 0.5, seed = 1)\n"
        );
        fs::write(folder.join("program.nd"), text).unwrap();
        let checked = check_file(&folder.join("program.nd"), &mut FileLoader::new(), Options::default());
        let columns = [0, 1, 2].map(|set| ndc::lower::Source::Column(DataId(set), 0));
        let found = on_large_stack(|| Session::new(&checked.program).unwrap().inputs(&columns).unwrap());
        let [all, first, _] = [0, 1, 2].map(|set| numbers_of(&found[set]));
        let mean = first.iter().sum::<f64>() / 4.0;
        let square = first.iter().map(|number| number * number).sum::<f64>() / 4.0;
        assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3, "{scale}: {first:?}");
        assert!(first.iter().all(|number| all.contains(number)), "{scale}: the same row has the same value");
    }
}
