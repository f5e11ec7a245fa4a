//! Pages as HTML: each a file of its own that needs no other.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::Page;

const STYLE: &str = "\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #8881; border-radius: 4px; }
code { padding: 0 0.2em; }
pre { padding: 0.7em 1em; overflow-x: auto; }
pre code { padding: 0; background: none; }
h3 { margin: 2rem 0 0.5rem; }
nav { columns: 12rem; }
nav a { display: block; }
:root { color-scheme: light dark; }";

/// A page as one HTML file.
pub fn html(page: &Page) -> String {
    let mut body = format!("<h1>{}</h1>\n", escaped(&page.title));
    body.push_str(&rendered(&page.introduction));
    body.push_str(&contents(page));
    for section in &page.sections {
        body.push_str(&format!("<h2>{}</h2>\n", escaped(section.title)));
        for entry in &section.entries {
            let name = escaped(&entry.name);
            let id = identifier(section.title, &entry.name);
            body.push_str(&format!("<h3 id=\"{id}\"><a href=\"#{id}\"><code>{name}</code></a></h3>\n"));
            if !entry.signature.is_empty() {
                body.push_str(&format!("<pre><code>{}</code></pre>\n", escaped(&entry.signature)));
            }
            body.push_str(&rendered(&entry.documentation));
        }
    }
    document(&page.title, &body)
}

/// The page that leads to the others.
pub fn index(title: &str, pages: &[Page]) -> String {
    let mut body = format!("<h1>{}</h1>\n<ul>\n", escaped(title));
    for page in pages {
        let name = escaped(&page.name);
        let first = page.introduction.split("\n\n").next().unwrap_or_default();
        let introduction = rendered(first.trim());
        body.push_str(&format!("<li><a href=\"{name}.html\">{name}</a>\n{introduction}</li>\n"));
    }
    body.push_str("</ul>\n");
    document(title, &body)
}

fn contents(page: &Page) -> String {
    let mut out = String::from("<nav>\n");
    for section in &page.sections {
        for entry in &section.entries {
            let id = identifier(section.title, &entry.name);
            out.push_str(&format!("<a href=\"#{id}\"><code>{}</code></a>\n", escaped(&entry.name)));
        }
    }
    out + "</nav>\n"
}

/// What a link names a definition by. Names of two kinds may be equal.
fn identifier(section: &str, name: &str) -> String {
    format!("{}.{}", section.to_lowercase().replace(' ', "-"), escaped(name))
}

fn document(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}\n</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

/// Markdown as HTML. Tags in it are shown as they are written, and only links to pages are links.
fn rendered(markdown: &str) -> String {
    let mut out = String::new();
    let mut plain_links = 0_usize;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Html(tags) | Event::InlineHtml(tags) => Some(Event::Text(tags)),
        Event::Start(Tag::Link { ref dest_url, .. }) if !is_page(dest_url) => {
            plain_links += 1;
            None
        }
        Event::End(TagEnd::Link) if plain_links > 0 => {
            plain_links -= 1;
            None
        }
        // A picture would be fetched from elsewhere; its description stays.
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        other => Some(other),
    });
    pulldown_cmark::html::push_html(&mut out, events);
    out
}

/// Whether a link leads to a page, not to a program in the address.
fn is_page(target: &CowStr<'_>) -> bool {
    match target.split_once(':') {
        None => true,
        Some((scheme, _)) if scheme.contains(['/', '#', '?']) => true,
        Some((scheme, _)) => matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https" | "mailto"),
    }
}
