//! Pages of one file each: style and script are inside, and nothing is loaded from elsewhere.
//!
//! The templates escape whatever they are given. Should one ever fail to, the policy in the head
//! lets no script run but ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, HtmlEscape, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

const TEMPLATES: [(&str, &str); 5] = [
    ("layout.html", include_str!("layout.html")),
    ("parts.html", include_str!("parts.html")),
    ("report.html", include_str!("report.html")),
    ("page.html", include_str!("page.html")),
    ("compare.html", include_str!("compare.html")),
];

/// Fills the template called `name`. `verdicts` are the words that the reader may choose from.
pub(crate) fn render<T: Serialize>(
    name: &str,
    verdicts: &[&'static str],
    view: &T,
) -> Result<String, Error> {
    let mut environment = Environment::new();
    // Lines of the templates that only steer leave no empty lines.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    environment.add_filter("prose", prose);
    environment.add_global("style", STYLE);
    environment.add_global("script", SCRIPT);
    environment.add_global("policy", policy());
    environment.add_global("verdicts", verdicts.to_vec());
    environment.get_template(name)?.render(Serde(view))
}

/// Escapes a text and sets what stands between backticks as code.
fn prose(text: &str) -> Value {
    let parts: Vec<_> = text.split('`').map(|part| HtmlEscape(part).to_string()).collect();
    let html = match parts.len() % 2 {
        0 => parts.join("`"),
        _ => parts
            .iter()
            .enumerate()
            .map(|(place, part)| match place % 2 {
                0 => part.clone(),
                _ => format!("<code>{part}</code>"),
            })
            .collect(),
    };
    Value::from_safe_string(html)
}

fn policy() -> String {
    let (style, script) = (digest(STYLE), digest(SCRIPT));
    format!("default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'")
}

fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
