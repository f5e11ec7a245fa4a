//! What is kept with trained parameters: predictions and evaluations are those of the training, whatever has become of its
//! data. As real processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/commands.rs"]
mod commands;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stored").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let project = Project(folder);
        files.iter().for_each(|(name, text)| project.write(name, text));
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn ndc(&self, arguments: &[&str]) -> Output {
        commands::ndc(&self.0, arguments)
    }

    fn shown(&self, arguments: &[&str]) -> String {
        commands::shown(&self.0, arguments)
    }

    /// The first loss that `ndc eval` tells.
    fn loss(&self, arguments: &[&str]) -> f64 {
        let arguments: Vec<&str> = ["eval"].iter().chain(arguments).chain(&["--format", "json"]).copied().collect();
        let object: serde_json::Value = serde_json::from_str(&self.shown(&arguments)).unwrap();
        object["loss"].as_f64().unwrap()
    }

    fn refused(&self, arguments: &[&str], code: &str, texts: &[&str]) {
        commands::refused(&self.0, arguments, code, texts);
    }
}

const CATS: &str = "\
length,width,kind
1,10,cat
2,,dog
3.5,30,cat
4,45,\"big, dog\"
5,50,dog
6,65,cat
,70,\"big, dog\"
8,80,dog
";

/// Statistics and means of a part of a part, labels, and a value of the data above the block.
const PROGRAM: &str = "\
data d = csv(\"d.csv\") {
    missing = mean
    x       = standardize([length, width * standardize(length)])
    kind    = category(kind)
}
let (train_set, rest) = split(d, 0.8, seed = 3)
let scale = 1 + mean(train_set.x[:, 0]^4)
model net = nn.Dense(4, tanh) >> nn.Dense(3)
train {
    data            = train_set
    validate        = 0.3
    loss            = cross_entropy(scale * net(x), kind)
    metric accuracy = argmax(net(x)) == kind
    predict         = softmax(scale * net(x))
    optimizer       = sgd(lr = 0.1)
    epochs          = 20
    batch           = 2
    checkpoint      = \"run\"
}
save \"net.safetensors\"
";

const NEW: &str = "kind,width,length\ncat,35,\ndog,,2.5\n\"big, dog\",20,7\n";

#[test]
fn a_model_outlives_its_data() {
    let project = Project::new("outlives", &[("d.csv", CATS), ("p.nd", PROGRAM), ("new.csv", NEW)]);
    project.shown(&["run", "p.nd"]);
    let ways: [&[&str]; 5] = [
        &["predict", "p.nd", "-i", "new.csv"],
        &["predict", "p.nd", "-i", "new.csv", "--of", "scale * net(x)"],
        &["predict", "p.nd", "-i", "new.csv", "--params", "net.safetensors", "--format", "json"],
        &["predict", "p.nd", "-i", "new.csv", "--params", "run/last.safetensors"],
        &["eval", "p.nd", "--data", "new.csv", "--format", "json"],
    ];
    let before: Vec<String> = ways.iter().map(|way| project.shown(way)).collect();
    let best = project.shown(&["predict", "p.nd", "-i", "new.csv", "--checkpoint", "run"]);
    let line = |text: &str| text.lines().nth(1).unwrap().to_string();
    assert_eq!(line(&before[0]), line(&before[3]), "the last checkpoint is what was saved");
    let all = |why: &str| {
        for (way, before) in ways.iter().zip(&before) {
            assert_eq!(project.shown(way), *before, "{why}: {way:?}");
        }
        assert_eq!(project.shown(&["predict", "p.nd", "-i", "new.csv", "--checkpoint", "run"]), best, "{why}");
    };
    // Other rows, other columns, another label that comes first.
    project.write("d.csv", &CATS.replace("5,50,dog", "500,5,aardvark"));
    all("another row");
    project.write("d.csv", "kind\n7\n");
    all("other columns");
    fs::remove_file(project.path("d.csv")).unwrap();
    all("no file");
    // From elsewhere, and by a program that loads what another one saved.
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_ndc"))
        .args(["predict", "outlives/p.nd", "-i", "outlives/new.csv", "--no-cache"])
        .current_dir(project.path(".."))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&elsewhere.stdout), before[0]);
    let user =
        PROGRAM.replace("save", "load").replace("    checkpoint      = \"run\"\n", "").replace("seed = 3", "seed = 4");
    project.write("user.nd", &user);
    assert_eq!(project.shown(&["predict", "user.nd", "-i", "new.csv"]), before[0]);
    // What is not kept is told.
    project.refused(&["eval", "p.nd", "--data", "rest"], "E0501", &["d.csv"]);
    project.refused(&["predict", "p.nd", "-i", "new.csv", "--of", "net(x) + d.x[0][0]"], "E0501", &["d.csv"]);
}

