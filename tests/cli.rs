//! The command line as a user meets it: recorded sessions, and the listing of the README against a real run.

use std::path::Path;
use std::process::Command;

/// Every file of `tests/cli` is a list of commands and what they show, and so are the sessions of a chapter of the book; `[..]`
/// stands for what changes between runs.
/// `TRYCMD=overwrite cargo test --test cli` writes down what they show now.
#[test]
fn recorded_sessions() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd").case("docs/book/src/data.md");
}

/// The README's listing, word for word up to times; numbers may differ in the last digits, which depend on the
/// processor.
#[test]
fn the_listing_of_the_readme_is_a_real_run() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let listing = readme.split("```console\n$ ndc ").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (command, shown) = listing.split_once('\n').unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ndc"))
        .args(command.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let (shown, printed) = (comparable(shown), comparable(&printed));
    assert_eq!(shown.len(), printed.len(), "the README shows {shown:#?}, the run printed {printed:#?}");
    for (shown, printed) in shown.iter().zip(&printed) {
        let same = shown.len() == printed.len() && shown.iter().zip(printed).all(|(a, b)| agree(a, b));
        assert!(same, "the README shows {shown:?}, the run printed {printed:?}");
    }
}

/// What the book shows of its penguins, their predictions and the summary, is what ndc says of them.
#[test]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
fn the_penguins_of_the_book_are_predicted_as_it_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/book/src/using.md")).unwrap();
    let listings: Vec<&str> = page.split("```").collect();
    let with = |text: &str| *listings.iter().find(|listing| listing.contains(text)).unwrap();
    let program =
        with("save \"p.safetensors\"").split_once('\n').unwrap().1.replace("../../..", root.to_str().unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("penguins_in_the_book");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("p.nd"), program).unwrap();
    std::fs::write(folder.join("new.csv"), with("$ cat new.csv\n").split_once("csv\n").unwrap().1).unwrap();
    let printed = |command: &str| {
        let words = command.split(' ').skip(1);
        let output = Command::new(env!("CARGO_BIN_EXE_ndc")).args(words).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    printed("ndc run p.nd");
    let command = "ndc predict p.nd --input new.csv";
    let shown = with(command).split_once(&format!("$ {command}\n")).unwrap().1.replace(',', " , ");
    let predicted = printed(command).replace(',', " , ");
    for (shown, predicted) in shown.split_whitespace().zip(predicted.split_whitespace()) {
        assert!(agree(shown, predicted), "the book shows {shown}, ndc predicts {predicted}");
    }
    assert_eq!(shown.split_whitespace().count(), predicted.split_whitespace().count());
    let command = "ndc summary p.nd";
    assert_eq!(with(command).split_once(&format!("$ {command}\n")).unwrap().1, printed(command));
}

/// The words of each line without its times, which end a line or stand in brackets.
fn comparable(text: &str) -> Vec<Vec<String>> {
    text.lines().map(words_without_times).collect()
}

fn words_without_times(line: &str) -> Vec<String> {
    const UNITS: [&str; 7] = ["ns", "µs", "ms", "s", "min", "h", "steps/s"];
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let word = word.trim_matches(|c| "(),[]".contains(c));
        match UNITS.contains(&word) {
            // The number before a unit is a time or a speed.
            true => {
                words.pop();
            }
            false if word == "left" => {}
            false => words.push(word.to_string()),
        }
    }
    words
}

/// Whether two words are the same, or numbers that agree to nine digits.
fn agree(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        _ => a == b,
    }
}

#[test]
fn times_are_no_part_of_a_comparison() {
    assert_eq!(words_without_times("  loss 0.5  1_000 steps/s  1 min 5 s left"), ["loss", "0.5"]);
    assert_eq!(
        words_without_times("trained: 3 epochs in 17.7 s (13_233 steps/s), ended"),
        ["trained:", "3", "epochs", "in", "ended"]
    );
    assert!(agree("0.1234567891234", "0.1234567891235") && !agree("0.1", "0.2") && !agree("w", "b"));
}
