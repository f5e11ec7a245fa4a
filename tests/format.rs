//! The formatter: what it writes, that it settles at once, and that it loses nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use ndc::driver::format_text;
use ndc::syntax::token::{Token, tokens};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The programs of a folder and the folders in it.
fn programs(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "nd") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Every program of the repository that has no syntax error.
fn sound_programs() -> Vec<(String, String)> {
    let folders = ["examples", "src/std", "tests/cases", "tests/cli"];
    let read = |path: PathBuf| (path.display().to_string(), String::from_utf8(fs::read(&path).unwrap()).unwrap());
    let all: Vec<_> = folders.iter().flat_map(|folder| programs(folder)).map(read).collect();
    let count = all.len();
    let sound: Vec<_> = all.into_iter().filter(|(_, text)| !has_syntax_error(text)).collect();
    assert!(sound.len() * 2 > count, "most programs are sound: {} of {count}", sound.len());
    sound
}

fn has_syntax_error(text: &str) -> bool {
    format_text(text).is_err_and(|diagnostics| diagnostics.iter().all(|diagnostic| diagnostic.code != "E0999"))
}

fn formatted(name: &str, text: &str) -> String {
    format_text(text).unwrap_or_else(|diagnostics| panic!("{name}: {diagnostics:#?}\n{text}"))
}

/// The words of a text, commas aside, and its comments, each in order.
fn words_and_comments(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut words, mut comments) = (Vec::new(), Vec::new());
    for lexeme in tokens(text).lexemes {
        let spelling = text[lexeme.start..lexeme.end].trim_end().to_string();
        match lexeme.token {
            Token::Comma => {}
            Token::Comment | Token::Documentation => comments.push(spelling),
            _ => words.push(spelling),
        }
    }
    (words, comments)
}

/// Formats a text and holds the result against it.
fn check(name: &str, text: &str) -> String {
    let once = formatted(name, text);
    assert_eq!(words_and_comments(text), words_and_comments(&once), "{name}");
    let twice = formatted(name, &once);
    assert!(once == twice, "{name}: not settled\n--- once\n{once}\n--- twice\n{twice}");
    assert!(once.is_empty() || once.ends_with('\n'), "{name}");
    assert!(once.lines().all(|line| line.trim_end() == line), "{name}: blanks at the end of a line");
    once
}

#[test]
fn every_program_keeps_its_words_and_settles() {
    for (name, text) in sound_programs() {
        check(&name, &text);
    }
}

/// `NAME.before.nd` becomes `NAME.after.nd`.
#[test]
fn programs_become_what_the_pairs_say() {
    let mut pairs = 0;
    for path in programs("tests/cases/format") {
        let name = path.display().to_string();
        let Some(stem) = name.strip_suffix(".before.nd") else { continue };
        let after = fs::read_to_string(format!("{stem}.after.nd")).unwrap_or_default();
        let found = check(&name, &fs::read_to_string(&path).unwrap());
        assert!(found == after, "{name} becomes\n{found}");
        assert_eq!(formatted(stem, &after), after, "{stem}");
        pairs += 1;
    }
    assert!(pairs >= 6, "{pairs} pairs");
}

/// The text with a comment before each word in turn, in several forms. Every `step`th word is taken, from `first` on.
fn with_comments(text: &str, first: usize, step: usize) -> impl Iterator<Item = String> {
    const FORMS: [&str; 4] =
        [" // inserted\n", "\n// inserted\n", " // inserted\n// again\n", "\n\n// inserted\n\n// again\n"];
    let mut places: Vec<usize> = tokens(text).lexemes.iter().map(|lexeme| lexeme.start).collect();
    places.push(text.len());
    places.into_iter().enumerate().skip(first).step_by(step).map(move |(index, place)| {
        let form = FORMS[index / step % FORMS.len()];
        format!("{}{form}{}", &text[..place], &text[place..])
    })
}

#[test]
fn a_comment_between_any_two_words_stays() {
    for path in programs("tests/cases/format") {
        let name = path.display().to_string();
        if name.ends_with(".after.nd") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for changed in with_comments(&text, 0, 5) {
            check(&name, &changed);
        }
    }
}

