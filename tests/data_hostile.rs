//! Data files that are damaged, misleading or made to do harm: each gets what its manifest says, and what ndc makes of it
//! stays as written down. Random changes of sound files never do more than give a message.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::table::{RawColumn, RawTable, TableLoader};
use ndc::checkpoint::{ReadError, Tensors};
use ndc::data::{FileLoader, format_of};
use ndc::diagnostics::Diagnostic;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::check_text;
use ndc::source::{SourceMap, Span};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Loaded = Result<Arc<RawTable>, Box<Diagnostic>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile")
}

/// A file of the manifest; the large ones are made.
fn file(name: &str) -> PathBuf {
    let bytes = match name {
        "csv/long_field.csv" => format!("a,b\n{},2\n", "x".repeat(1_000_000)).into_bytes(),
        "csv/many_digits_frac.csv" => format!("a\n0.{}\n", "3".repeat(100_000)).into_bytes(),
        "safetensors/header_deep.safetensors" => {
            tensors(&format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000)))
        }
        "safetensors/many_tensors.safetensors" => {
            let tensor = |index| format!("\"t{index}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
            tensors(&format!("{{{}}}", (0..20_000).map(tensor).collect::<Vec<String>>().join(",")))
        }
        _ => return folder().join(name),
    };
    written(name, &bytes)
}

/// A safetensors file without data.
fn tensors(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
}

fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// What the loader makes of a file, and the texts that its message may show.
fn load(path: &Path) -> (Loaded, SourceMap, Span) {
    let mut sources = SourceMap::default();
    let id = sources.add("program.nd", None, "data d = csv(\"d.csv\")");
    let used = Span::new(id, 13, 20);
    let loaded = FileLoader::new().load(path, format_of(path), used, &mut sources);
    (loaded, sources, used)
}

/// The messages of a program that takes all columns of a file and prints one of them, if there is any that has a name.
fn messages(path: &Path, column: Option<&RawColumn>) -> Vec<String> {
    let program = path.parent().unwrap().join("program.nd");
    let (format, name) = (format_of(path).name(), path.file_name().unwrap().to_str().unwrap());
    let is_name = |column: &&RawColumn| column.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let print = column.filter(is_name).map(|column| format!("print d.{}\n", column.name)).unwrap_or_default();
    let text = format!("data d = {format}(\"{name}\")\n{print}");
    let checked = check_text("program.nd", Some(&program), text, &mut FileLoader::new(), Default::default());
    let errors = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .map(|error| {
            render(std::slice::from_ref(error), &checked.sources, MessageFormat::Short, false).trim().to_string()
        })
        .collect()
}

fn shape(column: &RawColumn) -> Vec<usize> {
    let values = column.values.as_ref().unwrap();
    std::iter::once(values.rows()).chain(values.entry_shape().iter().copied()).collect()
}

/// A column in one line: its type, shape and first values, or its problem.
fn described(column: &RawColumn) -> String {
    let name: String = column.name.chars().flat_map(char::escape_debug).collect();
    match &column.values {
        Ok(values) => {
            let first: Vec<String> = values.reals().iter().take(6).map(|value| format!("{value:?}")).collect();
            format!("{name} {} {:?} {}", values.element(), shape(column), first.join(" "))
        }
        Err(problem) => format!("{name} {:?} in line {}: {}", problem.kind, problem.line, problem.cell),
    }
}

fn outcome(path: &Path) -> String {
    match load(path).0 {
        Ok(table) => {
            let more = table.columns.len().saturating_sub(4);
            let columns = table.columns.iter().take(4).map(described);
            let more = (more > 0).then(|| format!("{more} more columns"));
            columns.chain(more).collect::<Vec<String>>().join("; ")
        }
        Err(diagnostic) => {
            let name = path.file_name().unwrap().to_str().unwrap();
            format!("{}: {}", diagnostic.code, diagnostic.message.replace(&path.display().to_string(), name))
        }
    }
}

