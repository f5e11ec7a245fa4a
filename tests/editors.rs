//! The grammar for editors against the compiler's words: the scopes of sample texts, and that no keyword is missing.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use ndc::syntax::token::{Word, tokens};
use regex::Regex;
use serde_json::Value;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("editors").join(path)).unwrap()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A rule of the grammar: one expression with a scope for each group, or a stretch from one to another.
struct Rule {
    begin: Regex,
    end: Option<Regex>,
    scopes: Vec<String>,
    inner: Vec<Rule>,
}

fn rules(grammar: &Value, patterns: &Value) -> Vec<Rule> {
    let mut rules = Vec::new();
    for pattern in patterns.as_array().unwrap() {
        if let Some(include) = pattern["include"].as_str() {
            let entry = &grammar["repository"][include.trim_start_matches('#')];
            assert!(entry.is_object(), "{include}");
            rules.extend(self::rules(grammar, &entry["patterns"]));
            continue;
        }
        let expression = pattern["match"].as_str().or(pattern["begin"].as_str()).unwrap();
        let begin = Regex::new(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
        let scope = |index: usize| match (index, pattern["name"].as_str()) {
            (0, Some(name)) => name.to_string(),
            _ => pattern["captures"][index.to_string()]["name"].as_str().unwrap_or_default().to_string(),
        };
        let scopes = (0..begin.captures_len()).map(scope).collect();
        let end = pattern["end"].as_str().map(|end| Regex::new(end).unwrap());
        let inner = if end.is_some() { self::rules(grammar, &pattern["patterns"]) } else { Vec::new() };
        rules.push(Rule { begin, end, scopes, inner });
    }
    rules
}

fn all_rules() -> Vec<Rule> {
    let grammar = json("nd.tmLanguage.json");
    rules(&grammar, &grammar["patterns"])
}

/// The scope of every byte of a line, as an editor finds them: the leftmost match counts, of several the first rule's.
fn scopes(rules: &[Rule], line: &str) -> Vec<String> {
    let mut found = vec![String::new(); line.len()];
    let mut place = 0;
    while place < line.len() {
        let matches = rules.iter().filter_map(|rule| Some((rule.begin.captures_at(line, place)?, rule)));
        let leftmost = matches.min_by_key(|(captures, _)| captures.get(0).unwrap().start());
        let Some((captures, rule)) = leftmost else { break };
        for (group, scope) in captures.iter().zip(&rule.scopes) {
            if let Some(group) = group.filter(|_| !scope.is_empty()) {
                found[group.range()].fill(scope.clone());
            }
        }
        let whole = captures.get(0).unwrap();
        place = whole.end().max(place + usize::from(whole.is_empty()));
        if let Some(end) = &rule.end {
            place = stretch(line, rule, end, whole.start(), place, &mut found);
        }
    }
    found
}

/// A stretch with an end of its own; gives where it ends.
fn stretch(line: &str, rule: &Rule, end: &Regex, start: usize, from: usize, found: &mut [String]) -> usize {
    let mut place = from;
    loop {
        let close = end.find_at(line, place).unwrap();
        let inside = rule.inner.iter().filter_map(|inner| Some((inner.begin.find_at(line, place)?, inner)));
        match inside.min_by_key(|(inside, _)| inside.start()) {
            Some((inside, inner)) if inside.start() < close.start() => {
                found[place..inside.start()].fill(rule.scopes[0].clone());
                found[inside.range()].fill(inner.scopes[0].clone());
                place = inside.end();
            }
            _ => {
                found[place..close.end()].fill(rule.scopes[0].clone());
                found[start..from].fill(rule.scopes[0].clone());
                return close.end();
            }
        }
    }
}

/// The scope of a word in a line: of its first place there.
fn scope_of(rules: &[Rule], line: &str, word: &str) -> String {
    let place = line.find(word).unwrap_or_else(|| panic!("no {word} in {line}"));
    let scopes = &scopes(rules, line)[place..place + word.len()];
    assert!(scopes.iter().all(|scope| *scope == scopes[0]), "{word} in {line}: {scopes:?}");
    scopes[0].clone()
}

/// A line for each contextual word where it is a keyword.
const KEYWORDS: [(&str, &str); 26] = [
    ("data", "data iris = csv(\"iris.csv\")"),
    ("param", "    param W: [m, n] = zeros()"),
    ("frozen", "frozen param b = 0.0"),
    ("layer", "layer Dense(m) {"),
    ("model", "model net = Dense(3)"),
    ("type", "type Cell[n] = [n]"),
    ("const", "const N = 64"),
    ("import", "import \"shared.nd\""),
    ("as", "import nn as n"),
    ("train", "train {"),
    ("minimize", "minimize best {"),
    ("fit", "fit line { data = x"),
    ("sample", "sample {"),
    ("print", "print a, b"),
    ("plot", "plot line(x)"),
    ("save", "save \"a.safetensors\""),
    ("load", "load \"a.safetensors\""),
    ("test", "test \"name\" {"),
    ("assert", "test \"name\" { assert a == b }"),
    ("fails", "assert fails \"E0204\" {"),
    ("within", "assert a == b within 1e-9"),
    ("ulp", "assert a == b within 4 ulp"),
    ("with", "let t = (s with v = 0.0)"),
    ("derivative", "derivative step(x) = exp(x)"),
    ("precision", "precision f32"),
    ("metric", "    metric accuracy = a"),
];

const RESERVED: [&str; 11] = ["fn", "let", "if", "else", "for", "in", "and", "or", "not", "true", "false"];

fn is_keyword(scope: &str) -> bool {
    scope.starts_with("keyword.") || scope.starts_with("storage.")
}

#[test]
fn contextual_words_are_keywords_where_they_start_something() {
    let rules = all_rules();
    let listed: BTreeSet<&str> = KEYWORDS.iter().map(|(word, _)| *word).collect();
    let known: BTreeSet<&str> = Word::ALL.iter().map(|(word, _)| *word).collect();
    assert_eq!(listed, known);
    for (word, line) in KEYWORDS {
        let scope = scope_of(&rules, line, word);
        assert!(is_keyword(&scope), "{word} in {line}: {scope}");
    }
}

#[test]
fn contextual_words_are_names_elsewhere() {
    let rules = all_rules();
    for (word, _) in Word::ALL {
        for line in [format!("    {word} = 3"), format!("let a = f({word}, 2)"), format!("let a = x[{word}] * 2")] {
            let scope = scope_of(&rules, &line, word);
            assert!(!is_keyword(&scope), "{word} in {line}: {scope}");
        }
    }
}

#[test]
fn reserved_words_are_never_names() {
    let rules = all_rules();
    for word in RESERVED {
        assert!(tokens(word).lexemes[0].token.is_reserved(), "{word}");
        let scope = scope_of(&rules, &format!("a {word} b"), word);
        assert!(is_keyword(&scope) || scope == "constant.language.boolean.nd", "{word}: {scope}");
    }
}

/// The other way round: a word that the grammar takes for a keyword is one.
#[test]
fn the_grammar_knows_no_other_keywords() {
    let known =
        |word: &str| RESERVED.contains(&word) || Word::spelled(word).is_some() || ["f32", "f64"].contains(&word);
    for rule in all_rules().iter().filter(|rule| rule.scopes.iter().any(|scope| is_keyword(scope))) {
        let expression = rule.begin.as_str().replace(r"\p", " ").replace(r"\s", " ").replace(r"\b", " ");
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1);
        for word in words.filter(|word| *word != "_" && word.starts_with(|c: char| c.is_ascii_lowercase())) {
            assert!(known(word), "`{word}` in {}", rule.begin);
        }
    }
}

