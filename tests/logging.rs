//! What other programs read of a run: the lines of `--json`, and the event files of `--log-dir`, decoded here by rules
//! written down anew.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = "\
param w: [2] = zeros()
data line = table { x = [1, 2, 3, 4], y = [3, 5, 7, 9] }
train fit {
    data         = line
    loss         = (w[0] * x + w[1] - y)^2
    metric error = abs(w[0] * x + w[1] - y)
    optimizer    = sgd(lr = 0.01)
    batch        = 2
    epochs       = 3
}
print w, (sum = w[0] + w[1], whole = argmax([1, 3]), same = (true, log(0)))
print \"the slope is\", w[0]
assert w[0] > 0
assert 1 == 2
";

/// A folder of its own for a test, with the program in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("logging_{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("line.nd"), PROGRAM).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ndc"))
        .args(["run", "line.nd", "--no-cache"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().unwrap()).collect()
}

#[test]
fn a_run_is_lines_of_json_and_nothing_else() {
    let output = run(&folder("json"), &["--json"]);
    assert_eq!(output.status.code(), Some(1), "an assertion fails");
    let lines = lines(&output);
    let expected = [
        "run",
        "started",
        "epoch",
        "epoch",
        "epoch",
        "ended",
        "value",
        "value",
        "text",
        "assertion",
        "assertion",
        "message",
        "finished",
    ];
    assert_eq!(events(&lines), expected);
    let [_, started, first, .., value, record, _, holds, fails, message, finished] = &lines[..] else { unreachable!() };
    assert_eq!((&started["name"], &started["data"], &started["examples"]), (&"fit".into(), &"line".into(), &4.into()));
    assert_eq!((&started["batch"], &started["steps_per_epoch"], &started["steps"]), (&2.into(), &2.into(), &6.into()));
    assert_eq!((&first["train"], &first["epoch"], &first["step"]), (&1.into(), &1.into(), &2.into()));
    assert!(first["loss"].as_f64().unwrap() > lines[4]["loss"].as_f64().unwrap());
    assert!(first["metrics"]["error"].as_f64().unwrap() > 0.0 && first["validation"].is_null());
    assert_eq!(lines[5]["parameters"], serde_json::json!([{ "name": "w", "shape": [2] }]));
    let w: Vec<f64> = value["value"].as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect();
    assert_eq!(record["value"]["sum"].as_f64().unwrap().to_bits(), (w[0] + w[1]).to_bits());
    assert_eq!(record["value"]["whole"], 1);
    assert_eq!(record["value"]["same"], serde_json::json!([true, "-inf"]));
    assert_eq!(
        (&holds["holds"], &holds["line"], &holds["source"]),
        (&true.into(), &13.into(), &"assert w[0] > 0".into())
    );
    assert_eq!(fails["holds"], false);
    assert_eq!((&message["diagnostic"]["code"], &message["diagnostic"]["line"]), (&"E0704".into(), &14.into()));
    assert_eq!(finished["succeeded"], false);
}

#[test]
fn a_file_that_cannot_be_run_is_told_in_json_too() {
    let folder = folder("refused");
    fs::write(folder.join("line.nd"), "print nothing\n").unwrap();
    let output = run(&folder, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert_eq!(events(&lines), ["run", "message", "finished"]);
    assert_eq!(lines[1]["diagnostic"]["severity"], "error");
}

/// A field of a protobuf message.
#[derive(Clone, Debug)]
enum Field {
    Integer(u64),
    Double(f64),
    Float(f32),
    Bytes(Vec<u8>),
}

impl Field {
    fn number(&self) -> f64 {
        match self {
            Field::Integer(value) => *value as f64,
            Field::Double(value) => *value,
            Field::Float(value) => f64::from(*value),
            Field::Bytes(_) => panic!("no number"),
        }
    }

    fn bytes(&self) -> &[u8] {
        let Field::Bytes(bytes) = self else { panic!("no bytes: {self:?}") };
        bytes
    }

    fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap()
    }

    fn doubles(&self) -> Vec<f64> {
        self.bytes().chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
    }
}

/// The fields of a message: number and value.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for place in 0.. {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let size = match key & 7 {
            0 => {
                fields.push((key >> 3, Field::Integer(varint(&mut bytes))));
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            wire => panic!("wire type {wire}"),
        };
        let (value, rest) = bytes.split_at(size);
        bytes = rest;
        let value = match key & 7 {
            1 => Field::Double(f64::from_le_bytes(value.try_into().unwrap())),
            5 => Field::Float(f32::from_le_bytes(value.try_into().unwrap())),
            _ => Field::Bytes(value.to_vec()),
        };
        fields.push((key >> 3, value));
    }
    fields
}

fn field(message: &[u8], number: u64) -> Field {
    fields(message).into_iter().find(|(field, _)| *field == number).unwrap_or_else(|| panic!("no field {number}")).1
}

/// The masked checksum, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |place| u32::from(byte >> place & 1))) {
        let feedback = (remainder ^ bit) & 1;
        remainder = (remainder >> 1) ^ (feedback * 0x82f6_3b78);
    }
    (!remainder).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The events of a file: epoch and tagged value.
fn events_of(file: &Path) -> Vec<(u64, String, Vec<u8>)> {
    let bytes = fs::read(file).unwrap();
    let (mut rest, mut events) = (&bytes[..], Vec::new());
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    while !rest.is_empty() {
        let size = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(word(&rest[8..12]), checksum(&rest[..8]));
        let event = &rest[12..12 + size];
        assert_eq!(word(&rest[12 + size..16 + size]), checksum(event));
        rest = &rest[16 + size..];
        let time = field(event, 1).number();
        assert!(time > 1e9, "{time}");
        let Some((_, summary)) = fields(event).into_iter().find(|(number, _)| *number == 5) else {
            assert_eq!(field(event, 3).text(), "brain.Event:2");
            continue;
        };
        let value = field(summary.bytes(), 1).bytes().to_vec();
        events.push((field(event, 2).number() as u64, field(&value, 1).text().to_string(), value));
    }
    events
}

