//! `ndc build FILE`.

use super::output::{explain, report, say};
use super::{Precision, Settings};
use crate::build::{Module, Processor, runtime_library};
use crate::checkpoint::write_whole;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{building as errors, files};
use crate::embed::{self, Error, FunctionBuilder, Options, Program};
use crate::subject::parse_size;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to build.
#[derive(Args)]
pub(super) struct Arguments {
    /// The .nd file
    file: PathBuf,
    /// A function, model or loss; several by several options. Without it, every function whose types are complete
    #[arg(long, value_name = "NAME")]
    of: Vec<String>,
    /// A size of arguments, for all functions that mention it: n=100
    #[arg(long, value_name = "NAME=N", value_parser = parse_size, value_delimiter = ',')]
    size: Vec<(String, i64)>,
    /// The shape of an argument: x=100x3
    #[arg(long, value_name = "NAME=SIZES", value_parser = parse_shape, requires = "of")]
    shape: Vec<(String, Vec<usize>)>,
    /// What to compute of each function [default: value, and value-and-gradient where it is one real number]
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',', requires = "of")]
    compute: Vec<What>,
    /// Differentiate by these arguments and parameters; without it, by all real arguments
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "of")]
    wrt: Vec<String>,
    /// The file with the parameters, as `save` writes it; without it they have their initial values
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// The name of the files, and what names of C functions begin with [default: that of the program]
    #[arg(long)]
    name: Option<String>,
    /// The folder for the files
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// What processors the code is for
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Kind::Baseline)]
    processor: Kind,
    /// Write a shared library too; needs a C compiler
    #[arg(long)]
    shared: bool,
    /// Write a shared library and a Python file for it, with numpy arrays
    #[arg(long)]
    python: bool,
    /// Simplify further, with results that round differently and hold where everything is finite
    #[arg(long)]
    fast_math: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Value,
    Gradient,
    ValueAndGradient,
    /// Jacobian times direction
    Jvp,
    /// Covector times Jacobian
    Vjp,
    Jacobian,
    Hessian,
    /// Matrix of second derivatives times direction
    HessianProduct,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Any that ndc runs on: of x86-64 those with SSE 4.2
    Baseline,
    /// x86-64 with AVX2 and FMA
    Avx2,
}

fn parse_shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let expected = || format!("expected an argument with its shape, such as `x=100x3`, not `{text}`");
    let (name, sizes) = text.split_once('=').ok_or_else(expected)?;
    let sizes: Option<Vec<usize>> = sizes.split(['x', ',']).map(|size| size.trim().parse().ok()).collect();
    match sizes {
        Some(sizes) if !name.trim().is_empty() => Ok((name.trim().to_string(), sizes)),
        _ => Err(expected()),
    }
}

/// Builds; whether that went well.
pub(super) fn build(arguments: &Arguments) -> bool {
    match built(arguments) {
        Ok(text) => {
            say(&text);
            true
        }
        Err(error) => {
            let all = error.diagnostics();
            report(all.list(), all.sources(), &arguments.settings);
            false
        }
    }
}

fn built(arguments: &Arguments) -> Result<String, Error> {
    let mut program = options(arguments).open(&arguments.file)?;
    if let Some(params) = &arguments.params {
        program.load(params)?;
    }
    let stem = arguments.file.file_stem().unwrap_or_default().to_string_lossy();
    let mut module = Module::new(arguments.name.as_deref().unwrap_or(&stem), &program)?;
    module.processor(match arguments.processor {
        Kind::Baseline => Processor::Baseline,
        Kind::Avx2 => Processor::Avx2,
    });
    explain(&program.warnings());
    choose(arguments, &program, &mut module)?;
    let mut text: String = module.signatures().map(|signature| format!("{signature}\n")).collect();
    for path in write(arguments, &module)? {
        text.push_str(&format!("wrote {}\n", path.display()));
    }
    Ok(text)
}

