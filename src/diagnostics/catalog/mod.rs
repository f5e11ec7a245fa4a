//! Every message the compiler can give: one constructor per error, gathered by group of codes.
//!
//! A constructor takes the places and the facts and writes the words. No other room writes messages, so the wording
//! is judged and kept alike in one place. Each code has a page in `src/diagnostics/pages`.

pub mod actions;
pub mod data;
pub mod derivative;
pub mod embedding;
pub mod files;
pub mod index;
pub mod names;
pub mod numeric;
pub mod shapes;
pub mod syntax;

/// The candidate that a misspelled name most probably means, when one is near enough to be worth a suggestion.
///
/// Near is at most a third of the letters wrong (a transposition counts once); letters that differ only in case
/// always count as near. The first of equally near candidates wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = name.chars().count();
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        if candidate == name {
            continue;
        }
        let same_letters = candidate.to_lowercase() == name.to_lowercase();
        let distance = if same_letters { 0 } else { strsim::damerau_levenshtein(name, candidate) };
        let allowed = letters.max(candidate.chars().count()) / 3;
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_suggested() {
        assert_eq!(nearest("sigmiod", ["tanh", "sigmoid", "softmax"]), Some("sigmoid"));
        assert_eq!(nearest("Relu", ["relu", "elu"]), Some("relu"));
        assert_eq!(nearest("x", ["y", "z"]), None);
        assert_eq!(nearest("loss", ["epochs", "data"]), None);
        assert_eq!(nearest("same", ["same"]), None);
    }
}
