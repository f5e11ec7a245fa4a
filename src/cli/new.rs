//! `ndc new NAME`: a folder with a program that runs, its data, and how to use it.

use super::Messages;
use super::output::{report, say};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use crate::diagnostics::catalog::projects::{bad_name, not_empty};
use crate::source::SourceMap;
use clap::{Args, ValueEnum};
use std::fs;
use std::path::{Path, PathBuf};

/// What `ndc new` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The project: a folder of this name is made, and in it a program of the same name
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// What the program does
    #[arg(long, value_enum, default_value_t = Template::Classification, value_name = "TEMPLATE")]
    template: Template,
    #[command(flatten)]
    messages: Messages,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Template {
    /// Tell species of iris apart by their measures
    Classification,
    /// Fit the stopping distance of cars by their speed
    Regression,
    /// Learn the constants of a differential equation from measurements
    Ode,
}

/// The texts of a project, in which `{name}` stands for its name.
struct Texts {
    program: &'static str,
    data: (&'static str, &'static str),
    /// Where the data comes from.
    origin: &'static str,
}

impl Template {
    fn texts(self) -> Texts {
        match self {
            Template::Classification => Texts {
                program: include_str!("templates/classification.nd"),
                data: ("iris.csv", include_str!("../../examples/data/iris.csv")),
                origin: "150 irises measured by E. Anderson; R. A. Fisher, 1936. Species 0 setosa, 1 versicolor, 2 virginica.",
            },
            Template::Regression => Texts {
                program: include_str!("templates/regression.nd"),
                data: ("cars.csv", include_str!("../../examples/data/cars.csv")),
                origin: "50 stopping tests of cars in the 1920s: speed in miles per hour, distance in feet; M. Ezekiel, 1930.",
            },
            Template::Ode => Texts {
                program: include_str!("templates/ode.nd"),
                data: ("bod.csv", include_str!("templates/bod.csv")),
                origin: "Biochemical oxygen demand (mg per litre) by time (days); D. Marske, 1967.",
            },
        }
    }
}

const README: &str = include_str!("templates/README.md");
const IGNORED: &str = "*.safetensors\n/runs/\n/report.html\n";

/// Makes a project; whether that went well.
pub(super) fn new(arguments: &Arguments) -> bool {
    match make(&arguments.name, arguments.template) {
        Ok(name) => {
            let folder = arguments.name.display();
            say(&format!("made {folder}\nrun it: ndc run {folder}{}{name}.nd\n", std::path::MAIN_SEPARATOR));
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &SourceMap::default(), &arguments.messages);
            false
        }
    }
}

/// Makes the folder and its files; returns the project's name.
fn make(folder: &Path, template: Template) -> Result<String, Box<Diagnostic>> {
    let name = folder.file_name().and_then(|name| name.to_str()).filter(|name| is_good(name));
    let Some(name) = name else { return Err(Box::new(bad_name(&folder.display().to_string()))) };
    let shown = folder.display().to_string();
    if folder.is_file() || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Box::new(not_empty(&shown, folder.is_file())));
    }
    let Texts { program, data: (data_name, data), origin } = template.texts();
    let filled = |text: &str| text.replace("{title}", name).replace("{name}", name).replace("{origin}", origin);
    let files = [
        (format!("{name}.nd"), filled(program)),
        (format!("data/{data_name}"), data.to_string()),
        ("README.md".to_string(), filled(README).replace("{data}", data_name)),
        (".gitignore".to_string(), IGNORED.to_string()),
    ];
    let failed = |path: &Path| {
        let shown = path.display().to_string();
        move |error| Box::new(cannot_write(&shown, &error))
    };
    fs::create_dir_all(folder.join("data")).map_err(failed(folder))?;
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(name.to_string())
}

/// Whether a name is good for a folder and a file everywhere.
fn is_good(name: &str) -> bool {
    let is_usual = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    name.len() <= 64 && name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(is_usual)
}
