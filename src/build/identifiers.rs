//! Names of nd as those of other languages.

/// Words that are not names.
const C_WORDS: &[&str] = &[
    "auto",
    "bool",
    "break",
    "case",
    "char",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extern",
    "float",
    "for",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "typedef",
    "union",
    "unsigned",
    "void",
    "volatile",
    "while",
    "asm",
    "catch",
    "class",
    "delete",
    "explicit",
    "export",
    "false",
    "friend",
    "mutable",
    "namespace",
    "new",
    "operator",
    "private",
    "protected",
    "public",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typename",
    "using",
    "virtual",
    "and",
    "or",
    "not",
    "xor",
];
const RUST_WORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "const", "crate", "dyn", "else", "enum", "extern", "false",
    "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override",
    "priv", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "break", "continue", "do",
];
const PYTHON_WORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Whose words a name must not be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    C,
    Rust,
    Python,
    /// Those of all of them.
    All,
}

impl Language {
    fn has_word(self, name: &str) -> bool {
        match self {
            Language::C => C_WORDS.contains(&name),
            Language::Rust => RUST_WORDS.contains(&name),
            Language::Python => PYTHON_WORDS.contains(&name),
            Language::All => [Language::C, Language::Rust, Language::Python].iter().any(|each| each.has_word(name)),
        }
    }
}

/// A name with what a language has in names: dots become underscores, letters beyond ASCII their numbers.
pub fn identifier(name: &str, language: Language) -> String {
    let mut result = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => result.push(letter),
            letter if letter.is_ascii() => result.push('_'),
            letter => result.push_str(&format!("u{:x}", u32::from(letter))),
        }
    }
    if result.starts_with(|first: char| first.is_ascii_digit()) {
        result.insert(0, 'x');
    }
    if result.is_empty() || result == "_" || language.has_word(&result) {
        result.push('_');
    }
    result
}

/// The identifiers of several names, each different from all before it and from those taken.
pub fn distinct<'n>(names: impl Iterator<Item = &'n str>, language: Language, taken: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let plain = identifier(name, language);
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let free = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|each| !all.contains(each) && !taken.contains(&each.as_str()));
        all.extend(free);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_of_other_languages() {
        assert_eq!(identifier("net.0.W", Language::C), "net_0_W");
        assert_eq!(identifier("σ2", Language::Rust), "u3c32");
        assert_eq!(identifier("0", Language::Python), "x0");
        assert_eq!(identifier("lambda", Language::Python), "lambda_");
        assert_eq!(identifier("lambda", Language::C), "lambda");
        assert_eq!(identifier("_", Language::Rust), "__");
    }

    #[test]
    fn no_two_are_equal() {
        let names = ["a.b", "a_b", "value", "a.b"];
        assert_eq!(distinct(names.into_iter(), Language::C, &["value"]), ["a_b", "a_b_2", "value_2", "a_b_3"]);
    }
}
