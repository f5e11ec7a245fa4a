//! The reader and the grammar against the language reference: everything in it parses, and its trees are pinned.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use ndc::diagnostics::Diagnostic;
use ndc::source::{SourceFile, SourceId};
use ndc::syntax;
use ndc::syntax::ast::{Expr, ExprKind, ItemKind};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "nd"));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn parse(text: &str) -> Vec<Diagnostic> {
    syntax::parse(SourceId(0), text).1
}

/// Diagnostics one a line, as the fixtures write them.
fn lines(text: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let file = SourceFile { name: String::new(), path: None, text: text.to_string(), library: false };
    let line = |diagnostic: &Diagnostic| {
        let kind = if diagnostic.is_error() { "error" } else { "warning" };
        let start = diagnostic.primary.as_ref().unwrap().span.start as usize;
        let (line, column) = file.line_column(start);
        format!("{kind} {} at {line}:{column}: {}", diagnostic.code, diagnostic.message)
    };
    diagnostics.iter().map(line).collect()
}

#[test]
fn the_whole_reference_parses() {
    for path in files("language") {
        let text = fs::read_to_string(&path).unwrap();
        let diagnostics = parse(&text);
        assert!(diagnostics.is_empty(), "{}: {:#?}", path.display(), lines(&text, &diagnostics));
    }
}

/// Each file of `tests/cases/syntax` names its diagnostics in its own comments: `//! error E0003 at 4:9: message`.
#[test]
fn errors_are_as_the_fixtures_say() {
    for path in files("syntax") {
        let text = fs::read_to_string(&path).unwrap();
        let diagnostics = parse(&text);
        let mut expected: Vec<&str> =
            text.lines().filter_map(|line| line.trim_start_matches('\u{FEFF}').strip_prefix("//! ")).collect();
        let mut found = lines(&text, &diagnostics);
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{}", path.display());
        spans_are_inside(&text, &diagnostics);
    }
}

fn spans_are_inside(text: &str, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let labels = diagnostic.primary.iter().chain(&diagnostic.labels).map(|label| label.span);
        let patch = diagnostic.help.iter().filter_map(|help| help.patch.as_ref()).map(|(span, _)| *span);
        for span in labels.chain(patch) {
            let inside = span.start <= span.end && text.get(span.range()).is_some();
            assert!(inside, "{}: {span:?} in a text of {} bytes", diagnostic.message, text.len());
        }
    }
}

#[test]
fn trees_are_stable() {
    for path in files("language") {
        let text = fs::read_to_string(&path).unwrap();
        let (file, _) = syntax::parse(SourceId(0), &text);
        let name = path.file_stem().unwrap().to_string_lossy().to_string();
        insta::assert_snapshot!(format!("ast_{name}"), syntax::print::print(&file, &text));
    }
}

#[test]
fn tokens_are_stable() {
    let text = "/// Doc.\nparam θ₁: [2, 1_000] = 1.5e-3 // end\nx'.0..n 1. \"a\\n\" .5 § && \"open\n";
    insta::assert_snapshot!("tokens", syntax::tokens(text));
}

#[test]
fn nothing_and_blanks_are_empty_files() {
    for text in ["", "\u{FEFF}", " \r\n\t\n", "// only a comment", "// and a newline\n"] {
        let (file, diagnostics) = syntax::parse(SourceId(0), text);
        assert!(file.items.is_empty() && diagnostics.is_empty(), "{text:?}");
    }
}

#[test]
fn binary_files_are_named_as_such() {
    let diagnostics = parse("\u{7f}ELF\0\0\u{1}");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].code, "E0001");
}

/// Parses on a thread with the stack that tests have, and drops the tree there.
fn codes_on_a_small_stack(text: String) -> Vec<&'static str> {
    let work = move || syntax::parse(SourceId(0), &text).1.iter().map(|diagnostic| diagnostic.code).collect();
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