#[test]
fn a_sample_has_its_scopes() {
    let rules = all_rules();
    let cases = [
        ("/// The sum of `x`.", "/// The sum of `x`.", "comment.line.documentation.nd"),
        ("//// ruled", "//// ruled", "comment.line.double-slash.nd"),
        ("let a = 1 // one \"two\"", "// one \"two\"", "comment.line.double-slash.nd"),
        ("print \"// no comment\", a", "\"// no comment\"", "string.quoted.double.nd"),
        (r#"print "a\n\u{3b8}\q""#, r"\n", "constant.character.escape.nd"),
        (r#"print "a\n\u{3b8}\q""#, r"\u{3b8}", "constant.character.escape.nd"),
        (r#"print "a\n\u{3b8}\q""#, r"\q", "invalid.illegal.escape.nd"),
        ("let a = 1_000 + 1.5e-3 * 2e6", "1_000", "constant.numeric.integer.nd"),
        ("let a = 1_000 + 1.5e-3 * 2e6", "1.5e-3", "constant.numeric.real.nd"),
        ("let a = 1_000 + 1.5e-3 * 2e6", "2e6", "constant.numeric.real.nd"),
        ("sum(x[i] for i in 0..n)", "0", "constant.numeric.integer.nd"),
        ("sum(x[i] for i in 0..n)", "..", "keyword.operator.range.nd"),
        ("sum(x[i] for i in 0..n)", "sum", "entity.name.function.call.nd"),
        ("let a = t.0 + s.value", "0", "variable.other.member.nd"),
        ("let a = t.0 + s.value", "value", "variable.other.member.nd"),
        ("fn θ₁(x: real) -> int[n] = x", "θ₁", "entity.name.function.nd"),
        ("fn θ₁(x: real) -> int[n] = x", "real", "support.type.nd"),
        ("fn θ₁(x: real) -> int[n] = x", "->", "keyword.operator.arrow.nd"),
        ("let printed = format_in", "printed", "variable.other.nd"),
        ("let a = A' @ inf", "'", "keyword.operator.arithmetic.nd"),
        ("let a = A' @ inf", "inf", "constant.language.nd"),
        ("train first {", "first", "entity.name.section.nd"),
        ("param s in (0, inf) = 1.0", "in", "keyword.control.nd"),
        ("let a = true and not b", "true", "constant.language.boolean.nd"),
        ("let a = f >> g >= 2", ">>", "keyword.operator.composition.nd"),
        ("let a = f >> g >= 2", ">=", "keyword.operator.comparison.nd"),
    ];
    for (line, word, scope) in cases {
        assert_eq!(scope_of(&rules, line, word), scope, "{word} in {line}");
    }
}

/// Every line of every example ends: no rule matches nothing for ever, and every letter that is no blank has a scope.
#[test]
fn examples_are_coloured_whole() {
    let rules = all_rules();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "nd") {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let scopes = scopes(&rules, line);
            for (place, letter) in line.char_indices() {
                let is_bracket = "()[]{}".contains(letter);
                let has_scope = !scopes[place].is_empty() || letter.is_whitespace() || is_bracket;
                assert!(has_scope, "`{letter}` in {line}");
            }
        }
    }
}

#[test]
fn the_extension_is_complete() {
    assert_eq!(read("nd.tmLanguage.json"), read("vscode/syntaxes/nd.tmLanguage.json"), "copy the grammar");
    let package = json("vscode/package.json");
    for field in ["name", "displayName", "description", "version", "publisher", "license"] {
        assert!(package[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    let contributes = &package["contributes"];
    let paths = [
        &contributes["languages"][0]["configuration"],
        &contributes["grammars"][0]["path"],
        &contributes["snippets"][0]["path"],
    ];
    for path in paths {
        json(&format!("vscode/{}", path.as_str().unwrap().trim_start_matches("./")));
    }
    for file in package["files"].as_array().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode").join(file.as_str().unwrap());
        assert!(path.exists(), "{}", path.display());
    }
}

#[test]
fn snippets_are_programs() {
    let snippets = json("vscode/snippets/nd.json");
    let mut prefixes = Vec::new();
    let place = Regex::new(r"\$\{[0-9]:([^}]*)\}|\$[0-9]").unwrap();
    for snippet in snippets.as_object().unwrap().values() {
        prefixes.push(snippet["prefix"].as_str().unwrap());
        let lines: Vec<&str> = snippet["body"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let text = place.replace_all(&(lines.join("\n") + "\n"), "$1").to_string();
        assert_eq!(ndc::driver::format_text(&text).as_deref(), Ok(text.as_str()), "{text}");
    }
    prefixes.sort_unstable();
    assert_eq!(prefixes, ["fn", "layer", "test", "train"]);
}

#[test]
fn the_problem_matcher_reads_short_messages() {
    let package = json("vscode/package.json");
    let pattern = &package["contributes"]["problemMatchers"][0]["pattern"];
    let expression = Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ndc"))
        .args(["check", "--message-format", "short", "tests/cli/programs/faulty.nd"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(!messages.is_empty());
    for line in messages.lines() {
        let captures = expression.captures(line).unwrap_or_else(|| panic!("{line}"));
        let group = |field: &str| captures.get(pattern[field].as_u64().unwrap() as usize).unwrap().as_str();
        assert_eq!(group("file"), "tests/cli/programs/faulty.nd");
        assert!(group("line").parse::<u32>().is_ok() && group("column").parse::<u32>().is_ok());
        assert!(["error", "warning"].contains(&group("severity")) && group("code").starts_with('E'));
        assert!(!group("message").is_empty());
    }
}
