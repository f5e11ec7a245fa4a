//! `ndc profile FILE`.

use super::Settings;
use super::output::{report, say};
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use crate::diagnostics::catalog::subjects::nothing_to_profile;
use crate::driver::{check_file, on_large_stack};
use crate::picture::flame;
use crate::profile::{self, Chosen, Profile, flames, places::Places, table};
use crate::source::SourceMap;
use crate::subject::{Request, open, parse_size};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is profiled, and how it is shown.
#[derive(Args, Clone)]
pub(super) struct Arguments {
    /// A function or model of the file, in place of what the file does; any expression that is a function: "grad(f)"
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// Its arguments as in a call: "x = -2, y = [1, 2]"
    #[arg(long, value_name = "ARGUMENTS", allow_hyphen_values = true, requires = "of")]
    at: Option<String>,
    /// A size of its arguments, where none are given: n=3
    #[arg(long, value_name = "NAME=N", value_parser = parse_size, value_delimiter = ',', requires = "of")]
    size: Vec<(String, i64)>,
    /// All that the file computes, not only the steps of its trainings
    #[arg(long, conflicts_with = "of")]
    all: bool,
    /// How long each is run
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    seconds: f64,
    /// The most kernels of a table
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// The SVG file to write, with a picture of the times
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A time that can be waited for.
fn seconds(text: &str) -> Result<f64, String> {
    let expected = "a number of seconds above 0, up to 3600";
    text.parse().ok().filter(|seconds| *seconds > 0.0 && *seconds <= 3600.0).ok_or_else(|| expected.to_string())
}

/// Profiles a file or a function of it; whether all went well.
pub(super) fn profile(file: &Path, arguments: &Arguments, settings: &Settings) -> bool {
    let time = Duration::from_secs_f64(arguments.seconds);
    let (sources, result) = match &arguments.of {
        Some(of) => {
            let request = Request { of, at: arguments.at.as_deref(), sizes: &arguments.size };
            let subject = match open(file, request, &mut FileLoader::new(), settings.options()) {
                Ok(subject) => subject,
                Err(failure) => {
                    report(&failure.diagnostics, &failure.sources, settings);
                    return false;
                }
            };
            report(&subject.checked.diagnostics, &subject.checked.sources, settings);
            let title = match &arguments.at {
                Some(at) => profile::title(&format!("{of} at {at}")),
                None => profile::title(of),
            };
            let profile = on_large_stack(|| profile::subject(&subject, &title, time));
            (subject.checked.sources, profile.map(|profile| vec![profile]))
        }
        None => {
            let checked = check_file(file, &mut FileLoader::new(), settings.options());
            report(&checked.diagnostics, &checked.sources, settings);
            if checked.has_errors() {
                return false;
            }
            let chosen = if arguments.all { Chosen::All } else { Chosen::Trainings };
            let profiles = on_large_stack(|| profile::file(&checked.program, &checked.sources, chosen, time));
            (checked.sources, profiles)
        }
    };
    let shown = result.and_then(|profiles| show(file, &profiles, &sources, arguments));
    match shown {
        Ok(text) => {
            say(&text);
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &sources, settings);
            false
        }
    }
}

/// The tables; the picture is written.
fn show(
    file: &Path,
    profiles: &[Profile],
    sources: &SourceMap,
    arguments: &Arguments,
) -> Result<String, Box<Diagnostic>> {
    let file = file.display().to_string();
    if profiles.is_empty() {
        return Err(Box::new(nothing_to_profile(&file)));
    }
    let places = Places::new(sources);
    let tables: Vec<String> = profiles.iter().map(|profile| table::table(profile, &places, arguments.limit)).collect();
    let mut text = tables.join("\n");
    if let Some(path) = &arguments.output {
        let picture = flame::svg(&file, &flames::frames(profiles, sources));
        fs::write(path, picture).map_err(|error| Box::new(cannot_write(&path.display().to_string(), &error)))?;
        text.push_str(&format!("\nwrote {}\n", path.display()));
    }
    Ok(text)
}
