//! `ndc data`: every item that it suggests compiles and runs as it stands, whatever the file holds, and nothing of a file
//! reaches the terminal as it is. `NDC_TABLES=FOLDER` tries all files of another folder too.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::check::program::Program;
use ndc::check::table::TableLoader;
use ndc::checkpoint::Tensors;
use ndc::data::{FileLoader, format_of, npy_bytes};
use ndc::driver::{check_file, on_large_stack};
use ndc::ir::{ElementType, Shape, Table, TensorType};
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

const FOLDERS: &[&str] = &[
    "examples/data",
    "tests/data/columns",
    "tests/cases/csv",
    "tests/data/formats",
    "tests/data/hostile/csv",
    "tests/data/hostile/npy",
    "tests/data/hostile/idx",
    "tests/data/hostile/safetensors",
];

#[test]
fn every_suggested_item_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
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
    assert!(tried >= 60, "{tried} files have an item");
}

/// What an item says of each table, the path left out.
#[test]
fn items_of_tables() {
    let names: String = std::iter::once("name\n".to_string()).chain((0..60).map(|row| format!("n{row}\n"))).collect();
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
        // One row, or rows that are all equal; rows of which none is complete; numbers that are too far apart; names.
        ("a,b,c\n1,2.5,u\n", "x = [a, b]|y = category(c)"),
        ("a\n7\n7\n", "y = category(a)"),
        ("a b\n0.5\n", "y = column(\"a b\")"),
        ("t\nu\n", "y = category(t)"),
        (
            "a,b,c\n1.5,,2.5\n,2,3.5\n1,,7.5\n",
            "x       = standardize(a)|y       = c|missing = drop|// b: missing in 2 rows, so that none is complete",
        ),
        (
            "drop,b,c\n,1,2.5\n2,3,3.5\n",
            "x = standardize(b)|y = c|// drop: missing in 1 row, and a column is called `drop`",
        ),
        ("a,b,c\n1e308,1,2.5\n-1e308,3,3.5\n", "x = [a, b]|y = c"),
        (&names, "y = category(name)"),
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
    for name in ["split", "csv", "category", "data", "x", "sum", "9", "let", "é", "a.b"] {
        let path = folder.join(format!("{name}.csv"));
        fs::write(&path, "a,y,split\n1.5,u,1\n2,v,2\n").unwrap();
        let item = item(&surveyed(&path).unwrap()).unwrap();
        assert_eq!(computed(&item, &folder.join("program.nd")).err(), None, "{item}");
    }
    fs::write(folder.join("table.csv"), "a b,c d\ninf,inf\n").unwrap();
    assert_eq!(item(&surveyed(&folder.join("table.csv")).unwrap()), None);
}

/// What an item says of arrays.
#[test]
fn items_of_arrays() {
    let folder = folder("arrays");
    let cases: [(&str, &[usize], Vec<u8>, &str); 6] = [
        ("f8", &[2], [1.5_f64, f64::NAN].map(f64::to_le_bytes).concat(), "values  = values|missing = drop"),
        ("u8", &[2], [1_u64, (1 << 53) + 1].map(u64::to_le_bytes).concat(), ""),
        ("u8", &[2], [1_u64, 1 << 60].map(u64::to_le_bytes).concat(), "values = values"),
        ("u1", &[2, 2, 1], vec![1, 2, 3, 4], "values = values / 255"),
        ("f4", &[1, 2], [1.0_f32, f32::NAN].map(f32::to_le_bytes).concat(), ""),
        ("f4", &[2, 2], [1.0, f32::NAN, 2.0, 3.0].map(f32::to_le_bytes).concat(), "values  = values|missing = drop"),
    ];
    for (kind, sizes, elements, expected) in cases {
        let path = folder.join("values.npy");
        fs::write(&path, npy_bytes(kind, sizes, &elements)).unwrap();
        let Some(item) = item(&surveyed(&path).unwrap()) else {
            assert_eq!(expected, "", "{kind} {sizes:?} has an item");
            continue;
        };
        let lines: Vec<&str> = item.lines().map(str::trim).collect();
        assert_eq!(lines[1..lines.len() - 1].join("|"), expected, "{kind} {sizes:?}");
        assert_eq!(computed(&item, &folder.join("program.nd")).err(), None, "{item}");
    }
    // Names that nd cannot write, or that say something else.
    let names = ["a b", "let", "missing", "x", "a-b", "é", "", "\u{1b}", "column(", "\"", "a_b"];
    let entries = names.map(|name| {
        (
            name.to_string(),
            Table {
                ty: TensorType::new(ElementType::F64, Shape::new(&[2])),
                bits: vec![1.0_f64.to_bits(), f64::NAN.to_bits()],
            },
        )
    });
    let path = folder.join("names.safetensors");
    Tensors::new(entries.to_vec(), None).write(&path).unwrap();
    let item = item(&surveyed(&path).unwrap()).unwrap();
    assert_eq!(computed(&item, &folder.join("program.nd")).err(), None, "{item}");
    assert!(item.contains("missing_label") && item.contains("column(\"let\")"), "{item}");
    assert_eq!(item.lines().count(), names.len() + 3, "{item}");
}

#[test]
fn columns_are_described() {
    let path = folder("described").join("table.csv");
    fs::write(&path, "a,b,c,d\n1,0.5,x,inf\n3,,\"y\",1\n2,NA,?,2\n0,-1.5,x,3\n").unwrap();
    let survey = surveyed(&path).unwrap();
    let told: Vec<_> = survey
        .columns
        .iter()
        .map(|column| {
            (column.kind.as_str(), column.missing.len(), column.distinct, column.range, column.first.join(" "))
        })
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
