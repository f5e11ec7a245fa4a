//! Pages as Markdown.

use super::Page;

/// A page as Markdown.
pub fn markdown(page: &Page) -> String {
    let mut out = format!("# {}\n", page.title);
    paragraph(&mut out, &page.introduction);
    for section in &page.sections {
        out.push_str(&format!("\n## {}\n", section.title));
        for entry in &section.entries {
            out.push_str(&format!("\n### `{}`\n", entry.name));
            if !entry.signature.is_empty() {
                out.push_str(&format!("\n```nd\n{}\n```\n", entry.signature));
            }
            paragraph(&mut out, &entry.documentation);
        }
    }
    out
}

fn paragraph(out: &mut String, text: &str) {
    let text = text.trim_end();
    if !text.is_empty() {
        out.push_str(&format!("\n{text}\n"));
    }
}