/// With the mean 1 and the deviation 1 of `a`, and the labels `n` and `o`.
const PART: &str = "a,b,k\n0,0,n\n2,0,o\n";
const LINEAR: &str = "\
data d = csv(\"d.csv\") { x = standardize(a), y = b, k = category(k) }
data other = csv(\"other.csv\") { x = standardize(a), y = b, k = category(k) }
data plain = table { x = [3], y = [0], k = [argmax([0, 1])] }
param w = 1.0
train { data = d, loss = (w * x - y)^2 + 0 * k, optimizer = sgd(lr = 1e-300), epochs = 1 }
save \"w.safetensors\"
";

#[test]
fn every_set_is_scaled_as_the_training_was() {
    let other = "a,b,k\n3,0,o\n-1,0,n\n";
    let labels = LINEAR.replace("0 * k", "k");
    let files = [("d.csv", PART), ("other.csv", other), ("p.nd", LINEAR), ("labels.nd", &labels)];
    let project = Project::new("scaled", &files);
    project.shown(&["run", "p.nd"]);
    let cases = [("d", 1.0), ("other", 4.0), ("other.csv", 4.0), ("plain", 9.0)];
    for (data, loss) in cases {
        assert_eq!(project.loss(&["p.nd", "--data", data]), loss, "{data}");
    }
    // Rows as they are now, statistics as they were.
    project.write("d.csv", "a,b,k\n0,0,n\n2,0,o\n5,0,o\n");
    assert_eq!(project.loss(&["p.nd"]), (1.0 + 1.0 + 16.0) / 3.0);
    fs::remove_file(project.path("d.csv")).unwrap();
    assert_eq!(project.loss(&["p.nd", "--data", "other"]), 4.0, "the data of the training are not needed");
    project.refused(&["eval", "p.nd"], "E0501", &["d.csv"]);
    // Labels are numbered as they were. One that the training did not have is none.
    project.write("other.csv", "a,b,k\n3,0,o\n");
    assert_eq!(project.loss(&["labels.nd", "--data", "other", "--params", "w.safetensors"]), 5.0);
    project.write("d.csv", "a,b,k\n0,0,m\n2,0,o\n");
    project.refused(&["eval", "p.nd"], "E0535", &["`m`"]);
}

/// A set of another file whose labels were others from the beginning.
#[test]
fn labels_of_another_file_are_not_confused() {
    let project =
        Project::new("labels_differ", &[("d.csv", PART), ("other.csv", "a,b,k\n3,0,o\n4,0,o\n"), ("p.nd", LINEAR)]);
    project.shown(&["run", "p.nd"]);
    project.refused(&["eval", "p.nd", "--data", "other"], "E0840", &["the labels of `k` were n, o and are o"]);
    assert_eq!(project.loss(&["p.nd", "--data", "other.csv"]), 6.5);
}

/// A set of another item is prepared as the training is where it validates, and by its own rows elsewhere.
#[test]
fn sets_that_validate_are_prepared_as_the_training_is() {
    let validated = LINEAR.replace("data = d,", "data = d, validate = other,").replace("0 * k", "k");
    let program = format!("{validated}print mean(other.x^2)\n");
    let files = [("d.csv", PART), ("other.csv", "a,b,k\n3,0,o\n-1,0,n\n"), ("p.nd", &program)];
    let project = Project::new("validates", &files);
    let run = project.shown(&["run", "p.nd"]);
    let loss = run.lines().rfind(|line| line.trim_start().starts_with("loss ")).unwrap();
    assert_eq!(loss.split_whitespace().collect::<Vec<_>>(), ["loss", "1.5", "validation", "4.5"], "{run}");
    assert!(run.contains("mean(other.x^2) = 1\n"), "{run}");
    assert_eq!(project.loss(&["p.nd", "--data", "other"]), 4.5);
    // Numbers that were prepared elsewhere are taken as they are.
    project.write("q.nd", &program.replacen("other.csv\") { x = standardize(a)", "other.csv\") { x = a", 1));
    let run = project.shown(&["run", "q.nd"]);
    assert!(run.contains("validation 5.5"), "{run}");
    assert_eq!(project.loss(&["q.nd", "--data", "other"]), 5.5);
    // What cannot be the same is refused.
    let nested = program.replacen("other.csv\") { x = standardize(a)", "other.csv\") { x = standardize(a + b)", 1);
    project.write("q.nd", &nested);
    project.refused(&["run", "q.nd"], "E0633", &["prepares `x` otherwise", "made of `a`, and is made of `a`, `b`"]);
    project.write("other.csv", "a,b,k\n3,0,o\n-1,0,o\n");
    project.refused(&["run", "p.nd"], "E0633", &["numbers other labels as `k` than `d`"]);
}

/// The mean and deviation of what is trained on: rows that are held out do not count.
#[test]
fn rows_that_are_held_out_do_not_count() {
    let rows: String = (0..40).map(|row| format!("{row},{}\n", 1000 * row)).collect();
    let program = |block: &str| {
        format!(
            "data d = csv(\"d.csv\") {{ x = standardize(a), y = b }}
            let (train_set, test_set) = split(d, 0.75, seed = 1)
            param w = 1.0
            train {{ {block}, loss = w * x + 0 * y, metric square = x^2, optimizer = sgd(lr = 1e-300), epochs = 1 }}
            save \"w.safetensors\"
            print mean(d.x), mean(train_set.x), mean(test_set.x)
            "
        )
    };
    let project = Project::new("held_out", &[("d.csv", &format!("a,b\n{rows}"))]);
    for (block, data) in
        [("data = train_set, validate = 0.2", "train_set"), ("data = d, validate = 0.25, seed = 1", "d")]
    {
        project.write("p.nd", &program(block));
        let run = project.shown(&["run", "p.nd"]);
        let whole = |name: &str| -> f64 {
            let line = run.lines().find_map(|line| line.strip_prefix(&format!("mean({name}.x) = "))).unwrap();
            line.parse().unwrap()
        };
        // The set without `--data` is the one that was trained on, and has the mean 0.
        assert!(project.loss(&["p.nd"]).abs() < 1e-12, "{block}");
        // A set has the values that it has in the program.
        for set in [data, "test_set"] {
            let loss = project.loss(&["p.nd", "--data", set]);
            assert!((loss - whole(set)).abs() < 1e-12, "{block}: {set}: {loss} {}", whole(set));
        }
        assert!(whole(data).abs() > 1e-3, "{block}: rows of `{data}` were held out");
    }
}

#[test]
fn programs_that_do_not_fit_are_refused() {
    let project = Project::new("unfit", &[("d.csv", PART), ("other.csv", PART), ("p.nd", LINEAR), ("new.csv", PART)]);
    project.shown(&["run", "p.nd"]);
    let cases = [
        (
            "x = standardize(a), y = b",
            "x = standardize(standardize(a)), y = b",
            "`x` had 1 uses of `standardize`, and has 2",
        ),
        ("x = standardize(a), y = b", "x = standardize([a, b])[0], y = b", "what `x` standardizes was [] and is [2]"),
        ("x = standardize(a), y = b", "x = standardize(a) + b, y = b", "`x` was made of `a`, and is made of `a`, `b`"),
        ("x = standardize(a), y = b", "x = a, y = b", "`x` had 1 uses of `standardize`, and has 0"),
        (
            "x = standardize(a), y = b",
            "x = standardize(a), y = standardize(b)",
            "`y` had 0 uses of `standardize`, and has 1",
        ),
        ("y = b, k = category(k)", "y = b, k = category(c)", "no source column called `c`"),
    ];
    for (from, to, words) in cases {
        let changed = LINEAR.replacen(from, to, 1);
        assert!(changed != LINEAR);
        project.write("q.nd", &changed);
        let arguments = ["predict", "q.nd", "-i", "new.csv", "--of", "w * x"];
        let code = if words.starts_with("no source") { "E0502" } else { "E0840" };
        let words = if code == "E0502" { "`c`" } else { words };
        project.refused(&arguments, code, &[words]);
        let arguments = ["eval", "q.nd", "--data", "new.csv"];
        project.refused(&arguments, code, &[words]);
    }
    // Another set under another name is the same training, if there is one.
    let renamed = LINEAR.replace("data d =", "data e =").replace("data = d", "data = e");
    project.write("q.nd", &renamed);
    assert_eq!(project.loss(&["q.nd", "--data", "new.csv"]), 1.0);
    // A column that is new.
    let new = LINEAR.replacen("y = b,", "y = b, z = standardize(b),", 1).replace("(w * x - y)", "(w * x - y + 0 * z)");
    project.write("q.nd", &new);
    project.refused(&["eval", "q.nd", "--data", "new.csv"], "E0840", &["`z` is not among", "`x`, `y`, `k`"]);
}

/// A program that loads what was trained, and prepares data of its own.
#[test]
fn data_that_are_prepared_otherwise_than_loaded_parameters_know_are_told() {
    let files = [("d.csv", PART), ("other.csv", PART), ("p.nd", LINEAR)];
    let project = Project::new("otherwise", &files);
    project.shown(&["run", "p.nd"]);
    let user = |set: &str, file: &str, then: &str| {
        format!(
            "data {set} = csv(\"{file}\") {{ x = standardize(a), y = b, k = category(k) }}\nparam w = 0.0\n\
             load \"w.safetensors\"\nprint sum({set}.x) + w\n{then}"
        )
    };
    let trained = "train { data = d, loss = (w * x - y)^2, optimizer = sgd(lr = 0.1), epochs = 1 }\n";
    let relabelled = "a,b,k\n0,0,z\n2,0,o\n";
    let refilled = user("d", "d.csv", "").replace("standardize(a)", "a");
    let cases = [
        ("the same data", user("d", "d.csv", ""), None),
        ("a set of another name", user("fresh", "d.csv", ""), None),
        ("other numbers", user("d", "shifted.csv", ""), Some("had the mean 1 and has 2")),
        ("other numbers of another name", user("fresh", "shifted.csv", ""), Some("had the mean 1 and has 2")),
        ("other widths", user("d", "wider.csv", ""), Some("had the deviation 1 and has 2")),
        ("trained again", user("d", "shifted.csv", trained), None),
        ("other labels", user("d", "relabelled.csv", ""), Some("the labels of `k` were")),
        ("nothing standardized", refilled, Some("in another way")),
    ];
    project.write("shifted.csv", "a,b,k\n1,0,n\n3,0,o\n");
    project.write("wider.csv", "a,b,k\n-1,0,n\n3,0,o\n");
    project.write("relabelled.csv", relabelled);
    for (what, text, told) in cases {
        project.write("use.nd", &text);
        let output = project.ndc(&["run", "use.nd"]);
        let warnings = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {warnings}");
        match told {
            Some(words) => {
                assert!(warnings.contains("warning[E0844]") && warnings.contains(words), "{what}: {warnings}")
            }
            None => assert_eq!(warnings, "", "{what}"),
        }
    }
}

/// Files that say nothing of data: those of other programs, and of older versions.
#[test]
fn parameters_from_elsewhere_are_used_with_a_warning() {
    let saved = "param w = 1.0\nsave \"w.safetensors\"\n";
    let files =
        [("d.csv", PART), ("other.csv", PART), ("p.nd", LINEAR), ("new.csv", "a,b,k\n3,0,o\n"), ("s.nd", saved)];
    let project = Project::new("elsewhere", &files);
    project.shown(&["run", "s.nd"]);
    let output = project.ndc(&["predict", "p.nd", "-i", "new.csv", "--of", "w * x"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "prediction\n2\n");
    let warnings = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(warnings.contains("warning[E0842]") && warnings.contains("w.safetensors"), "{warnings}");
    let output = project.ndc(&["eval", "p.nd", "--data", "other"]);
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("warning[E0842]"));
    // Where nothing is prepared, nothing is said.
    let plain = LINEAR.replace("standardize(a)", "a").replace("category(k)", "b").replace(" + 0 * k", "");
    project.write("q.nd", &plain);
    assert_eq!(project.shown(&["predict", "q.nd", "-i", "new.csv", "--of", "w * x"]), "prediction\n3\n");
}

/// Values that need rows which are not kept.
#[test]
fn rows_are_asked_for_where_they_are_needed() {
    let program = LINEAR.replacen("param w = 1.0", "param w = 1.0\nlet shift = d.y[1] + 1\nlet unread = d.x[0]", 1);
    let program = program.replace("- y)^2", "- y + shift - shift)^2");
    let files = [("d.csv", PART), ("other.csv", PART), ("p.nd", &program), ("new.csv", "a,b,k\n3,0,o\n")];
    let project = Project::new("rows", &files);
    project.shown(&["run", "p.nd"]);
    let kept = project.shown(&["predict", "p.nd", "-i", "new.csv", "--of", "w * x + shift"]);
    assert_eq!(kept, "prediction\n3\n");
    project.write("d.csv", "a,b,k\n0,0,n\n2,7,o\n");
    assert_eq!(project.shown(&["predict", "p.nd", "-i", "new.csv", "--of", "w * x + shift"]), kept);
    let unread = ["predict", "p.nd", "-i", "new.csv", "--of", "w * x + unread"];
    project.refused(&unread, "E0841", &["the rows of `d`"]);
    // A prediction that reads the rows themselves reads them as they are, scaled as they were.
    let rows = project.shown(&["predict", "p.nd", "-i", "new.csv", "--of", "w * x + d.y[1] + d.x[0]"]);
    assert_eq!(rows, "prediction\n8\n");
}

#[test]
fn nothing_that_is_read_is_overwritten() {
    let files = [("d.csv", PART), ("other.csv", PART), ("p.nd", LINEAR), ("new.csv", "a,b,k\n3,0,o\n")];
    let project = Project::new("overwritten", &files);
    project.shown(&["run", "p.nd"]);
    fs::hard_link(project.path("d.csv"), project.path("hard.csv")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("new.csv", project.path("soft.csv")).unwrap();
    #[cfg(not(unix))]
    fs::hard_link(project.path("new.csv"), project.path("soft.csv")).unwrap();
    let outputs = ["new.csv", "./new.csv", "soft.csv", "hard.csv", "d.csv", "other.csv", "p.nd", "w.safetensors"];
    let before: Vec<Vec<u8>> = outputs.iter().map(|name| fs::read(project.path(name)).unwrap()).collect();
    for output in outputs {
        let arguments = ["predict", "p.nd", "-i", "new.csv", "--of", "w * x", "-o", output];
        project.refused(&arguments, "E0843", &[output]);
    }
    let saves = LINEAR.replace("w.safetensors", "hard.csv");
    project.write("q.nd", &saves);
    project.refused(&["run", "q.nd"], "E0843", &["hard.csv"]);
    for (output, bytes) in outputs.iter().zip(before) {
        assert_eq!(fs::read(project.path(output)).unwrap(), bytes, "{output} is as it was");
    }
    // What is only called alike is written.
    let arguments = ["predict", "p.nd", "-i", "new.csv", "--of", "w * x", "-o", "out.csv"];
    assert_eq!((project.shown(&arguments), project.read("out.csv")), (String::new(), "prediction\n2\n".to_string()));
}

/// Labels with line breaks, quotes and delimiters are read again as what they are.
#[test]
fn labels_are_read_back_from_predictions() {
    let labels = ["two\nlines", "a \"quoted\" one", "comma, semi; tab\t| bar", "back\\slash", "é\u{200b}x"];
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows: String = labels.iter().enumerate().map(|(row, label)| format!("{row},{}\n", cell(label))).collect();
    let program = "\
data d = csv(\"d.csv\") { x = a, k = category(k) }
param w: [5] = zeros()
train { data = d, loss = cross_entropy(w, k), predict = one_hot(x, 5) + 0 * w, optimizer = sgd(lr = 1e-300), epochs = 1 }
save \"w.safetensors\"
";
    let back = "data d = csv(\"out.csv\") { k = category(k) }\nprint d.k\n";
    let project = Project::new("labels", &[("d.csv", &format!("a,k\n{rows}")), ("p.nd", program), ("q.nd", back)]);
    project.shown(&["run", "p.nd"]);
    // Positions by name, so that row `n` is the label at position `n`.
    let mut sorted = labels.to_vec();
    sorted.sort_unstable();
    project.shown(&["predict", "p.nd", "-i", "d.csv", "-o", "out.csv"]);
    assert_eq!(project.shown(&["run", "q.nd"]), "d.k = [0, 1, 2, 3, 4]\n");
    let mut reader = csv::Reader::from_path(project.path("out.csv")).unwrap();
    assert_eq!(reader.headers().unwrap().iter().skip(1).collect::<Vec<_>>(), sorted);
    let read: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_string()).collect();
    assert_eq!(read, sorted);
    let lines = project.shown(&["predict", "p.nd", "-i", "d.csv", "--format", "json"]);
    let read: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read.iter().map(|object| object["k"].as_str().unwrap()).collect::<Vec<_>>(), sorted);
}

