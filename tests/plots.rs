//! `plot` items: what they draw, as SVG and as text, and that they change nothing.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A new folder for the files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn ndc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ndc")).args(arguments).current_dir(root()).output().unwrap()
}

/// Runs a program with plots; what it printed, and the names and texts of the SVG files.
fn plotted(name: &str, program: &str) -> (String, Vec<(String, String)>) {
    let folder = folder(name);
    let (file, plots) = (folder.join("program.nd"), folder.join("plots"));
    fs::write(&file, program).unwrap();
    let output = ndc(&["run", file.to_str().unwrap(), "--no-cache", "--plot", "--plots", plots.to_str().unwrap()]);
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{messages}");
    let mut files: Vec<PathBuf> = fs::read_dir(&plots).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let files = files.into_iter().map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        (name, fs::read_to_string(path).unwrap())
    });
    (String::from_utf8(output.stdout).unwrap(), files.collect())
}

/// The pictures of the book; `UPDATE_PICTURES=1 cargo test --test plots` draws them anew.
#[test]
fn the_pictures_of_the_book_are_what_is_drawn_now() {
    let program = fs::read_to_string(root().join("tests/data/plots/book.nd")).unwrap();
    let (_, files) = plotted("plots_book", &program);
    for ((_, drawn), name) in files.iter().zip(["plot_line.svg", "plot_regions.svg"]) {
        let path = root().join("docs/book/src").join(name);
        if std::env::var_os("UPDATE_PICTURES").is_some() {
            fs::write(&path, drawn).unwrap();
        }
        assert_eq!(*drawn, fs::read_to_string(&path).unwrap(), "{name}");
    }
}

