//! A program with colours.

use crate::report::escaped;
use crate::syntax::tokens;

/// The text with its tokens in spans of their classes.
pub(super) fn colored(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut reached = 0;
    for lexeme in &tokens(text).lexemes {
        let class = match lexeme.token.class() {
            "integer" | "real" | "part" => "number",
            "text" => "text",
            "comment" | "documentation" => "comment",
            "word" | "reserved" => "word",
            _ => continue,
        };
        out.push_str(&escaped(&text[reached..lexeme.start]));
        out.push_str(&format!("<span class=\"{class}\">{}</span>", escaped(&text[lexeme.start..lexeme.end])));
        reached = lexeme.end;
    }
    out.push_str(&escaped(&text[reached..]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_nothing_is_markup() {
        let colored = colored("print \"</script>\", 1 < 2 // <b>\n");
        assert!(colored.contains("<span class=\"text\">&quot;&lt;/script&gt;&quot;</span>"), "{colored}");
        assert!(colored.contains("<span class=\"number\">1</span> &lt; <span class=\"number\">2</span>"), "{colored}");
        assert!(colored.contains("// &lt;b&gt;") && !colored.contains("<b>"), "{colored}");
    }
}
