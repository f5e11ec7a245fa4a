//! The page of each error code, as `ndc explain` shows it.
//!
//! A page is Markdown: a title, what the error means, a failing program, the mended one, and why the rule exists.

/// The table of pages, made from the codes alone.
macro_rules! pages {
    ($($code:literal)*) => {
        static PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("pages/", $code, ".md")))),*];
    };
}

pages! {
    "E0001" "E0002" "E0003" "E0004" "E0005" "E0006" "E0007" "E0008" "E0009" "E0010"
    "E0011" "E0012" "E0013" "E0014" "E0015" "E0016" "E0017" "E0018" "E0019"
    "E0101" "E0102" "E0103" "E0104" "E0105" "E0106" "E0107" "E0108" "E0109" "E0110" "E0111" "E0112"
    "E0121" "E0122" "E0123" "E0124" "E0125" "E0126" "E0127" "E0128" "E0129"
    "E0131" "E0132" "E0133" "E0134" "E0199"
    "E0201" "E0202" "E0203" "E0204" "E0205" "E0206" "E0207" "E0208" "E0209" "E0210" "E0211"
    "E0212" "E0213" "E0214" "E0215" "E0216" "E0217" "E0218" "E0219" "E0220" "E0221"
    "E0222" "E0223" "E0224" "E0225" "E0226" "E0227" "E0228" "E0229" "E0230"
    "E0301" "E0302" "E0303" "E0304" "E0305" "E0306" "E0307" "E0308"
    "E0401" "E0402" "E0403" "E0404" "E0405" "E0406" "E0407" "E0408" "E0409" "E0411" "E0412" "E0413"
    "E0420" "E0421"
    "E0501" "E0502" "E0503" "E0504" "E0505" "E0506" "E0507" "E0508" "E0509" "E0510" "E0511" "E0512" "E0513"
    "E0520" "E0521" "E0522" "E0523" "E0524" "E0530" "E0531" "E0532" "E0533" "E0534" "E0535" "E0536" "E0537" "E0538" "E0539"
    "E0601" "E0602" "E0603" "E0604" "E0605" "E0606" "E0607" "E0608" "E0609" "E0610" "E0611" "E0612"
    "E0620" "E0621" "E0622" "E0623" "E0624" "E0625" "E0626"
    "E0630" "E0631" "E0632" "E0633" "E0634" "E0635" "E0636" "E0637" "E0640" "E0641" "E0642" "E0643" "E0644"
    "E0645" "E0646" "E0647" "E0648"
    "E0650" "E0651" "E0652"
    "E0701" "E0702" "E0703" "E0704" "E0705" "E0706"
    "E0801" "E0802" "E0803" "E0804" "E0805"
    "E0806" "E0807" "E0808" "E0809" "E0810" "E0811" "E0812" "E0813" "E0814" "E0815" "E0816" "E0817" "E0818"
    "E0840" "E0841" "E0842" "E0843" "E0844"
    "E0900" "E0901" "E0902" "E0903" "E0904" "E0905" "E0906"
    "E0920" "E0921" "E0922" "E0923" "E0924" "E0925" "E0999"
}

/// The page of a code written as in messages: `E0204`.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, _)| *known == code).map(|(_, page)| *page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

/// The code and page that a user means by `E0204`, `e204` or `0204`.
pub fn find(text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.trim();
    let digits = text.strip_prefix(['E', 'e']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let code = format!("E{digits:0>4}");
    PAGES.iter().find(|(known, _)| *known == code).copied()
}

/// The programs of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Programs<'a> {
    /// The one that shows the error, where a program can.
    pub failing: Option<&'a str>,
    /// The same without the error.
    pub mended: Option<&'a str>,
}

/// The programs of a page: the text in the fences `nd fails` and `nd`.
pub fn programs(page: &str) -> Programs<'_> {
    Programs { failing: fence(page, "nd fails"), mended: fence(page, "nd") }
}

fn fence<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let opening = format!("\n```{kind}\n");
    let start = page.find(&opening)? + opening.len();
    let end = page[start..].find("\n```")?;
    Some(&page[start..=start + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_code_as_title_and_both_programs() {
        for (code, page) in PAGES {
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: the first line is its title");
            assert!(page.len() > 240, "{code}: too short");
            assert!(page.contains("\n## Why\n"), "{code}: says why the rule exists");
            let programs = programs(page);
            assert!(programs.failing.is_some() || without_program(code), "{code}: a failing program");
            assert!(programs.mended.is_some() || without_program(code), "{code}: the mended program");
            let in_data = page.contains("\n```csv fails\n");
            assert!(in_data || programs.failing != programs.mended || without_program(code), "{code}: programs differ");
        }
    }

    /// Errors that come from outside any program.
    fn without_program(code: &str) -> bool {
        matches!(
            code,
            "E0001"
                | "E0111"
                | "E0112"
                | "E0133"
                | "E0420"
                | "E0421"
                | "E0509"
                | "E0535"
                | "E0539"
                | "E0637"
                | "E0640"
                | "E0641"
                | "E0642"
                | "E0643"
                | "E0644"
                | "E0645"
                | "E0646"
                | "E0647"
                | "E0648"
                | "E0801"
                | "E0802"
                | "E0803"
                | "E0804"
                | "E0810"
                | "E0811"
                | "E0814"
                | "E0815"
                | "E0816"
                | "E0817"
                | "E0818"
                | "E0840"
                | "E0841"
                | "E0842"
                | "E0843"
                | "E0844"
                | "E0900"
                | "E0901"
                | "E0902"
                | "E0903"
                | "E0904"
                | "E0905"
                | "E0906"
                | "E0920"
                | "E0921"
                | "E0922"
                | "E0923"
                | "E0924"
                | "E0925"
                | "E0999"
        )
    }

    #[test]
    fn codes_are_in_order_and_every_catalog_code_has_a_page() {
        let codes: Vec<&str> = codes().collect();
        assert!(codes.is_sorted());
        let catalog = [
            include_str!("catalog/names.rs"),
            include_str!("catalog/shapes.rs"),
            include_str!("catalog/derivative.rs"),
            include_str!("catalog/data.rs"),
            include_str!("catalog/actions.rs"),
            include_str!("catalog/overrides.rs"),
            include_str!("catalog/projects.rs"),
            include_str!("catalog/trained.rs"),
            include_str!("catalog/stored.rs"),
            include_str!("catalog/numeric.rs"),
            include_str!("catalog/models.rs"),
        ];
        for part in catalog.iter().flat_map(|text| text.split("\"E0").skip(1)) {
            let code = format!("E0{}", &part[..3]);
            assert!(codes.contains(&code.as_str()), "{code} has no page");
        }
    }

    #[test]
    fn usual_spellings_find_a_page() {
        for text in ["E0204", "e0204", "e204", "0204", "204", " E204 "] {
            assert_eq!(find(text).map(|(code, _)| code), Some("E0204"), "{text}");
        }
        for text in ["", "E", "E9999", "shapes", "E00204", "é204", "E-204"] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn programs_are_found_by_their_fences() {
        let page = "# E: t\n\n```nd fails\na\nb\n```\n\n```nd\nc\n```\n";
        assert_eq!(programs(page), Programs { failing: Some("a\nb\n"), mended: Some("c\n") });
        assert_eq!(programs("no programs"), Programs { failing: None, mended: None });
    }
}
