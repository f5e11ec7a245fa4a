//! Text that means itself in SVG and HTML.

/// Letters that markup reads as themselves, in texts and in attributes in double quotes; other control characters than line breaks
/// and tabs are left out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_markup_would_read() {
        assert_eq!(escaped("</script>&\"'\u{1b}[0m"), "&lt;/script&gt;&amp;&quot;'[0m");
        assert_eq!(escaped("a\n\tb → c"), "a\n\tb → c");
    }
}
