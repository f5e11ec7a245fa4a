//! The C header of an object file.

use super::Module;
use super::export::Export;
use super::identifiers::{Language, distinct};
use crate::embed::type_text;
use crate::ir::ElementType;
use crate::native::Port;
use std::fmt::Write;

/// Names of types in the header, and of what may be a macro where it is included.
const TAKEN: &[&str] = &[
    "int32_t", "int64_t", "I", "EOF", "INFINITY", "NAN", "NULL", "assert", "errno", "linux", "stderr", "stdin",
    "stdout", "unix",
];

/// The header of a module; for C from C99 on, and for C++.
pub fn header(module: &Module) -> String {
    let (name, prefix) = (&module.name, &module.prefix);
    let guard = format!("ND_{}_H", name.to_uppercase());
    let mut text = format!(
        "/* Written by ndc {version}; compiled from {source}. Changes will be lost.\n\
         \x20*\n\
         \x20* Link {name}.o, libndc_runtime.a and the system's -lpthread -ldl -lm.\n\
         \x20*\n\
         \x20* Tensors lie row by row in memory of the caller, who owns all of it. Inputs are only read; outputs must not\n\
         \x20* overlap each other or an input. Any number of threads may call at once. No function keeps a pointer.\n\
         \x20*\n\
         \x20* Every function returns\n\
         \x20*   0  when all went well;\n\
         \x20*   1  when the computation failed: an index outside its axis, an integer that is too large, too little memory;\n\
         \x20*   2  when an argument is a null pointer, is not aligned, or is a truth value other than 0 and 1;\n\
         \x20*   3  when the code cannot run here: another kind of processor, another version of the runtime;\n\
         \x20*   4  when ndc is at fault.\n\
         \x20* After anything but 0 the outputs are undefined, and {prefix}error_message() says what went wrong. */\n\
         #ifndef {guard}\n#define {guard}\n\n#include <stdbool.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /* What went wrong in the last call of this thread that failed; good until the next that does. */\n\
         const char *{prefix}error_message(void);\n",
        version = crate::native::built::VERSION,
        source = module.program.name(),
    );
    for export in &module.exports {
        function(prefix, export, &mut text);
    }
    let _ = write!(text, "\n#ifdef __cplusplus\n}}\n#endif\n\n#endif /* {guard} */\n");
    text
}

fn function(prefix: &str, export: &Export, text: &mut String) {
    text.push_str("\n/*");
    for line in &export.documentation {
        let _ = write!(text, " {}\n *", inside_comment(line));
    }
    let _ = writeln!(text, " {} */", inside_comment(&export.signature));
    let ports = || export.inputs().iter().chain(export.outputs());
    let names = distinct(ports().map(|port| port.name.as_str()), Language::C, TAKEN);
    let inputs = export.inputs().len();
    let mut parameters = Vec::new();
    for (place, (port, name)) in ports().zip(&names).enumerate() {
        parameters.push(parameter(port, name, place < inputs));
    }
    let list = if parameters.is_empty() { "void".to_string() } else { parameters.join(", ") };
    let _ = writeln!(text, "int32_t {prefix}{}({list});", export.name);
}

/// Text without what begins or ends a comment.
fn inside_comment(text: &str) -> String {
    text.replace("*/", "* /").replace("/*", "/ *")
}

/// `const double x[300] /* f64[100, 3] */`
fn parameter(port: &Port, name: &str, is_input: bool) -> String {
    let element = element(port.ty.element);
    match (port.ty.shape.rank(), is_input) {
        (0, true) => format!("{element} {name}"),
        (0, false) => format!("{element} *{name}"),
        (rank, _) => {
            let constant = if is_input { "const " } else { "" };
            let shape = if rank > 1 { format!(" /* {} */", type_text(&port.ty)) } else { String::new() };
            // An array of no elements is not C.
            match port.ty.shape.count() {
                0 => format!("{constant}{element} *{name}{shape}"),
                count => format!("{constant}{element} {name}[{count}]{shape}"),
            }
        }
    }
}

fn element(element: ElementType) -> &'static str {
    match element {
        ElementType::F32 => "float",
        ElementType::F64 => "double",
        ElementType::I64 => "int64_t",
        ElementType::Bool => "bool",
    }
}
