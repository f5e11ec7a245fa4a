//! Where the peers are: the shared scripts and our own, copied to `target/peers`.

use crate::Options;
use crate::rows::Row;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Places of the shared peers, beside the repository.
const PLACES: [&str; 5] = ["../peers", "../../peers", "../shared/peers", "../../shared/peers", "peers"];

/// The folder that the peers run in.
pub struct Folder {
    root: PathBuf,
    python: PathBuf,
    /// Whether there are any peers.
    pub has_peers: bool,
}

/// The folder of this crate.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Folder {
    /// Copies the scripts.
    pub fn new(options: &Options) -> Self {
        let root = repository().join("target/peers");
        let named = options.peers.clone().or_else(|| std::env::var_os("NDC_PEERS").map(PathBuf::from));
        let shared = named.or_else(|| {
            let mut places: Vec<PathBuf> = PLACES.iter().map(|place| repository().join(place)).collect();
            places.retain(|place| place.join("bench/harness.py").is_file());
            // A folder in which the peers are installed comes first.
            places.sort_by_key(|place| !place.join("venv/bin/python").is_file());
            places.into_iter().next()
        });
        let installed = shared.as_ref().map(|shared| shared.join("venv/bin/python")).filter(|python| python.is_file());
        let python = options.python.clone().or(installed).unwrap_or_else(|| PathBuf::from("python3"));
        let has_peers = shared.is_some() && !options.alone;
        let folder = Folder { root, python, has_peers };
        std::fs::create_dir_all(folder.root.join("tmp")).expect("`target/peers` can be written");
        match &shared {
            Some(shared) => folder.copy(shared).expect("the peers can be copied to `target/peers`"),
            None => println!("no folder of peers: `--peers` or NDC_PEERS names one, such as `../shared/peers`"),
        }
        folder
    }

    fn copy(&self, shared: &Path) -> std::io::Result<()> {
        let own = repository().join("benches/peers");
        copy_files(&shared.join("bench"), &self.root.join("bench"))?;
        copy_files(&shared.join("cpp"), &self.root.join("cpp"))?;
        copy_files(&own.join("python"), &self.root.join("bench"))?;
        copy_files(&own.join("cpp"), &self.root.join("cpp"))?;
        self.iris()
    }

    /// The flowers of `examples/data`, for the C++ program, and as the harness keeps them.
    fn iris(&self) -> std::io::Result<()> {
        let (csv, tmp) = (repository().join("examples/data/iris.csv"), self.root.join("tmp"));
        std::fs::copy(csv, tmp.join("iris.csv"))?;
        let convert = "import numpy as n, sys; n.save(sys.argv[2], n.loadtxt(sys.argv[1], delimiter=',', skiprows=1))";
        let mut command = Command::new(&self.python);
        command.args(["-c", convert]).arg(tmp.join("iris.csv")).arg(tmp.join("iris.npy")).stderr(Stdio::null());
        // Without Python or numpy there is no peer that reads it.
        command.status().map(drop).or(Ok(()))
    }

    /// A script with arguments.
    pub fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.current_dir(self.root.join("bench")).arg(format!("{name}.py")).args(arguments);
        command
    }

    /// Where a process writes what it has to say beside its messages.
    pub fn log(&self, name: &str) -> PathBuf {
        self.root.join("tmp").join(format!("{name}.log"))
    }

    /// The file of the values that a row begins with, written by a peer's script.
    pub fn values(&self, row: &Row) -> Option<PathBuf> {
        let file = self.root.join("tmp").join(format!("{}_{}.values", row.workload, row.variant));
        if !self.has_peers {
            return file.is_file().then_some(file);
        }
        let mut command = self.script("values", &[row.workload, row.variant, file.to_str()?]);
        command.status().is_ok_and(|status| status.success()).then_some(file)
    }
}

/// Copies the files of a folder that differ from what is there, so that what is built from the others stays.
fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        let text = std::fs::read(&path)?;
        let target = to.join(name);
        if std::fs::read(&target).ok().as_ref() != Some(&text) {
            let _ = std::fs::remove_file(&target);
            std::fs::write(&target, text)?;
        }
    }
    Ok(())
}
