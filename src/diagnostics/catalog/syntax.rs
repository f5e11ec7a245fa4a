//! E00xx: reading and syntax.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// The codes of this group, in order.
pub const CODES: &[&str] = &[
    "E0001", "E0002", "E0003", "E0004", "E0005", "E0006", "E0007", "E0008", "E0009", "E0010", "E0011", "E0012",
    "E0013", "E0014", "E0015", "E0016", "E0017", "E0018", "E0019",
];

// E0001: not a text.

/// A file that holds bytes no text has.
pub fn not_text(place: Span) -> Diagnostic {
    Diagnostic::error("E0001", "this file is not a text", place)
        .saying("a zero byte")
        .note("an nd program is a text in UTF-8; data is read with `csv`, `npy`, `npz`, `idx` or `safetensors`")
}

/// A file whose bytes are no UTF-8; `at` is the first wrong byte.
pub fn not_utf8(path: &str, at: usize) -> Diagnostic {
    Diagnostic::without_place("E0001", format!("`{path}` is not a text in UTF-8"))
        .note(format!("byte {at} belongs to no letter"))
        .help("save the file as UTF-8")
}

// E0002: letters that are no token.

/// Letters that mean nothing in the language.
pub fn unknown_letters(place: Span, letters: &str) -> Diagnostic {
    let error = Diagnostic::error("E0002", format!("{} means nothing in nd", shown(letters)), place);
    match letters {
        "#" => error.fix("a comment starts with `//`", place, "//"),
        "\u{a0}" => error.fix("write an ordinary space", place, " "),
        "²" => error.fix("write a power with `^`", place, "^2"),
        "³" => error.fix("write a power with `^`", place, "^3"),
        "“" | "”" | "„" => error.fix("a text stands in straight quotes", place, "\""),
        "$" | "?" | "~" | "`" | "\\" => error.help("take it out"),
        _ => error,
    }
}

/// Printable letters as they are, others by number.
fn shown(letters: &str) -> String {
    let printable = |letter: char| !letter.is_control() && !letter.is_whitespace() && letter != '\u{FEFF}';
    if letters.chars().all(printable) {
        return format!("`{letters}`");
    }
    let numbers: Vec<String> = letters.chars().take(4).map(|letter| format!("U+{:04X}", letter as u32)).collect();
    format!("the character {}", numbers.join(" "))
}

// E0003: one thing expected, another found.

/// Something stands where it cannot.
pub fn unexpected(place: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error("E0003", format!("expected {expected}, found {found}"), place)
        .saying(format!("expected {expected}"))
}

/// The file ends in the middle of something.
pub fn unexpected_end(place: Span, expected: &str) -> Diagnostic {
    Diagnostic::error("E0003", format!("expected {expected}, found the end of the file"), place)
        .saying(format!("expected {expected}"))
}

/// A reserved word where a name is wanted.
pub fn reserved_word(place: Span, word: &str) -> Diagnostic {
    Diagnostic::error("E0003", format!("`{word}` is a word of the language and cannot be a name"), place)
        .saying("expected a name")
        .fix("choose another name", place, format!("{word}_"))
}

/// `_` where a value is wanted.
pub fn underscore_value(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "`_` ignores a value and cannot be read", place).saying("expected an expression")
}

/// A lambda as an operand without parentheses.
pub fn bare_lambda(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "a lambda as an operand stands in parentheses", place)
        .saying("this `|` starts a lambda")
        .help("write `(|x| …)`: without parentheses its body would reach to the end")
}

/// `x else y` without parentheses.
pub fn bare_else(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "a value with `else` stands in parentheses", place)
        .saying("this `else` belongs to no `if`")
        .help("write `(x[i - 1] else 0)`")
}

/// `(real) -> real`.
pub fn bare_arrow(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "a function's type starts with `fn`", place)
        .saying("`->` cannot follow here")
        .help("write `fn(real) -> real`")
}

/// `x if c else y`.
pub fn condition_last(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "a condition comes before its values", place)
        .saying("expected an operator")
        .help("write `if c { x } else { y }`")
}

/// `fn f(x): real`.
pub fn colon_for_arrow(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "a function's result type follows `->`", place).saying("expected `->` or `=`").fix(
        "write `->`",
        place,
        " ->",
    )
}

