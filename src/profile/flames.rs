//! A profile as flames: what was run, above it the functions of the text, above these their kernels, and above loops the
//! kernels within.

use super::places::Places;
use super::table::time;
use super::{Profile, title};
use crate::picture::flame::{Colour, Frame};
use crate::report::significant;
use crate::schedule::Kind;
use crate::source::SourceMap;

/// The frames of profiles.
pub fn frames(profiles: &[Profile], sources: &SourceMap) -> Vec<Frame> {
    let mut places = Places::new(sources);
    profiles.iter().map(|profile| frame(profile, &mut places)).collect()
}

fn frame(profile: &Profile, places: &mut Places) -> Frame {
    let text = format!("{}: {} a {}", profile.title, time(profile.seconds), profile.unit);
    let within = functions(profile, None, "", places);
    Frame { note: text.clone(), text, weight: profile.kernel_seconds(), colour: Colour::Plain, within }
}

/// The kernels of a loop or of the whole under the functions that they come from, where these are not the one around.
fn functions(profile: &Profile, within: Option<usize>, around: &str, places: &mut Places) -> Vec<Frame> {
    let mut functions: Vec<Frame> = Vec::new();
    for kernel in profile.within(within) {
        let first = profile.kernels[kernel].places.first();
        let name = first.and_then(|span| places.item(*span)).filter(|name| name != around);
        let own = kernel_frame(profile, kernel, name.as_deref().unwrap_or(around), places);
        let Some(name) = name else {
            functions.push(own);
            continue;
        };
        match functions.iter_mut().find(|each| each.colour == Colour::Plain && each.text == name) {
            Some(function) => {
                function.weight += own.weight;
                function.within.push(own);
            }
            None => functions.push(Frame {
                text: name,
                note: String::new(),
                weight: own.weight,
                colour: Colour::Plain,
                within: vec![own],
            }),
        }
    }
    let whole = profile.kernel_seconds();
    for function in functions.iter_mut().filter(|each| each.colour == Colour::Plain) {
        function.note = format!("{}: {}, {}", function.text, time(function.weight), share(function.weight, whole));
    }
    functions.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    functions
}

fn kernel_frame(profile: &Profile, place: usize, around: &str, places: &mut Places) -> Frame {
    let kernel = &profile.kernels[place];
    let (lines, total) = (places.lines(&kernel.places), kernel.total);
    let text = if lines.is_empty() { kernel.text.clone() } else { format!("{lines}: {}", kernel.text) };
    let source = kernel.places.first().map(|span| places.text(*span)).unwrap_or_default();
    let mut note = format!("{text}\n{}, {}", time(total), share(total, profile.kernel_seconds()));
    for (amount, unit) in [(kernel.operations, "GFLOP/s"), (kernel.bytes, "GB/s")] {
        if amount > 0.0 && kernel.seconds > 0.0 {
            note.push_str(&format!(", {} {unit}", significant(amount / kernel.seconds / 1e9, 3)));
        }
    }
    if !source.is_empty() {
        note.push_str(&format!("\n{}", title(source)));
    }
    let within = functions(profile, Some(place), around, places);
    Frame { text, note, weight: total, colour: colour(kernel.kind), within }
}

fn share(part: f64, whole: f64) -> String {
    format!("{:.1} %", 100.0 * part / whole.max(f64::MIN_POSITIVE))
}

fn colour(kind: Kind) -> Colour {
    match kind {
        Kind::Products => Colour::Products,
        Kind::Elements => Colour::Elements,
        Kind::Scalars => Colour::Scalars,
        Kind::Movement => Colour::Movement,
        Kind::Loop => Colour::Loops,
    }
}
