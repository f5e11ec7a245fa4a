//! `--plot` and `--plots` of `ndc run`: charts on the terminal and in files.

use super::output::{explain, say};
use super::write::{could_write, could_write_into, write_whole};
use crate::chart::{Chart, Place, svg, text};
use crate::check::plots::{Figure, Plot};
use crate::check::program::Action;
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::would_replace;
use crate::driver::Checked;
use crate::page::curves::{curves, learning_rates};
use crate::report::counted;
use crate::session::{EpochRecord, LearningRates, Observer, TrainingEnd, TrainingStart};
use clap::Args;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The width of charts where nobody sees them at once.
const IN_A_PIPE: usize = 80;

/// Where charts go.
#[derive(Args, Clone, Debug)]
pub(super) struct Reporting {
    /// Draw the curves of each training and every `plot` of the file as text
    #[arg(long)]
    plot: bool,
    /// Write the curves of each training and every `plot` of the file as SVG files into this folder
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Write an HTML page about the run: curves, parameters, predictions, plots, the model and the source
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}

impl Reporting {
    /// Before anything is computed: whether the page and the charts could be written, and would replace no file that the
    /// program reads.
    ///
    /// # Errors
    /// What speaks against it.
    pub(super) fn could_be_written(
        &self,
        file: &Path,
        checked: &Checked,
        loader: &FileLoader,
    ) -> Result<(), Box<Diagnostic>> {
        if let Some(folder) = &self.plots {
            could_write_into(folder)?;
        }
        let read = checked.sources.iter().filter_map(|(_, source)| source.path.clone()).chain(loader.paths());
        let read: Vec<PathBuf> = read.filter_map(|path| path.canonicalize().ok()).collect();
        let plots = checked.program.actions.iter().filter_map(|action| match action {
            Action::Plot(plot) => Some(folder_of(file).join(plot.to.as_ref()?)),
            _ => None,
        });
        for path in plots.chain(self.report.clone()) {
            if path.canonicalize().is_ok_and(|same| read.contains(&same)) {
                return Err(Box::new(would_replace(&path.display().to_string())));
            }
            could_write(&path)?;
        }
        Ok(())
    }
}

/// The folder of a program, from which `to` counts.
fn folder_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// Shows and writes charts as they come.
pub(super) struct Charts<'a> {
    reporting: &'a Reporting,
    /// See [`folder_of`].
    folder: PathBuf,
    records: Vec<EpochRecord>,
    name: Option<String>,
    written: usize,
    unseen: usize,
    failed: Option<Diagnostic>,
}

impl<'a> Charts<'a> {
    pub(super) fn new(reporting: &'a Reporting, file: &Path) -> Self {
        Charts {
            reporting,
            folder: folder_of(file),
            records: Vec::new(),
            name: None,
            written: 0,
            unseen: 0,
            failed: None,
        }
    }

    fn show(&mut self, chart: &Chart, name: &str) {
        if self.reporting.plot {
            let (width, colors) = terminal();
            say(&format!("\n{}", text(chart, width, colors)));
        }
        if let Some(folder) = &self.reporting.plots {
            self.written += 1;
            let path = folder.join(format!("{:02}-{}.svg", self.written, file_name(name)));
            self.write(&path, chart);
        }
    }

    fn write(&mut self, path: &Path, chart: &Chart) {
        if let Err(failed) = write_whole(path, svg(chart, Place::File).as_bytes()) {
            self.failed.get_or_insert(*failed);
        }
    }

    /// Says what was not shown, and what could not be written.
    pub(super) fn finish(self) -> Option<Diagnostic> {
        if self.unseen > 0 && self.reporting.report.is_none() {
            let (were, them) = if self.unseen == 1 { ("was", "it") } else { ("were", "them") };
            let plots = counted(self.unseen as u64, "plot");
            explain(&format!(
                "{plots} {were} not drawn: --plot shows {them} here, --plots DIR and --report FILE write {them}\n"
            ));
        }
        self.failed
    }
}

impl Observer for Charts<'_> {
    fn wants_plot(&mut self, plot: &Plot) -> bool {
        let wanted = self.reporting.plot || self.reporting.plots.is_some() || plot.to.is_some();
        self.unseen += usize::from(!wanted);
        wanted
    }

    fn plotted(&mut self, plot: &Plot, chart: &Chart) {
        let name = if plot.look.title.is_empty() { kind(&plot.figure) } else { &plot.look.title };
        self.show(chart, name);
        if let Some(path) = &plot.to {
            self.write(&self.folder.join(path), chart);
        }
    }

    fn training_started(&mut self, start: &TrainingStart) {
        self.records.clear();
        self.name = start.name.clone();
    }

    fn epoch_ended(&mut self, record: &EpochRecord) {
        self.records.push(record.clone());
    }

    fn learning_rates_tried(&mut self, found: &LearningRates) {
        let chart = learning_rates(found);
        self.show(&chart, &chart.title);
    }

    fn training_ended(&mut self, _: &TrainingEnd) {
        if !self.reporting.plot && self.reporting.plots.is_none() {
            return;
        }
        let name = self.name.as_ref().map_or("train".to_string(), |name| format!("train {name}"));
        for chart in curves(&self.records) {
            self.show(&chart, &format!("{name} {}", chart.title));
        }
    }
}

fn kind(figure: &Figure) -> &'static str {
    match figure {
        Figure::Lines { .. } => "line",
        Figure::Scatter(_) => "scatter",
        Figure::Histogram { .. } => "hist",
        Figure::Heatmap(_) => "heatmap",
        Figure::Regions { .. } => "regions",
    }
}

/// Letters that every file system takes.
fn file_name(title: &str) -> String {
    let letters = title.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' });
    let name: String = letters.take(40).collect::<String>().to_lowercase();
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// The letters of a line on standard output, and whether they may have colours.
fn terminal() -> (usize, bool) {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return (IN_A_PIPE, false);
    }
    let width = rustix::termios::tcgetwinsize(&out).map_or(IN_A_PIPE, |size| usize::from(size.ws_col));
    (if width == 0 { IN_A_PIPE } else { width.saturating_sub(1) }, std::env::var_os("NO_COLOR").is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_file_names() {
        assert_eq!(file_name("Loss / epoch: ../../etc"), "loss-epoch-etc");
        assert_eq!(file_name("train café"), "train-café");
    }
}