fn only_file(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap();
    let file = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none() && file.to_string_lossy().contains("tfevents"));
    file
}

#[test]
fn event_files_hold_what_the_lines_of_json_say() {
    let folder = folder("events");
    let output = run(&folder, &["--json", "--log-dir", "runs/first"]);
    let epochs: Vec<Value> = lines(&output).into_iter().filter(|line| line["event"] == "epoch").collect();
    let events = events_of(&only_file(&folder.join("runs/first/line-1/train")));
    let numbers = |tag: &str| -> Vec<(u64, f64)> {
        let tagged = events.iter().filter(|(_, name, _)| name == tag);
        tagged.map(|(epoch, _, value)| (*epoch, field(value, 2).number())).collect()
    };
    let told = |read: &dyn Fn(&Value) -> &Value| -> Vec<(u64, f64)> {
        let number = |epoch: &Value| f64::from(read(epoch).as_f64().unwrap() as f32);
        epochs.iter().map(|epoch| (epoch["epoch"].as_u64().unwrap(), number(epoch))).collect()
    };
    assert_eq!(numbers("fit/loss"), told(&|epoch| &epoch["loss"]));
    assert_eq!(numbers("fit/error"), told(&|epoch| &epoch["metrics"]["error"]));
    assert_eq!(numbers("fit/loss").len(), 3);
}

#[test]
fn event_files_hold_histograms_and_texts() {
    let folder = folder("histograms");
    let output = run(&folder, &["--json", "--log-dir", "."]);
    let lines = lines(&output);
    let w = lines.iter().find(|line| line["event"] == "value").unwrap();
    let w: Vec<f64> = w["value"].as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect();
    let events = events_of(&only_file(&folder.join("line-1/train")));
    let weights = events.iter().filter(|(_, name, _)| name == "fit/parameters/w").map(|(epoch, ..)| *epoch);
    assert_eq!(weights.collect::<Vec<_>>(), [0, 1, 2, 3]);
    let tagged = |tag: &str| &events.iter().rfind(|(_, name, _)| name == tag).unwrap().2;
    let histogram = field(tagged("fit/parameters/w"), 5).bytes().to_vec();
    let number = |place: u64| field(&histogram, place).number();
    assert_eq!([number(1), number(2), number(3)], [w[0].min(w[1]), w[0].max(w[1]), 2.0]);
    assert_eq!([number(4), number(5)], [w[0] + w[1], w[0] * w[0] + w[1] * w[1]]);
    let (limits, counts) = (field(&histogram, 6).doubles(), field(&histogram, 7).doubles());
    assert_eq!((limits.len(), counts.iter().sum::<f64>()), (counts.len(), 2.0));
    assert_eq!((counts[0], counts[counts.len() - 1], limits[limits.len() - 1]), (1.0, 1.0, number(2)));
    for (tag, part) in [("fit/settings", "| batch | 2 |"), ("program", "    train fit {")] {
        let text = field(field(tagged(tag), 8).bytes(), 8).text().to_string();
        assert!(text.contains(part), "{text}");
        let plugin = field(field(field(tagged(tag), 9).bytes(), 1).bytes(), 1).text().to_string();
        assert_eq!(plugin, "text");
    }
}

#[test]
fn every_run_has_a_folder_of_its_own() {
    let folder = folder("several");
    for number in 1..=3 {
        let output = run(&folder, &["--log-dir", "runs"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("runs/line-{number}\n")));
        assert!(only_file(&folder.join(format!("runs/line-{number}/train"))).is_file());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_before_the_run() {
    let folder = folder("unwritable");
    let output = run(&folder, &["--json", "--log-dir", "line.nd"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(events(&lines(&output)), ["run", "message", "finished"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("E0804"));
}

/// What TensorBoard itself makes of an event file. Needs a Python with TensorBoard:
/// `NDC_TENSORBOARD=/path/to/python cargo test --test logging tensorboard -- --ignored`.
#[test]
#[ignore = "needs a Python with TensorBoard, named by NDC_TENSORBOARD"]
fn tensorboard_reads_event_files() {
    const READ: &str = "import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
log = EventAccumulator(sys.argv[1])
log.Reload()
loss = [(event.step, event.value) for event in log.Scalars('fit/loss')]
weights = log.Histograms('fit/parameters/w')[-1].histogram_value
settings = tensor_util.make_ndarray(log.Tensors('fit/settings')[0].tensor_proto)[0].decode()
print(json.dumps({'loss': loss, 'num': weights.num, 'min': weights.min, 'settings': settings}))
";
    let folder = folder("tensorboard");
    let lines = lines(&run(&folder, &["--json", "--log-dir", "runs"]));
    let python = std::env::var("NDC_TENSORBOARD").expect("NDC_TENSORBOARD names a Python with TensorBoard");
    let output = Command::new(python).args(["-c", READ, "runs/line-1/train"]).current_dir(&folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    let epochs = lines.iter().filter(|line| line["event"] == "epoch");
    let told: Vec<Value> = epochs
        .map(|epoch| serde_json::json!([epoch["epoch"], f64::from(epoch["loss"].as_f64().unwrap() as f32)]))
        .collect();
    assert_eq!(read["loss"], Value::Array(told));
    assert_eq!(read["num"], 2.0);
    assert!(read["settings"].as_str().unwrap().contains("| batch | 2 |"));
}
