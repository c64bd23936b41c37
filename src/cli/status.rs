//! `vigie status [ID]`: is everything fine? 0 yes, 1 no, 2 cannot tell.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::table::visible;
use super::{Session, print_json};

/// Of what.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Un certificat ; sans lui, le service entier
    id: Option<String>,
}

pub(super) fn run(args: &StatusArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    match &args.id {
        Some(id) => of_certificate(id, session),
        None => of_service(session),
    }
}

fn of_service(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let status = client::get(session, "/api/v1/status")?;
    let worst = status.get("worst").and_then(Value::as_str).unwrap_or("unknown").to_owned();
    let exit = match worst.as_str() {
        "ok" => Exit::Done,
        "warning" | "critical" => Exit::No,
        _ => Exit::Unknown,
    };
    if session.common.json {
        print_json(session, &status)?;
        return Ok(exit);
    }
    writeln!(session.out, "{}", session.texts.word(&format!("headline-{worst}")))?;
    let counts = status.get("counts").cloned().unwrap_or_default();
    for key in ["declared", "found", "missing", "undeclared", "expiring", "expired"] {
        let count = counts.get(key).and_then(Value::as_i64).unwrap_or(0);
        writeln!(
            session.out,
            "  {count:>6}  {}",
            session.texts.say(&format!("count-{key}"), &[("count", count.into())])
        )?;
    }
    let text = |path: &str| status.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
    match text("/last_scan/finished_at").as_str() {
        "" => writeln!(session.out, "{}", session.texts.word("never-scanned"))?,
        at => writeln!(session.out, "{} {at}", session.texts.word("last-scan"))?,
    }
    alerts(&status, session)?;
    if let Some(failure) = status.get("store_failure").and_then(Value::as_str) {
        writeln!(session.out, "{}", visible(failure))?;
    }
    let seq = status.pointer("/audit/seq").and_then(Value::as_i64).unwrap_or(0);
    writeln!(session.out, "{} {seq}:{}", session.texts.word("audit-head"), text("/audit/head"))?;
    Ok(exit)
}

/// Alerts, the messages about them, and the channels that do not take any.
fn alerts(status: &Value, session: &mut Session<'_>) -> anyhow::Result<()> {
    let count = |path: &str| status.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    let counts = ["open", "acknowledged", "unreachable"].map(|key| (key, count(&format!("/alerts/{key}")).into()));
    writeln!(session.out, "{}", session.texts.say("status-alerts", &counts))?;
    let channels = status.get("channels").and_then(Value::as_object).cloned().unwrap_or_default();
    if channels.is_empty() {
        writeln!(session.out, "{}", session.texts.word("messages-no-channel"))?;
        return Ok(());
    }
    let said = |key: &str, path: &str| session.texts.say(key, &[("count", count(path).into())]);
    let (pending, failed) =
        (said("messages-pending", "/deliveries/pending"), said("messages-failed", "/deliveries/failed"));
    writeln!(session.out, "{pending}, {failed}.")?;
    for (name, health) in &channels {
        let text = |key: &str| health.get(key).and_then(Value::as_str).map(|text| visible(text).to_string());
        let Some(since) = text("failing_since") else { continue };
        let reason = text("reason").unwrap_or_default();
        let values =
            [("channel", visible(name).to_string().into()), ("since", since.into()), ("reason", reason.into())];
        writeln!(session.out, "{}", session.texts.say("status-channel-failing", &values))?;
    }
    Ok(())
}

fn of_certificate(id: &str, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let item = client::get(session, &format!("/api/v1/certificates/{}?lang={}", client::encode(id), session.lang))?;
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    let exit = match (text("validity"), text("severity")) {
        ("unreadable", _) => Exit::Unknown,
        ("valid", "" | "info") => Exit::Done,
        _ => Exit::No,
    };
    if session.common.json {
        print_json(session, &item)?;
        return Ok(exit);
    }
    let validity = session.texts.word(&format!("validity-{}", text("validity")));
    let days = item.get("days_left").and_then(Value::as_i64);
    let end = text("end").to_owned();
    let left = days.map(|days| session.texts.say("until-days", &[("end", end.into()), ("days", days.into())]));
    writeln!(
        session.out,
        "{}: {validity}{}",
        visible(text("id")),
        left.map(|left| format!(", {left}")).unwrap_or_default()
    )?;
    for judged in item.get("judged").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| judged.get(key).and_then(Value::as_str).unwrap_or_default();
        let severity = session.texts.word(&format!("severity-{}", text("severity")));
        writeln!(session.out, "  [{severity}] {}: {}", visible(text("title")), visible(text("text")))?;
    }
    Ok(exit)
}
