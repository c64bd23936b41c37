//! `vigie show ID`: one certificate, what is said of it, where it is and was.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::list::{product, words};
use super::table::visible;
use super::{Session, print_json};

/// Which certificate.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Identifiant déclaré, ou début de l'empreinte SHA-256
    id: String,
}

pub(super) fn run(args: &ShowArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let item = client::certificate(session, &args.id)?;
    if session.common.json {
        return print_json(session, &item);
    }
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let validity = session.texts.word(&format!("validity-{}", text("validity")));
    let days = item.get("days_left").and_then(Value::as_i64).map(|days| days.to_string()).unwrap_or_default();
    let lines = [
        ("validity", validity),
        ("structure", text("structure")),
        ("product", product(&item)),
        ("impacts", words(item.get("impacts"))),
        ("administrators", words(item.get("administrators"))),
        ("subject", text("subject")),
        ("issuer", text("issuer")),
        ("serial-number", text("serial_number")),
        ("not-before", text("not_before")),
        ("not-after", text("not_after")),
        ("private-key-usage", text("private_key_usage_not_after")),
        ("days-left", days),
        ("key", text("key")),
        ("signature-algorithm", text("signature_algorithm")),
        ("san", words(item.get("san"))),
        ("sha256", text("sha256")),
        ("spki-sha256", text("spki_sha256")),
        ("path", text("path")),
        ("endpoints", words(item.get("endpoints"))),
        ("first-seen", text("first_seen")),
    ];
    writeln!(session.out, "{}", visible(&text("id")))?;
    let label = |key: &str| session.texts.word(&format!("fact-{key}"));
    let width = lines.iter().map(|(key, _)| label(key).chars().count()).max().unwrap_or(0);
    for (key, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let label = label(key);
        let space = " ".repeat(width - label.chars().count());
        writeln!(session.out, "  {label}{space}  {}", visible(value))?;
    }
    let list = |key: &str| item.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for judged in list("judged") {
        let text = |key: &str| judged.get(key).and_then(Value::as_str).unwrap_or_default();
        let severity = session.texts.word(&format!("severity-{}", text("severity")));
        writeln!(session.out, "\n[{severity}] {}\n  {}", visible(text("title")), visible(text("text")))?;
        writeln!(session.out, "  {}", text("reference"))?;
    }
    let history = list("history");
    if !history.is_empty() {
        writeln!(session.out, "\n{}", session.texts.word("locations"))?;
        for place in history {
            let text = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
            let until = match text("last_seen") {
                "" => session.texts.word("still-there"),
                until => until.to_owned(),
            };
            writeln!(session.out, "  {}  {} → {until}", visible(text("location")), text("first_seen"))?;
        }
    }
    Ok(Exit::Done)
}
