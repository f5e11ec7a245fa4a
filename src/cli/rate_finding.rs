//! `--lr-find`: what it is asked, and its table.

use crate::report::{counted, significant};
use crate::session::{LearningRateRange, LearningRates, TriedRate};
use clap::Args;

/// The rows of the table, about.
const ROWS: usize = 25;
/// Significant digits of losses and of rates.
const DIGITS: (usize, usize) = (6, 3);

/// Finding a learning rate.
#[derive(Args)]
pub(super) struct RateFinding {
    /// Try learning rates that rise from step to step, and say at which the loss falls fastest; nothing is kept of it.
    /// Of several `train`, the first, or the one of this name or number
    #[arg(
        long,
        value_name = "TRAIN",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = ["fast_dev_run", "emit"]
    )]
    lr_find: Option<Option<String>>,
    /// The learning rates that are tried, from the first to the last
    #[arg(long, value_name = "A..B", value_parser = parse_range, default_value = "1e-8..1", requires = "lr_find")]
    lr_range: (f64, f64),
    /// How many learning rates are tried, a step with each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(20..=100_000), default_value = "100", requires = "lr_find")]
    lr_steps: u32,
}

/// Two numbers above zero, the greater last.
fn parse_range(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once("..").and_then(|(least, most)| Some((least.parse().ok()?, most.parse().ok()?)));
    let is_range = |(least, most): &(f64, f64)| *least > 0.0 && least < most && most.is_finite();
    ends.filter(is_range).ok_or_else(|| format!("expected two numbers above 0 such as `1e-8..1`, not `{text}`"))
}

impl RateFinding {
    /// Which rates are tried for which training, if that is asked for.
    pub(super) fn range(&self) -> Option<LearningRateRange> {
        let (least, most) = self.lr_range;
        let train = self.lr_find.clone()?;
        Some(LearningRateRange { least, most, steps: self.lr_steps as usize, train })
    }
}

/// The rates with their losses, and what they suggest.
pub(super) fn table(found: &LearningRates) -> String {
    let name = found.name.as_ref().map_or(String::new(), |name| format!(" of {name}"));
    let tried = &found.tried;
    let rate =
        |tried: Option<&TriedRate>| tried.map_or(String::new(), |tried| significant(tried.learning_rate, DIGITS.1));
    let steps = counted(tried.len() as u64, "step");
    let mut out = format!("learning rates{name}: {steps}, from {} to {}\n", rate(tried.first()), rate(tried.last()));
    out.push_str(&format!("  {:>13}  {:>12}  {:>12}\n", "learning rate", "loss", "smoothed"));
    let is_suggested = |tried: &TriedRate| Some(tried.learning_rate) == found.suggestion;
    let stride = tried.len().div_ceil(ROWS).max(1);
    let shown = tried
        .iter()
        .enumerate()
        .filter(|(place, each)| place.is_multiple_of(stride) || *place + 1 == tried.len() || is_suggested(each));
    for (_, each) in shown {
        let smoothed = each.smoothed.map_or(String::new(), |loss| significant(loss, DIGITS.0));
        let (rate, loss) = (rate(Some(each)), significant(each.loss, DIGITS.0));
        let mark = if is_suggested(each) { "  falls fastest" } else { "" };
        out.push_str(format!("  {rate:>13}  {loss:>12}  {smoothed:>12}{mark}").trim_end());
        out.push('\n');
    }
    if found.diverged {
        out.push_str("the loss diverged, which ended the search\n");
    }
    out.push_str(&match found.suggestion {
        Some(rate) => format!("suggestion: lr = {}\n", significant(rate, DIGITS.1)),
        None => "no suggestion: the loss does not fall with these learning rates\n".to_string(),
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_ends_above_zero() {
        assert_eq!(parse_range("1e-6..10"), Ok((1e-6, 10.0)));
        for text in ["", "1", "0..1", "1..1", "2..1", "1e-3..inf", "-1..1", "nan..1", "a..b", "1..2..3"] {
            assert!(parse_range(text).is_err(), "{text}");
        }
    }
}