/// A `for` that is no part of a comprehension or reducer.
pub fn bare_for(place: Span) -> Diagnostic {
    Diagnostic::error("E0003", "nd has no loop statement", place)
        .saying("expected an expression")
        .help("build a tensor with `[e for i in 0..n]`, or carry a state with `fold(init, 0..n, |s, i| …)`")
}

/// A misspelled word at the start of an item.
pub fn misspelled_item(place: Span, found: &str, meant: &str) -> Diagnostic {
    Diagnostic::error("E0003", format!("expected an item, found `{found}`"), place)
        .saying("no item starts with this")
        .fix(format!("did you mean `{meant}`?"), place, meant)
}

/// An expression where an item should be.
pub fn bare_expression(place: Span, found: &str) -> Diagnostic {
    Diagnostic::error("E0003", format!("expected an item, found {found}"), place)
        .saying("an expression alone does nothing")
        .fix("to see its value, print it", place, format!("print {}", found.trim_matches('`')))
}

// E0004: brackets.

/// A bracket that is never closed; `others` were open around it at the same place.
pub fn unclosed(place: Span, bracket: &str, needed_before: Option<Span>, others: &[Span]) -> Diagnostic {
    let mut error = Diagnostic::error("E0004", format!("this `{bracket}` is never closed"), place)
        .saying(format!("no `{}` belongs to it", closer(bracket)));
    for other in others {
        error = error.label(*other, "this one is not closed either");
    }
    match needed_before {
        Some(place) => error.label(place, format!("a `{}` is missing before this", closer(bracket))),
        None => error,
    }
}

/// A closing bracket that belongs to nothing.
pub fn stray_closer(place: Span, bracket: &str) -> Diagnostic {
    Diagnostic::error("E0004", format!("this `{bracket}` closes nothing"), place).saying("no bracket is open here").fix(
        "take it out",
        place,
        "",
    )
}

/// `(a, b]`.
pub fn mismatched(place: Span, found: &str, opener: Span, open: &str) -> Diagnostic {
    Diagnostic::error("E0004", format!("`{found}` cannot close `{open}`"), place)
        .saying(format!("expected `{}`", closer(open)))
        .label(opener, "this bracket is open")
        .fix(format!("close it with `{}`", closer(open)), place, closer(open))
}

