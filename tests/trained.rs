//! `ndc predict` and `ndc eval`, as real processes: a model that was trained and saved says the same of new examples as the
//! program itself does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/commands.rs"]
mod commands;

use commands::{refused, shown};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trained_{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

const SPECIES: &str = "\
length,width,kind
1.0,10,cat
2.0,20,dog
3.0,30,cat
4.0,40,\"big, dog\"
5.0,50,dog
6.0,60,cat
";

/// Statistics and labels of the training part; a value of the file above the block; a mean that training keeps.
const CLASSES: &str = "\
data d = csv(\"d.csv\") { x = standardize([length, width]), kind = category(kind) }
let (train_set, rest) = split(d, 0.67, seed = 3)
let scale = 1 + 0 * mean(train_set.x)
model net = nn.Dense(4, tanh) >> nn.BatchNorm() >> nn.Dense(3)
train {
    data = train_set
    loss = cross_entropy(scale * net(x), kind)
    metric accuracy = argmax(net(x)) == kind
    predict = softmax(scale * net(x))
    optimizer = sgd(lr = 0.1)
    epochs = 20
    batch = 2
}
save \"classes.safetensors\"
print [softmax(scale * net(x)) for x in rest.x]
print d.x
";

#[test]
fn new_examples_are_seen_as_those_of_the_training_were() {
    let folder = folder("classes");
    fs::write(folder.join("d.csv"), SPECIES).unwrap();
    let program = CLASSES.replace("print [softmax(scale * net(x)) for x in rest.x]\nprint d.x\n", "print rest.x\n");
    fs::write(folder.join("p.nd"), program).unwrap();
    shown(&folder, &["run", "p.nd"]);
    // All rows of the file again, without labels and with the columns in another order.
    let rows: Vec<Vec<&str>> = SPECIES.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let unlabelled: String = rows.iter().map(|row| format!("{},{}\n", row[1], row[0])).collect();
    fs::write(folder.join("new.csv"), format!("width,length\n{unlabelled}")).unwrap();
    let all = shown(&folder, &["predict", "p.nd", "--input", "new.csv"]);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!((lines[0], lines.len()), ("kind,\"big, dog\",cat,dog", 7));
    assert_eq!(all, shown(&folder, &["predict", "p.nd", "--input", "d.csv"]), "other columns make no difference");
    for (line, row) in lines[1..].iter().zip(&rows) {
        // One example alone, whose mean and deviation are no use.
        fs::write(folder.join("one.csv"), format!("length,width\n{},{}\n", row[0], row[1])).unwrap();
        let one = shown(&folder, &["predict", "p.nd", "--input", "one.csv"]);
        assert_eq!(one.lines().nth(1), Some(*line));
        let (label, scores) = split_scores(line);
        let sum: f64 = scores.iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{line}");
        let best = (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert_eq!(label, ["big, dog", "cat", "dog"][best]);
    }
    // The same by other ways to ask.
    let positions = shown(&folder, &["predict", "p.nd", "--input", "new.csv", "--of", "argmax(net(x))"]);
    let labels: String = lines[1..].iter().map(|line| format!("{}\n", &line[..label_end(line)])).collect();
    assert_eq!(positions, format!("kind\n{labels}"));
    let objects = shown(&folder, &["predict", "p.nd", "--input", "new.csv", "--format", "json"]);
    for (object, line) in objects.lines().zip(&lines[1..]) {
        let object: serde_json::Value = serde_json::from_str(object).unwrap();
        let (label, scores) = split_scores(line);
        assert_eq!(object["kind"], label);
        assert_eq!(object["prediction"], serde_json::json!(scores));
    }
}

fn label_end(line: &str) -> usize {
    if let Some(rest) = line.strip_prefix('"') { rest.find('"').unwrap() + 2 } else { line.find(',').unwrap() }
}

fn split_scores(line: &str) -> (String, Vec<f64>) {
    let (label, scores) = line.split_at(label_end(line));
    let scores = scores.trim_start_matches(',').split(',').map(|score| score.parse().unwrap()).collect();
    (label.trim_matches('"').to_string(), scores)
}

const LINE: &str = "\
precision f64
const start = 0.25
data d = csv(\"d.csv\") { x = a / 2, y = b }
param w = start
param c in (0, inf) = 1.5
param unused: [2] = zeros()
train fit { data = d, loss = (w * x + c - y)^2, metric error = abs(w * x + c - y), predict = w * x + c, optimizer = sgd(lr = 0.1), epochs = 40 }
print w * 7.0 + c
save \"line.safetensors\"
";

#[test]
fn many_examples_and_every_format() {
    let folder = folder("line");
    fs::write(folder.join("d.csv"), "a,b\n1,2\n2,3\n3,4.5\n").unwrap();
    fs::write(folder.join("p.nd"), LINE).unwrap();
    let run = shown(&folder, &["run", "p.nd"]);
    let expected: f64 = run.lines().find_map(|line| line.strip_prefix("w * 7.0 + c = ")).unwrap().parse().unwrap();
    // 14 / 2 is 7, in each of several chunks.
    let rows = "0\n".repeat(1023) + "14\n" + &"3\n".repeat(1500) + "14\n";
    fs::write(folder.join("many.csv"), format!("a\n{rows}")).unwrap();
    let csv = shown(&folder, &["predict", "p.nd", "--input", "many.csv"]);
    let values: Vec<&str> = csv.lines().collect();
    assert_eq!((values[0], values.len()), ("prediction", 2526));
    assert_eq!((values[1024], values[2525]), (values[1024], values[1024]));
    assert_eq!(values[1024].parse::<f64>().unwrap().to_bits(), expected.to_bits());
    // As an array, which is read again as data.
    assert_eq!(shown(&folder, &["predict", "p.nd", "-i", "many.csv", "-o", "out.npy"]), "");
    fs::write(folder.join("q.nd"), "data d = npy(\"out.npy\")\nprint d.values[1023], d.values[2524]\n").unwrap();
    let read = shown(&folder, &["run", "q.nd"]);
    assert_eq!(read, format!("d.values[1023] = {0}\nd.values[2524] = {0}\n", values[1024]));
    let lines = shown(&folder, &["predict", "p.nd", "-i", "many.csv", "-o", "out.jsonl"]);
    assert_eq!(lines, "");
    let written = fs::read_to_string(folder.join("out.jsonl")).unwrap();
    assert_eq!(written.lines().nth(1023), Some(format!("{{\"prediction\": {}}}", values[1024]).as_str()));
    // Compressed, and in another format than the data for training.
    let npz = python_free_npz(&[("a", &[14.0, 0.0])]);
    fs::write(folder.join("new.npz"), npz).unwrap();
    let two = shown(&folder, &["predict", "p.nd", "-i", "new.npz"]);
    assert_eq!(two.lines().nth(1), Some(values[1024]));
    // Other parameters, by a file or by their initial values through a `let`-free expression.
    let constant = shown(&folder, &["predict", "p.nd", "-i", "new.npz", "--of", "x + start", "--set", "start=2"]);
    assert_eq!(constant, "prediction\n9\n2\n");
}

/// An archive of NPY files, each a vector, as `numpy.savez` makes it.
fn python_free_npz(arrays: &[(&str, &[f64])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, values) in arrays {
        let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", values.len());
        header.push_str(&" ".repeat((64 - (header.len() + 11) % 64) % 64));
        header.push('\n');
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        values.iter().for_each(|value| file.extend(value.to_le_bytes()));
        let mut sum = flate2::Crc::new();
        sum.update(&file);
        let name = format!("{name}.npy");
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        facts.extend(sum.sum().to_le_bytes());
        facts.extend([(file.len() as u32).to_le_bytes(); 2].concat());
        facts.extend((name.len() as u16).to_le_bytes());
        facts.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&facts);
        directory.extend([0; 10]);
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&facts);
        bytes.extend(name.as_bytes());
        bytes.extend(file);
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([(arrays.len() as u16).to_le_bytes(); 2].concat());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn evaluation_is_that_of_the_training() {
    let folder = folder("eval");
    fs::write(folder.join("d.csv"), "a,b\n1,2\n2,3\n3,4.5\n").unwrap();
    fs::write(folder.join("p.nd"), LINE).unwrap();
    let run = shown(&folder, &["run", "p.nd"]);
    let closing = |name: &str| {
        let line = run.lines().rfind(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_string()
    };
    let text = shown(&folder, &["eval", "p.nd"]);
    assert_eq!(
        text,
        format!("d: 3 examples\n  {:<12} {}\n  {:<12} {}\n", "loss", closing("loss"), "error", closing("error"))
    );
    for data in ["d", "d.csv"] {
        assert_eq!(
            shown(&folder, &["eval", "p.nd", "--data", data]).lines().skip(1).collect::<String>(),
            text.lines().skip(1).collect::<String>()
        );
    }
    // One example: its loss is what is left of its prediction.
    fs::write(folder.join("one.csv"), "a,b,c\n14,10,x\n").unwrap();
    let predicted = shown(&folder, &["predict", "p.nd", "-i", "one.csv"]);
    let rest = predicted.lines().nth(1).unwrap().parse::<f64>().unwrap() - 10.0;
    let object = shown(&folder, &["eval", "p.nd", "--data", "one.csv", "--format", "json"]);
    let object: serde_json::Value = serde_json::from_str(&object).unwrap();
    assert_eq!((&object["data"], &object["examples"]), (&"one.csv".into(), &1.into()));
    assert_eq!(object["loss"].as_f64(), Some(rest * rest));
    assert_eq!(object["metrics"]["error"].as_f64(), Some(rest.abs()));
}

/// Labels that are counted, and a class that the truth's category does not have.
const COUNTED: &str = "\
data d = csv(\"d.csv\") { x = length / 10, kind = category(kind), chosen = one_hot(category(kind)) }
param w = [0, 1]
train {
    data = d
    loss = 0 * sum(w) + 0 * chosen[0]
    metric labels = confusion([x, 0, 0, 0], kind)
    metric chosen = confusion([1, 0, 0], chosen)
    metric places = confusion(argmax([x, 1 - x]), argmax(chosen))
    metric other  = confusion(argmax([x, 1 - x]), kind - 0)
    optimizer = sgd(lr = 0.1)
    steps = 1
}
save \"w.safetensors\"
";

#[test]
fn confusions_have_the_names_of_the_labels() {
    let folder = folder("confusions");
    fs::write(folder.join("d.csv"), SPECIES.replace("big, dog", "a\u{1b}[2J")).unwrap();
    fs::write(folder.join("p.nd"), COUNTED).unwrap();
    let run = shown(&folder, &["run", "p.nd", "--json"]);
    let eval = shown(&folder, &["eval", "p.nd", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&eval).unwrap();
    let classes = |name: &str| found["confusion"][name]["classes"].to_string();
    let names = r#"["a\\u{1b}[2J","cat","dog"]"#;
    assert_eq!(classes("labels"), r#"["a\\u{1b}[2J","cat","dog","3"]"#);
    assert_eq!((classes("chosen"), classes("places")), (names.to_string(), names.to_string()));
    assert_eq!(classes("other"), r#"["0","1","2"]"#);
    assert_eq!(found["confusion"]["chosen"]["counts"].to_string(), "[[1,0,0],[3,0,0],[2,0,0]]");
    let end = run.lines().find(|line| line.contains("confusion")).unwrap();
    assert!(end.contains(names), "{end}");
    let text = shown(&folder, &["eval", "p.nd"]);
    assert!(text.contains("  cat") && !text.contains('\u{1b}'), "{text}");
}

/// Which columns a run computes, and in which order, makes no difference to what is found in the cache.
#[test]
fn runs_and_evaluations_share_a_cache() {
    let folder = folder("shared_cache");
    fs::write(folder.join("d.csv"), SPECIES).unwrap();
    let program = "data d = csv(\"d.csv\") { x = standardize(length + standardize(width)), z = standardize(width) }
let (first, second) = split(d, 0.5, seed = 1)
param w = 0.0
train { data = first, validate = second, loss = (w * x - z)^2, optimizer = sgd(lr = 0.1), epochs = 3 }
save \"w.safetensors\"
";
    fs::write(folder.join("p.nd"), program).unwrap();
    let found = |arguments: &[&str]| shown(&folder, arguments);
    found(&["run", "p.nd"]);
    let with_cache: Vec<String> =
        ["second", "first", "d", "d.csv"].map(|data| found(&["eval", "p.nd", "--data", data])).to_vec();
    for (data, expected) in ["second", "first", "d", "d.csv"].iter().zip(&with_cache) {
        fs::remove_dir_all(folder.join("cache")).unwrap();
        assert_eq!(found(&["eval", "p.nd", "--data", data]), *expected, "{data}");
        found(&["run", "p.nd"]);
        assert_eq!(found(&["eval", "p.nd", "--data", data]), *expected, "{data}");
    }
}

/// What is no ordinary file is not opened, as a pipe would never end.
#[cfg(unix)]
#[test]
fn pipes_are_not_waited_for() {
    let folder = folder("pipes");
    fs::write(folder.join("d.csv"), "a,b\n1,2\n2,3\n3,4.5\n").unwrap();
    fs::write(folder.join("p.nd"), LINE).unwrap();
    shown(&folder, &["run", "p.nd"]);
    fs::write(folder.join("q.nd"), "data d = npy(\"pipe\")\nprint d.values\n").unwrap();
    assert!(Command::new("mkfifo").arg("pipe").current_dir(&folder).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    for special in ["pipe", "socket", "/dev/zero"] {
        refused(&folder, &["predict", "p.nd", "-i", special], "E0801", &["not an ordinary file"]);
        refused(&folder, &["eval", "p.nd", "--data", special], "E0801", &["not an ordinary file"]);
        refused(&folder, &["data", special], "E0501", &["not an ordinary file"]);
    }
    refused(&folder, &["run", "q.nd"], "E0501", &["not an ordinary file"]);
    refused(&folder, &["predict", "p.nd", "-i", "d.csv", "--params", "pipe"], "E0806", &["not an ordinary file"]);
}

/// Labels that a `one_hot` of the program has no place for.
#[test]
fn labels_without_a_class_are_told() {
    let folder = folder("classless");
    fs::write(folder.join("d.csv"), "a,b,kind\n1,0,u\n2,1,v\n3,1,u\n").unwrap();
    let program = "data d = csv(\"d.csv\") { x = a, y = one_hot(b, 2), z = one_hot(category(kind), 3) }
param w = 0.0
train { data = d, loss = (w * x - y[1] + z[0])^2, optimizer = sgd(lr = 0.1), steps = 1 }
save \"w.safetensors\"
";
    fs::write(folder.join("p.nd"), program).unwrap();
    shown(&folder, &["run", "p.nd"]);
    fs::write(folder.join("new.csv"), "a,b,kind\n1,0,u\n2,2,v\n").unwrap();
    refused(&folder, &["eval", "p.nd", "--data", "new.csv"], "E0534", &["`b` holds 2 in row 2"]);
    fs::write(folder.join("new.csv"), "a,b,kind\n1,0,u\n2,1,w\n").unwrap();
    refused(&folder, &["eval", "p.nd", "--data", "new.csv"], "E0535", &["`kind` holds `w` in row 2"]);
}

#[test]
fn what_cannot_be_used_is_told() {
    let folder = folder("refused");
    fs::write(folder.join("d.csv"), "a,b\n1,2\n2,3\n3,4.5\n").unwrap();
    fs::write(folder.join("new.csv"), "a\n1\n").unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("p.nd", LINE);
    refused(&folder, &["predict", "p.nd", "-i", "new.csv"], "E0647", &["line.safetensors", "ndc run p.nd"]);
    refused(&folder, &["eval", "p.nd"], "E0647", &["ndc run p.nd"]);
    shown(&folder, &["run", "p.nd"]);

    // The input.
    write("other.csv", "aa,b\n1,2\n");
    refused(&folder, &["predict", "p.nd", "-i", "other.csv"], "E0535", &["`a`", "`aa`"]);
    refused(&folder, &["eval", "p.nd", "--data", "new.csv"], "E0535", &["`b`"]);
    refused(&folder, &["predict", "p.nd", "-i", "none.csv"], "E0801", &["none.csv"]);
    refused(&folder, &["predict", "p.nd", "-i", "."], "E0801", &["it is a folder"]);
    write("empty.csv", "");
    refused(&folder, &["predict", "p.nd", "-i", "empty.csv"], "E0506", &["empty.csv"]);
    write("headers.csv", "a\n");
    refused(&folder, &["predict", "p.nd", "-i", "headers.csv"], "E0506", &[]);
    write("text.csv", "a\n1\nx\n");
    refused(&folder, &["predict", "p.nd", "-i", "text.csv"], "E0503", &["text.csv:3:1"]);
    fs::write(folder.join("uneven.npz"), python_free_npz(&[("a", &[1.0, 2.0]), ("b", &[1.0])])).unwrap();
    refused(&folder, &["eval", "p.nd", "--data", "uneven.npz"], "E0508", &["`x`", "`y`"]);

    // The parameters.
    refused(&folder, &["predict", "p.nd", "-i", "new.csv", "--params", "new.csv"], "E0807", &["new.csv"]);
    refused(&folder, &["predict", "p.nd", "-i", "new.csv", "--params", "no.safetensors"], "E0806", &[]);
    write(
        "q.nd",
        "param other = 1.0\nparam w: [2] = zeros()\nsave \"other.safetensors\", other\nsave \"shape.safetensors\", w\n",
    );
    shown(&folder, &["run", "q.nd"]);
    refused(&folder, &["predict", "p.nd", "-i", "new.csv", "--params", "other.safetensors"], "E0808", &["`w`"]);
    refused(
        &folder,
        &["predict", "p.nd", "-i", "new.csv", "--params", "shape.safetensors", "--of", "w * x"],
        "E0810",
        &["[2]"],
    );

    // The block.
    refused(&folder, &["predict", "p.nd", "-i", "new.csv", "--train", "fot"], "E0645", &["`fit`"]);
    refused(&folder, &["predict", "q.nd", "-i", "new.csv"], "E0645", &["no `train`"]);
    write(
        "two.nd",
        &format!("{LINE}train again {{ data = d, loss = (w * x - y)^2, optimizer = sgd(lr = 0.1), epochs = 1 }}\n"),
    );
    refused(&folder, &["eval", "two.nd"], "E0645", &["--train fit", "--train again"]);
    refused(&folder, &["predict", "two.nd", "-i", "new.csv", "--train", "again"], "E0646", &["predict = "]);
    write("none.nd", "param w = 1.0\ntrain { loss = w^2, optimizer = sgd(lr = 0.1), epochs = 1 }\n");
    refused(&folder, &["predict", "none.nd", "-i", "new.csv"], "E0646", &["no data"]);
    write("unsaved.nd", &LINE.replace("save \"line.safetensors\"\n", ""));
    refused(&folder, &["predict", "unsaved.nd", "-i", "new.csv"], "E0647", &["save \"model.safetensors\""]);
    refused(&folder, &["eval", "p.nd", "--data", "dd"], "E0648", &["`d`"]);
    write("sets.nd", &format!("{LINE}data other = table {{ x = [[1, 2]], y = [1] }}\n"));
    refused(&folder, &["eval", "sets.nd", "--data", "other"], "E0648", &["`x`"]);
    refused(&folder, &["predict", "p.nd", "-i", "new.csv", "--of", "q * x"], "E0101", &["`q`"]);
    refused(&folder, &["predict", "p.nd", "-i", "new.csv", "-o", "no/such/out.csv"], "E0804", &["out.csv"]);
}
