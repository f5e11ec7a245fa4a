//! `ndc data`: every item that it suggests compiles and runs as it stands, whatever the file holds, and nothing of a file
//! reaches the terminal as it is. `NDC_TABLES=FOLDER` tries all files of another folder too.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::check::program::Program;
use ndc::check::table::TableLoader;
use ndc::data::{FileLoader, format_of};
use ndc::driver::{check_file, on_large_stack};
use ndc::lower::Source;
use ndc::session::Session;
use ndc::source::{SourceMap, Span};
use ndc::survey::{Content, Survey, item, json, survey, text};
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn surveyed(path: &Path) -> Option<Survey> {
    let mut sources = SourceMap::default();
    let id = sources.add("command line", None, "ndc data");
    let format = format_of(path);
    let table = FileLoader::new().load(path, format, Span::new(id, 0, 3), &mut sources).ok()?;
    Some(survey(&path.display().to_string(), format, &table))
}

/// The program of an item, all of whose columns can be computed.
fn computed(item: &str, program: &Path) -> Result<Program, String> {
    fs::write(program, item).unwrap();
    let checked = check_file(program, &mut FileLoader::new(), Options::default());
    if checked.has_errors() {
        return Err(format!("{:?}", checked.diagnostics));
    }
    let set = &checked.program.data[0];
    let columns: Vec<Source> =
        (0..set.columns.len() as u32).map(|column| Source::Column(ndc::check::program::DataId(0), column)).collect();
    let values = on_large_stack(|| Session::new(&checked.program).unwrap().inputs(&columns))
        .map_err(|error| format!("{error:?}"))?;
    let finite = values.iter().all(|table| table.bits.iter().all(|word| table.ty.element.number(*word).is_finite()));
    if finite { Ok(checked.program) } else { Err("a column has numbers that are not finite".to_string()) }
}

#[test]
fn every_suggested_item_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["examples/data", "tests/data/columns", "tests/cases/csv", "tests/data/formats"]
        .map(|folder| root.join(folder))
        .to_vec();
    folders.extend(std::env::var_os("NDC_TABLES").map(PathBuf::from));
    let program = folder("suggested").join("program.nd");
    let (mut tried, mut wrong) = (0, Vec::new());
    for folder in folders {
        let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| !matches!(file.extension().and_then(|end| end.to_str()), Some("md" | "py" | "txt")))
        {
            let Some(survey) = surveyed(file) else { continue };
            assert!(!text(&survey).contains('\u{1b}'), "{} writes an escape", file.display());
            let Some(item) = item(&survey) else { continue };
            assert!(!item.contains('\u{1b}'), "the item of {} has an escape", file.display());
            tried += 1;
            wrong.extend(computed(&item, &program).err().map(|why| format!("{}: {why}\n{item}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 20, "{tried} files have an item");
}

/// What an item says of each table, the path left out.
#[test]
fn items_of_tables() {
    let cases = [
        // Names of functions, of the set's own columns, and such as nd cannot write.
        ("category,x\n1,2.5\n2,3.5\n", "x = x|y = category"),
        (
            "x,missing,let,a b,z\n1.5,2,1,1,a\n2.5,1,2,2,b\n",
            "x = standardize([x, missing, column(\"let\"), column(\"a b\")])|y = category(z)",
        ),
        ("y,x\na,b\nb,c\n", "x_label = one_hot(category(x))|y       = category(y)"),
        // What is missing, constant, infinite or text of many kinds.
        ("a,b\n1.5,2.5\n,3.5\n2.5,4.5\n", "x       = standardize(a)|y       = b|missing = drop"),
        ("a,b,c\n1.5,7,2.5\n2,7,3.5\n", "x = standardize(a)|y = c|// b: the same in all rows"),
        ("a,b\n1.5,inf\n2,7\n", "y = a|// b: `inf` in line 2 is not a finite number"),
        ("a,b\n1.5,\n2,\n", "y = a|// b: no values"),
        ("species,a\n0,1.5\n1,2.5\n", "x = standardize(a)|y = category(species)"),
        ("\u{1b}[2Ja,b\n1.5,1.5\n2,2.5\n", "x = standardize(column(\"\\u{1b}[2Ja\"))|y = b"),
        (
            "a b,a-b,c\nu,v,1\nv,u,3\n",
            "a_b       = one_hot(category(column(\"a b\")))|a_b_label = one_hot(category(column(\"a-b\")))|y         = category(c)",
        ),
        ("a b,column\n1.5,1\n2,3\n", "y = column|// a b: not a name that nd can write"),
    ];
    let folder = folder("items");
    for (table, expected) in cases {
        let path = folder.join("table.csv");
        fs::write(&path, table).unwrap();
        let item = item(&surveyed(&path).unwrap()).unwrap();
        let lines: Vec<&str> = item.lines().map(str::trim).collect();
        assert_eq!(lines[1..lines.len() - 1].join("|"), expected, "{table}");
        assert!(computed(&item, &folder.join("program.nd")).is_ok(), "{item}");
    }
    fs::write(folder.join("table.csv"), "a b,c d\ninf,inf\n").unwrap();
    assert_eq!(item(&surveyed(&folder.join("table.csv")).unwrap()), None);
}

#[test]
fn columns_are_described() {
    let path = folder("described").join("table.csv");
    fs::write(&path, "a,b,c,d\n1,0.5,x,inf\n3,,\"y\",1\n2,NA,?,2\n0,-1.5,x,3\n").unwrap();
    let survey = surveyed(&path).unwrap();
    let told: Vec<_> = survey
        .columns
        .iter()
        .map(|column| (column.kind.as_str(), column.missing, column.distinct, column.range, column.first.join(" ")))
        .collect();
    assert_eq!(
        told,
        [
            ("whole", 0, Some(4), Some((0.0, 3.0, 1.5)), "1 3 2".to_string()),
            ("real", 2, Some(2), Some((-1.5, 0.5, -0.5)), "0.5 missing missing".to_string()),
            ("text", 1, Some(2), None, "x y missing".to_string()),
            ("unusable", 0, None, None, String::new()),
        ]
    );
    assert_eq!(survey.columns[2].labels.clone().unwrap(), ["x", "y"]);
    assert_eq!(survey.columns[3].content, Content::Unusable("`inf` in line 2 is not a finite number".to_string()));
    let object = json(&survey);
    assert_eq!(object["rows"], 4);
    assert_eq!(object["columns"][1]["missing"], 2);
    assert_eq!(object["columns"][1]["mean"], -0.5);
    assert_eq!(object["columns"][3]["problem"], "`inf` in line 2 is not a finite number");
    assert!(object["item"].as_str().unwrap().contains("missing = drop"));
}