#[test]
fn deep_nesting_is_one_clear_error() {
    let count = 10_000;
    let repeat = |part: &str| part.repeat(count);
    let deep = [
        format!("let a = {}1{}", repeat("("), repeat(")")),
        format!("let a = {}1", repeat("(")),
        format!("let a = {}1{}\nlet b = 1", repeat("["), repeat("]")),
        format!("let a = {}1{}", repeat("f("), repeat(")")),
        format!("let a = {}1{}", repeat("{ "), repeat(" }")),
        format!("let a = 1{}", repeat(" + a")),
        format!("let a = {}1", repeat("-")),
        format!("let a = {}true", repeat("not ")),
        format!("let a = A{}", repeat("'")),
        format!("let a = 2{}", repeat("^2")),
        format!("let a = {}1", repeat("|x| ")),
        format!("let a = {}{{ 1 }}", repeat("if x { 1 } else ")),
        format!("let a = x{}", repeat(".y")),
        format!("fn f(g: {}real) = 1", repeat("fn() -> ")),
        format!("let p: {}real{} = 1", repeat("("), repeat(")")),
        format!("let a = {}1{}", repeat("|x: ["), repeat("]| x")),
        format!("{}{}", repeat("test \"t\" { "), repeat("}")),
    ];
    for text in deep {
        let start: String = text.chars().take(40).collect();
        assert_eq!(codes_on_a_small_stack(text), ["E0014"], "{start}");
    }
}

#[test]
fn depth_within_the_limits_is_fine() {
    let nested = format!("let a = {}1{}", "(".repeat(250), ")".repeat(250));
    let chain = format!("let a = 1{}", " + a".repeat(490));
    for text in [nested, chain] {
        assert!(codes_on_a_small_stack(text).is_empty());
    }
}

#[test]
fn one_error_does_not_hide_another() {
    let text = "let a = (1 +\nfn f(x = 3\nparam w: [2 = 0\nlet b = ] 2\nprint f(1 2)\n";
    let found = lines(text, &parse(text));
    assert!(found.len() >= 4, "{found:#?}");
    assert!(found.iter().any(|line| line.contains("at 5:")), "{found:#?}");
}

/// A small deterministic source of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Leaves out, doubles and swaps tokens: whatever comes of it, parsing ends, with places inside the text.
#[test]
fn mutants_never_panic() {
    let mut numbers = Numbers(7);
    for path in files("language").into_iter().chain(files("syntax")) {
        let text = fs::read_to_string(&path).unwrap();
        let tokens = syntax::tokens(&text).lexemes;
        for _ in 0..60 {
            let mut pieces: Vec<&str> = tokens.iter().map(|token| &text[token.start..token.end]).collect();
            for _ in 0..=numbers.below(3) {
                let (one, other) = (numbers.below(pieces.len()), numbers.below(pieces.len()));
                match numbers.below(3) {
                    0 if pieces.len() > 1 => {
                        pieces.remove(one);
                    }
                    1 => pieces.insert(one, pieces[other]),
                    _ => pieces.swap(one, other),
                }
            }
            let separator = ["\n", " "][numbers.below(2)];
            let mutant = pieces.join(separator);
            let diagnostics = parse(&mutant);
            spans_are_inside(&mutant, &diagnostics);
        }
    }
}

/// Cuts at every byte: the ends of files are where readers slip.
#[test]
fn cut_files_never_panic() {
    for path in files("language") {
        let text = fs::read_to_string(&path).unwrap();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            spans_are_inside(&text[..end], &parse(&text[..end]));
        }
    }
}

/// Ten thousand functions, sound or each with an error, take time in proportion.
#[test]
fn large_files_are_read_in_linear_time() {
    let function = "/// Doc.\nfn f(x, y) = { let a = x + y * 2; if a > 0 { a } else { -a } }\n";
    let broken = "fn f(x, y) = { let a = x + * 2; if a > 0 { a } else { -a }\n";
    for text in [function.repeat(10_000), broken.repeat(10_000)] {
        // Processor time, which other work on the machine does not change.
        let used = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).tv_sec;
        let before = used();
        let (file, diagnostics) = syntax::parse(SourceId(0), &text);
        assert_eq!(file.items.len(), 10_000);
        assert!(diagnostics.is_empty() || diagnostics.len() >= 10_000);
        assert!(used() - before < 20, "{} s", used() - before);
    }
}

