//! `vigie diff`: declared against found, in three lists. 0 when they agree, 1 when they do not.

use serde_json::{Value, json};

use super::client;
use super::exit::Exit;
use super::table::visible;
use super::{Session, print_json};

/// The rules that mean "what was found is not what was declared".
const DIFFERENT: [&str; 6] =
    ["different", "usage_mismatch", "structure_mismatch", "environment_mismatch", "key_mismatch", "served_differs"];

pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let status = client::get(session, "/api/v1/status")?;
    let scanned = status.get("last_scan").is_some_and(|scan| !scan.is_null());
    let findings: Vec<Value> = client::every(session, &format!("/api/v1/findings?lang={}", session.lang))?;
    let of = |codes: &[&str]| -> Vec<&Value> {
        findings
            .iter()
            .filter(|item| item.get("code").and_then(Value::as_str).is_some_and(|code| codes.contains(&code)))
            .collect()
    };
    let lists = [("missing", of(&["missing"])), ("undeclared", of(&["undeclared"])), ("different", of(&DIFFERENT))];
    let exit = match (scanned, lists.iter().all(|(_, list)| list.is_empty())) {
        (false, _) => Exit::Unknown,
        (true, true) => Exit::Done,
        (true, false) => Exit::No,
    };
    if session.common.json {
        let [(_, missing), (_, undeclared), (_, different)] = &lists;
        print_json(session, &json!({ "missing": missing, "undeclared": undeclared, "different": different }))?;
        return Ok(exit);
    }
    for (name, list) in &lists {
        writeln!(session.out, "{} ({})", session.texts.word(&format!("diff-{name}")), list.len())?;
        for item in list {
            let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
            let subject = text("subject");
            let subject = subject.strip_prefix("certificate:").unwrap_or(subject);
            writeln!(session.out, "  {}: {}", visible(subject), visible(text("text")))?;
        }
    }
    Ok(exit)
}
