//! The page of each code: what it means, a failing program, the mended one, why the rule exists.
//!
//! A page is `pages/E0003.md`, and a line in the table below. Its programs are tested: a block marked `nd fails`
//! gives the page's code, a block marked `nd` gives no error.

/// The pages by code, in order.
macro_rules! pages {
    ($($code:ident)*) => {
        &[$((stringify!($code), include_str!(concat!("pages/", stringify!($code), ".md")))),*]
    };
}

/// Every page with its code.
pub const PAGES: &[(&str, &str)] = pages! {
    E0001 E0002 E0003 E0004 E0005 E0006 E0007 E0008 E0009 E0010
    E0011 E0012 E0013 E0014 E0015 E0016 E0017 E0018 E0019
};

/// The page of a code, in Markdown. Upper or lower case.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, page)| *page)
}

/// What a code is about, as in "more about shapes".
pub fn topic(code: &str) -> &'static str {
    match code.get(..3) {
        Some("E00") => "the syntax",
        Some("E01") => "names",
        Some("E02") => "shapes",
        Some("E03") => "index notation",
        Some("E04") => "differentiation",
        Some("E05") => "data",
        Some("E06") => "actions",
        Some("E07") => "numeric trouble",
        Some("E08") => "files",
        Some("E09") => "embedding",
        _ => "this",
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGES, page};

    #[test]
    fn pages_are_found_by_code() {
        assert!(page("E0003").is_some_and(|text| text.starts_with("# E0003")));
        assert_eq!(page("e0003"), page("E0003"));
        assert_eq!(page("E9999"), None);
    }

    #[test]
    fn pages_start_with_their_code_and_are_in_order() {
        for (code, text) in PAGES {
            assert!(text.starts_with(&format!("# {code}: ")), "{code}");
        }
        assert!(PAGES.is_sorted_by_key(|(code, _)| *code));
    }
}