/// An expression with every operation in brackets.
fn grouped(expression: &Expr) -> String {
    match &*expression.kind {
        ExprKind::Integer { value, .. } => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Unary { operator, operand } => format!("({operator:?} {})", grouped(operand)),
        ExprKind::Binary { operator, left, right, .. } => {
            format!("({} {} {})", grouped(left), syntax::print::sign(*operator), grouped(right))
        }
        ExprKind::Lambda { body, .. } => format!("(lambda {})", grouped(body)),
        ExprKind::Call { callee, arguments } => {
            let arguments: Vec<String> = arguments.iter().map(|argument| grouped(&argument.value)).collect();
            format!("{}({})", grouped(callee), arguments.join(", "))
        }
        ExprKind::Range { start, end } => {
            let end_of = |end: &Option<Expr>| end.as_ref().map_or_else(String::new, grouped);
            format!("({}..{})", end_of(start), end_of(end))
        }
        ExprKind::Transpose(base) => format!("({})'", grouped(base)),
        ExprKind::Index { base, .. } => format!("{}[]", grouped(base)),
        ExprKind::Field { base, name } => format!("{}.{}", grouped(base), name.text),
        ExprKind::Part { base, index, .. } => format!("{}.{index}", grouped(base)),
        ExprKind::Paren(inner) => grouped(inner),
        ExprKind::If { condition, .. } => format!("(if {})", grouped(condition)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_the_reference_says() {
    let cases = [
        ("-x^2", "(Negate (x ^ 2))"),
        ("2^-1", "(2 ^ (Negate 1))"),
        ("2^3^4", "(2 ^ (3 ^ 4))"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c @ d % e", "(a + (((b * c) @ d) % e))"),
        ("-a * b", "((Negate a) * b)"),
        ("not a == b and c or d", "(((Not (a == b)) and c) or d)"),
        ("f >> g or h", "(f >> (g or h))"),
        ("|x| x >> y + 1", "(lambda (x >> (y + 1)))"),
        ("f(0..n-1, |x| x, a = 2)", "f((0..(n - 1)), (lambda x), 2)"),
        ("f(.., 1.., ..2)", "f((..), (1..), (..2))"),
        ("A'[i].w.0.1(x)^2", "((A)'[].w.0.1(x) ^ 2)"),
        ("if a { 1 } else { 2 } + 1", "((if a) + 1)"),
        ("data + test(model) * print", "(data + (test(model) * print))"),
    ];
    for (text, expected) in cases {
        let (file, diagnostics) = syntax::parse(SourceId(0), &format!("let r = {text}"));
        assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        let ItemKind::Let(binding) = &file.items[0].kind else { panic!("{text}") };
        assert_eq!(grouped(&binding.value), expected, "{text}");
    }
}

#[test]
fn contextual_words_are_names_elsewhere() {
    let text = "let data = 1\nparam test = 2\nfn model(train, layer) = train + layer\nprint data, test, print\n\
                train fit { data = sample, loss = assert, metric metric = save, metric = load }\n\
                data plot = table { type = 1, test = 2 }\nprint model\n";
    assert_eq!(lines(text, &parse(text)), [""; 0]);
    assert_eq!(syntax::parse(SourceId(0), text).0.items.len(), 7);
}

#[test]
fn documentation_belongs_to_the_item_below() {
    let text =
        "/// One.\n/// Two, with // signs.\n// aside\nfn f(x) = x\nlayer L() {\n    ///Inner.\n    param w = 0\n}\n";
    let (file, diagnostics) = syntax::parse(SourceId(0), text);
    assert!(diagnostics.is_empty());
    assert_eq!(file.items[0].documentation, ["One.", "Two, with // signs."]);
    let ItemKind::Layer(layer) = &file.items[1].kind else { panic!("no layer") };
    assert_eq!(layer.members[0].documentation, ["Inner."]);
    assert_eq!(file.comments.len(), 1);
}