#[test]
fn a_comment_between_words_of_any_program_stays() {
    // A few places of each program: there are many programs.
    for (index, (name, text)) in sound_programs().into_iter().enumerate() {
        for changed in with_comments(&text, index % 397, 397) {
            check(&name, &changed);
        }
    }
}

/// The same when all blanks and line breaks are as they are not usually written.
#[test]
fn blanks_do_not_matter() {
    for path in programs("tests/cases/format") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        for separator in [" ", "\n"] {
            let mut changed = String::new();
            for lexeme in tokens(&text).lexemes {
                changed.push_str(text[lexeme.start..lexeme.end].trim_end());
                let is_comment = matches!(lexeme.token, Token::Comment | Token::Documentation);
                changed.push_str(if is_comment { "\n" } else { separator });
            }
            check(&name, &changed);
        }
    }
}

/// The listings of the reference are copied from `tests/cases/language`, which the grammar's tests read.
#[test]
fn the_listings_are_those_of_the_reference() {
    let copy = fs::read_to_string(root().join("tests/cases/format/language.nd")).unwrap();
    for path in programs("tests/cases/language") {
        let is_reference = ["glance", "face", "index_notation", "loops", "functions", "data"]
            .contains(&path.file_stem().unwrap().to_str().unwrap());
        let text = fs::read_to_string(&path).unwrap();
        assert!(!is_reference || copy.contains(text.trim_end()), "{}", path.display());
    }
}

#[test]
fn examples_and_library_are_formatted() {
    for path in programs("examples").into_iter().chain(programs("src/std")) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        assert!(formatted(&name, &text) == text, "{name}: run `ndc fmt examples src/std`");
    }
}

#[test]
fn lines_fit_where_they_can() {
    for (name, text) in sound_programs() {
        for line in formatted(&name, &text).lines() {
            let code = line.split("//").next().unwrap().trim_end();
            let can_break = code.len() > 100 && !code.contains('"');
            assert!(!can_break, "{name}: {line}");
        }
    }
}

#[test]
fn line_endings_and_marks_stay() {
    assert_eq!(formatted("crlf", "let a=1 // c\r\nlet b = 2\r\n"), "let a = 1  // c\r\nlet b = 2\r\n");
    assert_eq!(formatted("lf", "let a=1\nlet b = 2"), "let a = 1\nlet b = 2\n");
    assert_eq!(formatted("mark", "\u{FEFF}let a=1"), "\u{FEFF}let a = 1\n");
    assert_eq!(formatted("nothing", ""), "");
    assert_eq!(formatted("blanks", "\n \n"), "");
    assert_eq!(formatted("comment", "\n\n// only\n\n\n// two"), "// only\n\n// two\n");
}

#[test]
fn syntax_errors_are_told() {
    let diagnostics = format_text("let a = (1 +\nlet b = 2").unwrap_err();
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.code != "E0999"));
}

/// Layouts are made in time that grows with the length of the text, not with the depth of its nesting.
#[test]
fn deep_and_long_programs_are_formatted_soon() {
    let nested = |open: &str, close: &str| format!("let a = {}1{}\n", open.repeat(240), close.repeat(240));
    let programs = [
        nested("(", ")"),
        nested("f(1, ", ")"),
        nested("[2, ", "]"),
        nested("{ let a = 1; ", " }"),
        format!("let a = {}1{}\n", "g(|x| 1 + ".repeat(120), ")".repeat(120)),
        nested("f(a = ", ")"),
        format!("let a = 1{}\n", " + some_name".repeat(480)),
        format!("let a = {}{{ 1 }}\n", "if x { 1 } else ".repeat(240)),
        format!("let a = {}1\n", "|some_name| ".repeat(240)),
        format!("let a = [{}]\n", "1, ".repeat(20_000)),
        "fn f(x, y) = { let a = x + y * 2; if a > 0 { a } else { -a } }\n".repeat(2_000),
    ];
    for program in programs {
        let started = std::time::Instant::now();
        check("deep", &program);
        assert!(started.elapsed().as_secs() < 20, "{:?}: {}", started.elapsed(), &program[..40]);
    }
}
