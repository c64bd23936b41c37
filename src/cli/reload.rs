//! `vigie reload`: a new declaration, or every reason why not.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::{Session, print_json};

pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let report = client::post(session, &format!("/api/v1/reload?lang={}", session.lang))?;
    if session.common.json {
        return print_json(session, &report);
    }
    let list = |key: &str| report.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for warning in list("warnings").iter().filter_map(Value::as_str) {
        writeln!(session.err, "{warning}")?;
    }
    let changes = list("changes");
    if changes.is_empty() {
        writeln!(session.out, "{}", session.texts.word("reload-no-change"))?;
    }
    for change in changes.iter().filter_map(Value::as_str) {
        writeln!(session.out, "{change}")?;
    }
    Ok(Exit::Done)
}
