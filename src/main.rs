//! The `ndc` command.

fn main() -> std::process::ExitCode {
    ndc::cli::main()
}
