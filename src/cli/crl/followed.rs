//! `vigie crl list|fetch|import|forget`: the lists the daemon follows.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::table::{Table, visible};
use super::super::{Session, client, print_json};

pub(super) fn list(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let mut answer = client::get(session, "/api/v1/crls?limit=1000")?;
    while let Some(cursor) = answer.get("next_cursor").and_then(Value::as_str).map(client::encode) {
        let mut more = client::get(session, &format!("/api/v1/crls?limit=1000&cursor={cursor}"))?;
        if let (Some(items), Some(further)) =
            (answer["items"].as_array_mut(), more.get_mut("items").and_then(Value::as_array_mut))
        {
            items.append(further);
        }
        answer["next_cursor"] = more["next_cursor"].take();
    }
    if session.common.json {
        return print_json(session, &answer);
    }
    let columns = ["issuer", "number", "entries", "next-update", "freshness", "trouble", "place"];
    let mut table = Table::new(columns.map(|column| session.texts.word(&format!("crl-column-{column}"))).to_vec());
    for item in answer.get("items").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
        let failure = item.get("failure").and_then(|failure| failure.get("reason")).and_then(Value::as_str);
        let freshness = text("freshness");
        table.row(vec![
            text("issuer"),
            text("number"),
            item.get("entries").and_then(Value::as_u64).map_or_else(|| "-".to_owned(), |entries| entries.to_string()),
            text("next_update"),
            session.texts.word(&format!("crl-is-{}", freshness.replace('_', "-"))),
            failure.unwrap_or("-").to_owned(),
            text("label"),
        ]);
    }
    table.write(session.out)?;
    Ok(Exit::Done)
}

/// 1 when a list was not had.
pub(super) fn fetch(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let report = client::post(session, "/api/v1/crls/fetch")?;
    told(&report, Exit::No, session)
}

/// 65 when a file was refused.
pub(super) fn import(file: &Path, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    // The daemon has a folder of its own to start from.
    let path = std::path::absolute(file).with_context(|| file.display().to_string())?;
    let path = path.to_str().with_context(|| format!("{}: not UTF-8", file.display()))?;
    let report = client::post_with(session, "/api/v1/crls/import", &json!({ "path": path }))?;
    told(&report, Exit::BadInput, session)
}

pub(super) fn forget(list: &str, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let report = client::post_with(session, "/api/v1/crls/forget", &json!({ "list": list }))?;
    if session.common.json {
        return print_json(session, &report);
    }
    let text = |key: &str| report.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
    let again = report.get("asked_again").and_then(Value::as_bool).unwrap_or(false);
    let label = text("label");
    let values = [
        ("list", visible(&label).to_string().into()),
        ("number", text("number").into()),
        ("again", if again { "yes" } else { "no" }.into()),
    ];
    writeln!(session.out, "{}", session.texts.say("crl-forgotten", &values))?;
    Ok(Exit::Done)
}

fn told(report: &Value, not_had: Exit, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let count = |key: &str| report.get(key).and_then(Value::as_i64).unwrap_or(0);
    let failed = report.get("failed").and_then(Value::as_array).cloned().unwrap_or_default();
    if session.common.json {
        print_json(session, report)?;
    } else {
        let counts = [
            ("taken", count("taken").into()),
            ("unchanged", count("unchanged").into()),
            ("failed", failed.len().into()),
        ];
        writeln!(session.out, "{}", session.texts.say("crl-fetched", &counts))?;
        for line in &failed {
            let part = |index: usize| line.get(index).and_then(Value::as_str).unwrap_or_default();
            writeln!(session.err, "{}: {} ({})", visible(part(0)), visible(part(2)), visible(part(1)))?;
        }
    }
    Ok(if failed.is_empty() { Exit::Done } else { not_had })
}
