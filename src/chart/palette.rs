//! Colours: of series, after Okabe and Ito, which colour-blind readers can tell apart; of numbers, after viridis, which
//! grows evenly in lightness.

/// The colours of series on light and on dark ground, and their numbers among the 256 of terminals.
const SERIES: [(&str, &str, u8); 8] = [
    ("#0072b2", "#56a8e8", 32),
    ("#d55e00", "#ff8c4b", 166),
    ("#009e73", "#2fcb9c", 36),
    ("#b3589a", "#e59cc8", 175),
    ("#b98600", "#f0c04a", 178),
    ("#2f9fd6", "#8fd3f7", 74),
    ("#7a5230", "#c9a27e", 137),
    ("#5a6270", "#aab2bf", 246),
];

/// Places along viridis.
const NUMBERS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// What a page or a drawing with charts needs to have in its style.
pub const STYLE: &str = include_str!("chart.css");

/// The number of a colour of series.
pub(super) fn series(color: usize) -> usize {
    color % SERIES.len()
}

/// The number of a colour of series on a terminal.
pub(super) fn on_terminal(color: usize) -> u8 {
    SERIES[series(color)].2
}

/// The shades that numbers are told apart by.
pub(super) const SHADES: usize = 48;

/// The shade of a part from 0 to 1.
pub(super) fn shade(part: f64) -> usize {
    ((part.clamp(0.0, 1.0) * SHADES as f64) as usize).min(SHADES - 1)
}

/// The red, green and blue of a shade.
fn mixed(shade: usize) -> [u8; 3] {
    let place = shade as f64 / (SHADES - 1) as f64 * (NUMBERS.len() - 1) as f64;
    let first = (place as usize).min(NUMBERS.len() - 2);
    let part = place - first as f64;
    let mix = |channel: usize| {
        let (from, to) = (f64::from(NUMBERS[first][channel]), f64::from(NUMBERS[first + 1][channel]));
        (from + (to - from) * part).round() as u8
    };
    [mix(0), mix(1), mix(2)]
}

/// The colour of a shade.
pub(super) fn shade_color(shade: usize) -> String {
    let [red, green, blue] = mixed(shade);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Whether dark letters are readable on a shade.
pub(super) fn is_bright(shade: usize) -> bool {
    shade * 100 > SHADES * 62
}

/// The number of a shade among the 256 colours of terminals.
pub(super) fn shade_on_terminal(shade: usize) -> u8 {
    let level = |channel: u8| (u32::from(channel) * 5 + 127) / 255;
    let [red, green, blue] = mixed(shade).map(level);
    (16 + 36 * red + 6 * green + blue) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_has_every_colour_in_light_and_dark() {
        for (number, (light, dark, _)) in SERIES.iter().enumerate() {
            assert_eq!(STYLE.matches(&format!("--c{number}: {light};")).count(), 1, "{light}");
            assert_eq!(STYLE.matches(&format!("--c{number}: {dark};")).count(), 1, "{dark}");
            for class in [format!(".s{number} {{"), format!(".f{number} {{")] {
                assert!(STYLE.contains(&class), "{class}");
            }
        }
    }

    #[test]
    fn shades_run_from_dark_to_bright() {
        assert_eq!((shade(0.0), shade(1.0), shade(-3.0), shade(f64::INFINITY)), (0, SHADES - 1, 0, SHADES - 1));
        assert_eq!(shade_color(0), "#440154");
        assert_eq!(shade_color(SHADES - 1), "#fde725");
        assert!(!is_bright(0) && is_bright(SHADES - 1));
    }
}