fn options(arguments: &Arguments) -> Options {
    let settings = &arguments.settings;
    let mut options = Options::new().seed(settings.seed).fast_math(arguments.fast_math);
    if let Some(precision) = settings.precision {
        options = options.precision(match precision {
            Precision::F32 => embed::Precision::F32,
            Precision::F64 => embed::Precision::F64,
        });
    }
    match settings.loop_memory {
        Some(bytes) => options.loop_memory(bytes),
        None => options,
    }
}

fn choose(arguments: &Arguments, program: &Program, module: &mut Module) -> Result<(), Error> {
    let sizes: Vec<(String, usize)> =
        arguments.size.iter().map(|(name, size)| (name.clone(), *size as usize)).collect();
    if arguments.of.is_empty() {
        let others = module.all_functions(&sizes)?;
        if !others.is_empty() {
            let (others, first) = (others.join(", "), &others[0]);
            explain(&format!(
                "not built: {others}; sizes or arguments are open, or are not what the function needs (`--of {first}` says why)\n"
            ));
        }
        return Ok(());
    }
    for of in &arguments.of {
        let asked = || asked(arguments, program, of, &sizes);
        if arguments.compute.is_empty() {
            module.with_usual_results(asked)?;
        }
        for what in &arguments.compute {
            module.function(wanting(*what, asked()))?;
        }
    }
    Ok(())
}

fn asked<'p>(arguments: &Arguments, program: &'p Program, of: &str, sizes: &[(String, usize)]) -> FunctionBuilder<'p> {
    let mut asked = program.function(of);
    for (name, size) in sizes {
        asked = asked.size(name, *size);
    }
    for (name, shape) in &arguments.shape {
        asked = asked.shape(name, shape);
    }
    if arguments.wrt.is_empty() { asked } else { asked.with_respect_to(&arguments.wrt) }
}

fn wanting(what: What, asked: FunctionBuilder<'_>) -> FunctionBuilder<'_> {
    match what {
        What::Value => asked.value(),
        What::Gradient => asked.gradient(),
        What::ValueAndGradient => asked.value_and_gradient(),
        What::Jvp => asked.jvp(),
        What::Vjp => asked.vjp(),
        What::Jacobian => asked.jacobian(),
        What::Hessian => asked.hessian(),
        What::HessianProduct => asked.hessian_product(),
    }
}

/// Writes all files; which.
fn write(arguments: &Arguments, module: &Module) -> Result<Vec<PathBuf>, Error> {
    let here = arguments.output == Path::new(".");
    let folder = if here { Path::new("") } else { arguments.output.as_path() };
    let name = module.name();
    let mut written = Vec::new();
    let mut save = |file: String, bytes: &[u8]| {
        let path = folder.join(file);
        let failed = |error| Error::bare(files::cannot_write(&path.display().to_string(), &error));
        write_whole(&path, bytes).map_err(failed)?;
        written.push(path.clone());
        Ok::<PathBuf, Error>(path)
    };
    let object = save(format!("{name}.o"), &module.object()?)?;
    save(format!("{name}.h"), module.header().as_bytes())?;
    save(format!("{name}.rs"), module.rust().as_bytes())?;
    let runtime = save("libndc_runtime.a".to_string(), &runtime_library()?)?;
    if arguments.shared || arguments.python {
        let library = folder.join(format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
        link(&object, &runtime, &library).map_err(|error| Error::bare(*error))?;
        if arguments.python {
            save(format!("{name}.py"), module.python().as_bytes())?;
        }
        written.push(library);
    }
    Ok(written)
}

/// Links a shared library that shows the functions of the object file alone.
fn link(object: &Path, runtime: &Path, library: &Path) -> Result<(), Box<Diagnostic>> {
    let compiler = std::env::var("CC").ok().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "cc".to_string());
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words).arg("-shared").arg("-o").arg(library).arg(object).arg(runtime);
    if cfg!(target_os = "linux") {
        command.args(["-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-lpthread", "-ldl", "-lm", "-lgcc_s", "-lc"]);
    }
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Box::new(errors::not_linked(&compiler, &String::from_utf8_lossy(&output.stderr)))),
        Err(error) => Err(Box::new(errors::not_linked(&compiler, &error.to_string()))),
    }
}