fn manifest() -> Vec<Value> {
    serde_json::from_str(&fs::read_to_string(folder().join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn every_file_gets_what_the_manifest_says() {
    let mut wrong = Vec::new();
    for entry in manifest() {
        let name = entry["file"].as_str().unwrap();
        let path = file(name);
        let (loaded, _, _) = load(&path);
        let problem = match entry["verdict"].as_str().unwrap() {
            "accept" => not_accepted(&loaded, &entry),
            "reject" => not_rejected(&path, &loaded),
            _ => None,
        };
        wrong.extend(problem.map(|problem| format!("{name}: {problem}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why a file that is to be accepted is not, or has other values.
fn not_accepted(loaded: &Loaded, entry: &Value) -> Option<String> {
    let table = match loaded {
        Ok(table) => table,
        Err(diagnostic) => return Some(diagnostic.message.clone()),
    };
    let columns: Vec<Vec<f64>> =
        match table.columns.iter().map(|column| Some(column.values.as_ref().ok()?.reals())).collect() {
            Some(columns) => columns,
            None => return Some("a column holds no numbers".to_string()),
        };
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
    let expected: Option<Vec<f64>> = entry["values"].as_array().map(|values| values.iter().map(number).collect());
    let expected_shape: Option<Vec<usize>> =
        entry["shape"].as_array().map(|sizes| sizes.iter().map(|size| size.as_u64().unwrap() as usize).collect());
    let is_text = entry["format"] == "csv";
    let (found_shape, found) = if is_text {
        let rows = 0..table.rows;
        let values: Vec<f64> = rows.flat_map(|row| columns.iter().map(move |column| column[row])).collect();
        (vec![table.rows, columns.len()], values)
    } else {
        (shape(&table.columns[0]), columns.concat())
    };
    // An array without axes is one row.
    let expected_shape = expected_shape.map(|shape| if shape.is_empty() { vec![1] } else { shape });
    if expected_shape.as_ref().is_some_and(|expected| *expected != found_shape) {
        return Some(format!("expected shape {expected_shape:?}, found {found_shape:?}"));
    }
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
    let differs = expected.as_ref().is_some_and(|expected| bits(expected) != bits(&found));
    let sum = entry["sum"].as_f64().is_some_and(|sum| sum != found.iter().sum::<f64>());
    (differs || sum).then(|| format!("expected {expected:?}, found {found:?}"))
}

/// Why a file that is to be rejected is not rejected as it should.
fn not_rejected(path: &Path, loaded: &Loaded) -> Option<String> {
    let bad = loaded.as_ref().ok().and_then(|table| table.columns.iter().find(|column| column.values.is_err()));
    if loaded.is_ok() && bad.is_none() {
        return Some("accepted".to_string());
    }
    let messages = messages(path, bad);
    let [message] = &messages[..] else { return Some(format!("not one message but {messages:?}")) };
    let name = path.file_name().unwrap().to_str().unwrap();
    let place = ["byte ", "bytes ", "line ", "header"].iter().any(|word| message.contains(word));
    let is_plain = !message.chars().any(char::is_control) && message.len() < 600;
    (!message.contains(name) || !place || !is_plain).then(|| format!("the message is {message:?}"))
}

#[test]
fn what_becomes_of_each_file_is_stated() {
    let found: Vec<String> = manifest()
        .iter()
        .map(|entry| entry["file"].as_str().unwrap())
        .map(|name| format!("{name}: {}", outcome(&file(name))))
        .collect();
    let stated = folder().join("outcomes.txt");
    let found = found.join("\n") + "\n";
    if std::env::var_os("HOSTILE_OUTCOMES").is_some() {
        fs::write(&stated, &found).unwrap();
    }
    let expected = fs::read_to_string(&stated).unwrap_or_default();
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected, found);
}

/// `load` and checkpoints take the files that data are read from, and no others.
#[test]
fn tensors_to_load_are_read_alike() {
    let mut counts = [0, 0];
    for entry in manifest().iter().filter(|entry| entry["format"] == "safetensors") {
        let name = entry["file"].as_str().unwrap();
        let bytes = fs::read(file(name)).unwrap();
        let loaded = Tensors::from_bytes(&bytes);
        match entry["verdict"].as_str().unwrap() {
            "accept" => {
                counts[0] += 1;
                assert!(loaded.is_ok(), "{name}: {loaded:?}");
            }
            "reject" => {
                counts[1] += 1;
                let Err(ReadError::Format(problem)) = loaded else { panic!("{name}: {loaded:?}") };
                assert!(problem.starts_with("byte "), "{name}: {problem}");
            }
            // Whether the one is read or the other, both are.
            _ => assert_eq!(loaded.is_ok(), load(&file(name)).0.is_ok(), "{name}"),
        }
    }
    assert!(counts[0] >= 5 && counts[1] >= 15, "{counts:?}");
}

/// What Python's library writes is what `save` writes, byte by byte, so that each reads the other's files.
#[test]
fn python_writes_the_same_bytes() {
    let bytes = fs::read(folder().join("../formats/python.safetensors")).unwrap();
    let tensors = Tensors::from_bytes(&bytes).unwrap();
    let names: Vec<&str> = tensors.names().collect();
    assert_eq!(names, ["b", "count", "empty", "mask", "net.0.W", "scalar", "w"]);
    assert_eq!(tensors.note.as_deref(), Some("written by Python"));
    let numbers = |name: &str| {
        let table = tensors.get(name).unwrap();
        (table.ty.shape.sizes().to_vec(), table.bits.iter().map(|word| table.ty.element.number(*word)).collect())
    };
    let expected: [(&str, &[usize], &[f64]); 5] = [
        ("w", &[2, 3], &[1.5, -2.25, 1e-300, 0.1, f64::INFINITY, -0.0]),
        ("net.0.W", &[2], &[0.5, f64::from(0.1_f32)]),
        ("count", &[3], &[1.0, -2.0, 3.0]),
        ("mask", &[2], &[1.0, 0.0]),
        ("scalar", &[], &[7.0]),
    ];
    for (name, shape, values) in expected {
        assert_eq!(numbers(name), (shape.to_vec(), values.to_vec()), "{name}");
    }
    assert_eq!(tensors.to_bytes().unwrap(), bytes);
}

/// A generator of numbers for changes; any will do.
struct Changes(u64);

impl Changes {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Some bytes overwritten, removed, repeated, or the end cut off.
    fn change(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes.truncate(at),
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                2 => bytes.insert(at, self.below(256) as u8),
                3 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                4 if !bytes.is_empty() => {
                    bytes[at] = *[0, 0xff, 0x7f, 0x80, b'9', b'(', b'"', b','].get(self.below(8)).unwrap()
                }
                _ => {
                    let end = (at + self.below(12)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
            }
        }
    }
}

/// `HOSTILE_CHANGES=200000` tries as many changes of each file.
#[test]
fn changed_files_give_a_table_or_a_message() {
    let count: u64 = std::env::var("HOSTILE_CHANGES").map_or(150, |count| count.parse().unwrap());
    let sound = [
        "csv/ok_quotes.csv",
        "csv/ok_precise.csv",
        "npy/ok_f4.npy",
        "npy/ok_bool.npy",
        "idx/ok_images.idx3-ubyte",
        "safetensors/ok_metadata.safetensors",
        "safetensors/ok_order.safetensors",
        "../formats/deflated.npz",
        "../formats/types.npz",
        "../formats/x.npy.gz",
        "../formats/points.csv.gz",
        "../formats/labels.idx1-ubyte.gz",
    ];
    for (index, name) in sound.iter().enumerate() {
        let bytes = fs::read(folder().join(name)).unwrap();
        for seed in 0..count {
            let mut changed = bytes.clone();
            Changes(0x9e37_79b9_7f4a_7c15 ^ (seed << 8) ^ (index as u64 + 1)).change(&mut changed);
            let path = written(Path::new(name).file_name().unwrap().to_str().unwrap(), &changed);
            let (loaded, sources, used) = load(&path);
            match loaded {
                Ok(table) => check_table(&table, changed.len()),
                Err(message) => {
                    let place = message.primary.as_ref().unwrap().span;
                    assert!(place == used || !sources.text(place).is_empty() || place.start == place.end);
                }
            }
        }
    }
}

/// A table has as many rows as its columns, and not more elements than its file can hold.
fn check_table(table: &RawTable, length: usize) {
    for column in &table.columns {
        let Ok(values) = &column.values else { continue };
        assert!(values.rows() * values.entry_count() <= 1040 * length);
        assert_eq!(values.reals().len(), values.rows() * values.entry_count());
    }
}
