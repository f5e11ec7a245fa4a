//! Turns `grammar/nd.lalrpop` into the parser, in `OUT_DIR`: generated code is never part of the sources.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "compiler")]
    parser();
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