/// A run that goes on where the preparation of its data has changed would be another run.
#[test]
fn a_resumed_run_has_the_preparation_that_it_had() {
    let program = LINEAR.replace("epochs = 1", "epochs = 4, checkpoint = \"run\"").replace("1e-300", "0.01");
    let project = Project::new("resumed", &[("d.csv", PART), ("other.csv", PART), ("p.nd", &program)]);
    project.shown(&["run", "p.nd"]);
    let last = fs::read(project.path("run/last.safetensors")).unwrap();
    let more = ["run", "p.nd", "--resume", "run", "--set", "train.epochs=8"];
    let cases = [
        ("d.csv", PART.replace("n\n", "m\n"), "E0817", "the labels of `k` were n, o and are m, o"),
        ("d.csv", PART.replace("2,0,o", "4,0,o"), "E0817", "those that `x` is made of are not"),
        ("d.csv", PART.replace("2,0,o", "2,1,o"), "E0817", "some values are not"),
        ("p.nd", program.replace("category(k) }\ndata other", "category(b) }\ndata other"), "E0817", ""),
        ("p.nd", program.replacen("standardize(a)", "a", 1), "E0817", "some values are not"),
        ("p.nd", format!("precision f32\n{program}"), "E0816", "`precision` is f64 there and f32 here"),
    ];
    for (name, text, code, words) in cases {
        let before = project.read(name);
        assert!(before != text);
        project.write(name, &text);
        let output = project.ndc(&more);
        let errors = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(errors.contains(&format!("error[{code}]")) && errors.contains(words), "{words}: {errors}");
        assert!(!errors.contains("is [] there and [] here"), "{errors}");
        assert_eq!(fs::read(project.path("run/last.safetensors")).unwrap(), last, "nothing is lost");
        project.write(name, &before);
    }
    project.shown(&more);
}
