//! Turns `grammar/nd.lalrpop` into the parser, and builds the static runtime for C, both in `OUT_DIR`: generated code is never
//! part of the sources.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "compiler")]
    parser();
    #[cfg(feature = "c-runtime")]
    runtime::build();
}

#[cfg(feature = "compiler")]
fn parser() {
    let Ok(out) = std::env::var("OUT_DIR") else { return };
    let generated =
        lalrpop::Configuration::new().set_in_dir("grammar").set_out_dir(out).emit_rerun_directives(true).process();
    if let Err(error) = generated {
        println!("cargo::error=grammar/nd.lalrpop: {error}");
        std::process::exit(1);
    }
}

/// This crate without its compiler, as a static library, compressed: `ndc build` writes it beside object files.
#[cfg(feature = "c-runtime")]
mod runtime {
    use std::env;
    use std::fs::{self, File};
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// What the runtime is made of.
    const SOURCES: &[&str] =
        &["src/runtime", "src/native", "src/ops", "src/ir", "src/source", "src/lib.rs", "Cargo.toml", "Cargo.lock"];

    pub fn build() {
        SOURCES
            .iter()
            .filter(|path| Path::new(path).exists())
            .for_each(|path| println!("cargo::rerun-if-changed={path}"));
        let Some(folder) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
        let packed = folder.join("libndc_runtime.a.gz");
        // The crates are there where this one is built, mostly; a registry is asked only when they are not.
        let built = make(&folder, true).or_else(|_| make(&folder, false));
        let result = built.and_then(|library| pack(&library, &packed).map_err(|error| error.to_string()));
        if let Err(problem) = result {
            println!("cargo::warning=ndc is built without the runtime for C: {}", problem.trim().replace('\n', "; "));
            if let Err(error) = fs::write(&packed, []) {
                println!("cargo::error=cannot write {}: {error}", packed.display());
            }
        }
    }

    fn make(folder: &Path, offline: bool) -> Result<PathBuf, String> {
        let target = folder.join("runtime");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["rustc", "--lib", "--no-default-features", "--release", "--crate-type", "staticlib"]);
        cargo.args(["--config", "profile.release.lto=\"off\"", "--config", "profile.release.debug=false"]);
        cargo.args(["--config", "profile.release.strip=\"debuginfo\"", "--config", "profile.release.panic=\"unwind\""]);
        if env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
            // For development: it is built in a third of the time.
            cargo.args(["--config", "profile.release.opt-level=1"]);
        }
        if offline {
            cargo.arg("--offline");
        }
        cargo.arg("--target-dir").arg(&target);
        // Not the wrappers of `cargo clippy`, nor the folder and the machine of the build that this is a part of.
        for variable in
            ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL"]
        {
            cargo.env_remove(variable);
        }
        let output = cargo.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let mut last: Vec<&str> = text.lines().rev().take(3).collect();
            last.reverse();
            return Err(last.join("\n"));
        }
        let name = if cfg!(windows) { "ndc.lib" } else { "libndc.a" };
        Ok(target.join("release").join(name))
    }

    fn pack(library: &Path, packed: &Path) -> io::Result<()> {
        let mut encoder = flate2::write::GzEncoder::new(File::create(packed)?, flate2::Compression::new(6));
        io::copy(&mut File::open(library)?, &mut encoder)?;
        encoder.finish()?.flush()
    }
}