#[test]
fn every_kind_draws_its_values() {
    let program = "\
data d = table { t = [i * 1.0 for i in 0..4], y = [0, 3, 1, 2], c = [i % 2 for i in 0..4] }
plot line(d.t, observed = d.y, doubled = [2 * d.y[i] for i], title = \"<a> & b\")
plot scatter(d.t, d.y, color = d.c, classes = [\"even\", \"odd\"])
plot hist([0.0, 0.1, 1.0], bins = 2)
plot heatmap([[0.0, 1.0], [2.0, 3.0]])
plot regions(|x, y| x > y, x = (0, 1), y = (0, 1), points = (d.t, d.y))
plot line(|x| x^2, x = (0, 2))
plot line(d.t, [[1, 2], [3, 4], [5, 6], [7, 8]])
plot line([1, 1 / 0, 3])
";
    let (printed, files) = plotted("plots_kinds", program);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["01-a-b", "02-scatter", "03-hist", "04-heatmap", "05-regions", "06-line", "07-line", "08-line"];
    assert_eq!(names, expected.map(|name| format!("{name}.svg")));
    for (name, text) in &files {
        roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let text = |place: usize| files[place].1.as_str();
    assert!(text(0).contains("data-name=\"observed\"") && text(0).contains("data-y=\"0 3 1 2\""), "{}", text(0));
    assert!(text(0).contains("data-y=\"0 6 2 4\"") && text(0).contains("&lt;a&gt; &amp; b"));
    assert!(text(1).contains(">even<") && text(1).contains(">odd<"));
    assert!(text(2).contains("<title>2 from 0 to 0.5</title>") && text(2).contains("<title>1 from 0.5 to 1</title>"));
    assert_eq!(text(3).matches("class=\"cells\"").count(), 4);
    // Below the diagonal it is true: the two classes share the rectangle evenly.
    assert!(text(4).contains(">false<") && text(4).contains(">true<"));
    let curve = text(5).split("data-y=\"").nth(1).unwrap().split('"').next().unwrap();
    let values: Vec<f64> = curve.split(' ').map(|value| value.parse().unwrap()).collect();
    assert_eq!((values.len(), values[0], values[200], values[400]), (401, 0.0, 1.0, 4.0));
    assert!(
        text(6).contains("data-name=\"[[1, 2], [3, 4], [5, 6], [7, 8]] 1\"") || text(6).contains("data-name=\"1\"")
    );
    assert!(text(7).contains("data-y=\"1 3\""), "a value that is not finite leaves a gap: {}", text(7));
    for words in ["── observed", "● even   × odd", "from 0 to 3", "┤", "└"] {
        assert!(printed.contains(words), "{words}\n{printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
}

/// What a range beyond the greatest number and no number at all are drawn as.
#[test]
fn the_greatest_numbers_and_no_numbers_are_drawn() {
    let program = "\
plot line([1e308, -1e308, 0])
plot line(|x| x, x = (-1e308, 1e308))
plot scatter([1e308, -1e308], [1.7e308, -1.7e308])
plot hist([1e308, -1e308, 3])
plot regions(|x, y| x < y, points = ([1e308, -1e308], [0, 1]))
plot line([5e-324, 1e-323])
plot scatter([1, 2, 3], [1, 2, 3], color = [0.5, 0 / 0, 0.5])
plot heatmap([[1e308 for i in 0..600] for j in 0..600])
plot line([0 / 0, 1 / 0])
plot hist([0 / 0, 0 / 0])
plot heatmap([[0 / 0]])
plot line([-1, -2], y_scale = \"log\")
";
    let (printed, files) = plotted("plots_extreme", program);
    for (name, text) in &files {
        assert!(!text.contains("NaN") && !text.contains("inf"), "{name}: {text}");
    }
    let values = |place: usize| files[place].1.split("data-y=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(values(0), "1e308 -1e308 0");
    assert_eq!(values(1).split(' ').count(), 401);
    assert_eq!((values(1).split(' ').next(), values(1).split(' ').nth(200)), (Some("-1e308"), Some("0")));
    assert_eq!(files[2].1.matches("<circle").count(), 2);
    assert_eq!(files[3].1.matches("<title>1 from ").count(), 3);
    assert_eq!(files[4].1.matches("class=\"region").count(), 2, "{}", files[4].1);
    assert_eq!(values(5), "4.9407e-324 9.8813e-324");
    assert_eq!(files[6].1.matches("<circle").count(), 2, "one dot has no colour");
    assert!(files[7].1.contains("class=\"cells\""));
    for (_, text) in &files[..8] {
        assert!(!text.contains("no finite values"), "{text}");
    }
    for (place, lack) in
        [(8, "no finite values<"), (9, "no finite values<"), (10, "no finite values<"), (11, "above zero<")]
    {
        assert!(files[place].1.contains(lack), "{}", files[place].1);
    }
    // Counts begin at zero, also where there are none.
    assert!(!files[9].1.contains(">-"), "{}", files[9].1);
    assert_eq!(printed.matches("no finite values").count(), 4, "{printed}");
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
}

#[test]
fn places_that_cannot_be_written_are_noticed_before_anything_is_computed() {
    let folder = folder("plots_nowhere");
    let file = folder.join("program.nd");
    fs::write(&file, "data d = csv(\"d.csv\")\nprint sum(d.a)\n").unwrap();
    fs::write(folder.join("d.csv"), "a\n1\n2\n").unwrap();
    let before = fs::read_dir(&folder).unwrap().count();
    for (option, path) in [
        ("--plots", "program.nd"),
        ("--plots", "program.nd/plots"),
        ("--report", "program.nd/page.html"),
        ("--report", "."),
        ("--report", "program.nd"),
        ("--report", "d.csv"),
        ("--log-dir", "program.nd"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ndc"))
            .args(["run", "program.nd", "--no-cache", option, path])
            .current_dir(&folder)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && told.contains("E0804"), "{option} {path}: {told}");
        assert!(output.stdout.is_empty(), "{option} {path}: nothing is computed");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), before, "{option} {path}: nothing is left");
    }
    assert_eq!(fs::read_to_string(folder.join("d.csv")).unwrap(), "a\n1\n2\n");
}

const TRAINED: &str = "\
data d = table { x = [0.0, 1.0, 2.0], y = [1.0, 3.0, 5.0] }
param a = 0.0
param b = 0.0
train { data = d; loss = (a * x + b - y)^2; optimizer = sgd(lr = 0.1); epochs = 30; batch = 2 }
plot line(|x| a * x + b, x = (0, 2), points = (d.x, d.y))
print a, b
";

#[test]
fn a_run_gives_the_same_numbers_with_and_without_plots() {
    let folder = folder("plots_same");
    let file = folder.join("program.nd");
    fs::write(&file, TRAINED.replace("; ", "\n")).unwrap();
    let run = |more: &[&str]| {
        let output = ndc(&[&["run", file.to_str().unwrap(), "--no-cache"], more].concat());
        assert!(output.status.success());
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let last = |text: &str| text.lines().rev().take(2).map(str::to_string).collect::<Vec<_>>();
    let ((plain, told), (plotted, silent)) = (run(&[]), run(&["--plot"]));
    assert_eq!(last(&plain), last(&plotted));
    assert!(last(&plain)[0].starts_with("b = "), "{plain}");
    assert!(told.contains("1 plot was not drawn"), "{told}");
    assert!(silent.is_empty() && plotted.contains("● data") | plotted.contains("× data"), "{plotted}");
    assert!(plotted.contains("epoch\n") && plotted.contains("loss"), "the curve of the loss: {plotted}");
}

#[test]
fn a_file_is_written_beside_the_program_and_a_failure_is_told() {
    let folder = folder("plots_to");
    let file = folder.join("program.nd");
    fs::write(&file, "plot line([1, 2], to = \"out/a.svg\")\n").unwrap();
    assert!(ndc(&["run", file.to_str().unwrap(), "--no-cache"]).status.success());
    assert!(fs::read_to_string(folder.join("out/a.svg")).unwrap().starts_with("<svg"));
    assert_eq!(fs::read_dir(folder.join("out")).unwrap().count(), 1, "no part is left");
    fs::create_dir(folder.join("folder.svg")).unwrap();
    for place in ["program.nd/a.svg", "folder.svg", "out/a.svg/b.svg"] {
        let text = format!("print 7\nplot line([1, 2], to = \"{place}\")\n");
        fs::write(&file, text).unwrap();
        let output = ndc(&["run", file.to_str().unwrap(), "--no-cache"]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("E0804"), "{place}: {told}");
        assert!(output.stdout.is_empty(), "{place}: nothing is computed");
    }
}