/// The bracket that closes this one.
fn closer(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

// E0005: numbers.

/// `1.`
pub fn point_without_digits(place: Span, digits: &str) -> Diagnostic {
    Diagnostic::error("E0005", "a decimal point has a digit on both sides", place)
        .saying("no digit after the point")
        .fix("add the zero", place, format!("{digits}.0"))
}

/// `.5`
pub fn point_without_zero(place: Span, part: &str) -> Diagnostic {
    Diagnostic::error("E0005", "a decimal point has a digit on both sides", place)
        .saying("no digit before the point")
        .fix("add the zero", place, format!("0{part}"))
}

/// A literal beyond the largest real.
pub fn number_too_large(place: Span) -> Diagnostic {
    Diagnostic::error("E0005", "this number is larger than any real", place)
        .saying("the largest real is about 1.8e308")
        .help("write `inf` if infinity is meant")
}

/// A part's number that no tuple can have.
pub fn part_too_large(place: Span) -> Diagnostic {
    Diagnostic::error("E0005", "no tuple has this many parts", place)
}

/// `2x`.
pub fn number_beside_name(place: Span, after_number: Span, number: &str, name: &str) -> Diagnostic {
    Diagnostic::error("E0005", format!("`{number}{name}` is neither a number nor a name"), place)
        .saying("a name right after a number")
        .fix("write the product with `*`", after_number, " * ")
}

// E0006: texts.

/// A text without its closing quote.
pub fn unterminated_text(place: Span) -> Diagnostic {
    let end = Span { start: place.end, ..place };
    Diagnostic::error("E0006", "this text has no closing quote", place)
        .saying("a text ends on the line where it starts")
        .fix("close it", end, "\"")
}

/// `\q`.
pub fn unknown_escape(place: Span, escape: &str) -> Diagnostic {
    Diagnostic::error("E0006", format!("`{escape}` is no escape"), place)
        .saying("unknown escape")
        .help("a text knows `\\n`, `\\t`, `\\r`, `\\0`, `\\\"`, `\\\\` and `\\u{3b8}`; a backslash itself is `\\\\`")
}

/// `'text'`.
pub fn single_quotes(place: Span, inside: &str) -> Diagnostic {
    Diagnostic::error("E0006", "a text stands in double quotes", place).saying("`'` is the transpose of a matrix").fix(
        "use double quotes",
        place,
        format!("\"{inside}\""),
    )
}

// E0007, E0008: habits of other languages.

/// `&&` and its relatives.
pub fn foreign_operator(place: Span, found: &str, meant: &str, replacement: &str) -> Diagnostic {
    Diagnostic::error("E0007", format!("nd has no `{found}`"), place).saying(format!("`{meant}` is meant")).fix(
        format!("write `{meant}`"),
        place,
        replacement,
    )
}

/// `x += 1`.
pub fn assignment(place: Span) -> Diagnostic {
    Diagnostic::error("E0007", "a value never changes once it is bound", place)
        .saying("no assignment")
        .help("bind a new value with `let`, or carry a state through `fold`")
}

/// `def` and its relatives.
pub fn foreign_word(place: Span, found: &str, meant: &str) -> Diagnostic {
    Diagnostic::error("E0008", format!("nd has no `{found}`"), place).saying(format!("`{meant}` is meant")).fix(
        format!("write `{meant}`"),
        place,
        meant,
    )
}

/// `return e`.
pub fn foreign_return(place: Span, with_blanks: Span) -> Diagnostic {
    Diagnostic::error("E0008", "nd has no `return`", place).saying("a block's value is its last expression").fix(
        "take it out",
        with_blanks,
        "",
    )
}

/// `let mut x`.
pub fn foreign_mut(place: Span, with_blanks: Span) -> Diagnostic {
    Diagnostic::error("E0008", "nd has no `mut`", place).saying("a value never changes once it is bound").fix(
        "take it out",
        with_blanks,
        "",
    )
}

// E0009: separators.

/// A `;` is missing at `place`, before `next`.
pub fn missing_semicolon(place: Span, next: Span) -> Diagnostic {
    Diagnostic::error("E0009", "a `;` is missing", place)
        .saying("`let` and `fn` in a block end with `;`")
        .label(next, "this starts something new")
        .fix("add the `;`", place, ";")
}

/// A comma is missing at `place`, before `next`.
pub fn missing_comma(place: Span, next: Span) -> Diagnostic {
    Diagnostic::error("E0009", "a `,` is missing", next).saying("a second element starts here").fix(
        "add the comma",
        place,
        ",",
    )
}

/// A `;` after an item or setting.
pub fn needless_semicolon(place: Span) -> Diagnostic {
    Diagnostic::error("E0009", "no `;` is needed here", place).saying("items and settings end by themselves").fix(
        "take it out",
        place,
        "",
    )
}

// E0010 to E0013: forms.

/// An `if` without `else`.
pub fn missing_else(place: Span, if_keyword: Span) -> Diagnostic {
    Diagnostic::error("E0010", "this `if` has no `else`", if_keyword)
        .saying("both cases need a value")
        .label(place, "expected `else { … }` here")
        .fix("say what the value is otherwise", place, " else { 0 }")
}

/// `=` for `==`.
pub fn equals_for_comparison(place: Span) -> Diagnostic {
    Diagnostic::error("E0011", "`=` names a value, `==` compares", place).saying("expected an operator").fix(
        "to compare, write `==`",
        place,
        "==",
    )
}

/// `==` for `=`.
pub fn comparison_for_equals(place: Span) -> Diagnostic {
    Diagnostic::error("E0011", "`==` compares, `=` names a value", place).saying("expected `=`").fix(
        "write `=`",
        place,
        "=",
    )
}

/// `epochs 200`; `end` is right after the name.
pub fn missing_equals(place: Span, end: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0011", format!("a `=` is missing after `{name}`"), place)
        .saying("a setting has a name and a value")
        .fix("write the `=`", end, " =")
}

/// `x = 3` without `let`; `place` is the name.
pub fn missing_let(place: Span, name: &str) -> Diagnostic {
    let start = Span { end: place.start, ..place };
    Diagnostic::error("E0011", format!("`{name}` is bound without `let`"), place)
        .saying("expected `let` before this")
        .fix("bind it with `let`", start, "let ")
}

/// `a < b < c`.
pub fn chained_comparison(second: Span, first: Span, second_sign: &str) -> Diagnostic {
    Diagnostic::error("E0012", "comparisons cannot be chained", second)
        .saying(format!("this `{second_sign}` would compare a truth value"))
        .label(first, "this comparison is a truth value already")
        .help("compare twice: `a < b and b < c`")
}

/// `f(lr = 1, x)`.
pub fn positional_after_named(place: Span, named: Span) -> Diagnostic {
    Diagnostic::error("E0013", "a positional argument cannot follow a named one", place)
        .saying("this has no name")
        .label(named, "named arguments start here")
        .help("put it before the named ones, or name it")
}

/// `(v = 1, 2)`.
pub fn mixed_record(place: Span, named: Span) -> Diagnostic {
    Diagnostic::error("E0013", "a record names all its fields, a tuple none", place)
        .saying("this has no name")
        .label(named, "this has one")
        .help("name every field, or none")
}

// E0014: depth.

/// Brackets nested beyond all use.
pub fn brackets_too_deep(place: Span, limit: usize) -> Diagnostic {
    Diagnostic::error("E0014", "brackets are nested too deeply", place)
        .saying(format!("more than {limit} brackets are open here"))
        .help("give a part of it a name with `let`")
}

/// An expression or type nested beyond all use.
pub fn too_deep(place: Span, limit: u32) -> Diagnostic {
    Diagnostic::error("E0014", "this is nested too deeply", place)
        .saying(format!("more than {limit} operations inside each other"))
        .help("give parts of it names with `let`, or use `sum`, `prod` or `fold` for a long chain")
}

// E0015: right form, wrong place.

/// An item that a layer cannot hold.
pub fn not_in_layer(place: Span) -> Diagnostic {
    Diagnostic::error("E0015", "a layer holds only `param`, `model` and `fn`", place).saying("this belongs outside")
}

/// `metric` among the columns of data.
pub fn metric_in_data(place: Span) -> Diagnostic {
    Diagnostic::error("E0015", "data has columns, not metrics", place).saying("`metric` belongs in a `train` block")
}

/// A pattern as the parameter of a named function.
pub fn pattern_in_function(place: Span) -> Diagnostic {
    Diagnostic::error("E0015", "a function's parameter is a name", place)
        .saying("patterns stand in `let` and in lambdas")
        .help("name it, and take it apart inside: `{ let (a, b) = pair; … }`")
}

/// `x[]`.
pub fn no_subscript(place: Span) -> Diagnostic {
    Diagnostic::error("E0015", "an index needs a subscript", place)
        .saying("nothing between the brackets")
        .help("`x[i]` is a row, `x[:]` the whole axis")
}

// E0016, E0017: warnings.

/// `(` at the start of a line continues a call.
pub fn line_continues_call(place: Span, callee: Span) -> Diagnostic {
    Diagnostic::warning("E0016", "this line continues a call from the line above", place)
        .saying("read as the arguments of a call")
        .label(callee, "this is called")
        .help("newlines mean nothing: put the `(` on the line above")
}

/// `-` at the start of a line continues a sum.
pub fn line_continues_sum(place: Span, left: Span) -> Diagnostic {
    Diagnostic::warning("E0016", "this line continues a sum from the line above", place)
        .saying("read as a subtraction")
        .label(left, "from this")
        .help("newlines mean nothing: put the `-` at the end of the line above")
}

/// `///` above nothing that it could document.
pub fn documentation_of_nothing(place: Span) -> Diagnostic {
    Diagnostic::warning("E0017", "this documentation belongs to no item", place)
        .saying("no item follows")
        .help("write an ordinary comment with `//`")
}

// E0018, E0019: blocks and ranges.

/// `{ let a = 1; }`.
pub fn block_without_value(place: Span) -> Diagnostic {
    Diagnostic::error("E0018", "this block has no value", place)
        .saying("expected an expression before this")
        .help("a block ends with an expression: `{ let a = 2; a * x }`")
}

/// `..` outside `for`, indices and arguments.
pub fn misplaced_range(place: Span) -> Diagnostic {
    Diagnostic::error("E0019", "a range cannot stand here", place)
        .saying("ranges stand in `for`, in subscripts and as arguments of calls")
        .help("for a tensor of numbers write `[i for i in 0..n]`")
}
