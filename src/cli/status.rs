//! `vigie status [ID]`: is everything fine? 0 yes, 1 no, 2 cannot tell.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::scan::reason_in_words;
use super::table::visible;
use super::{Session, print_json};

/// Errors told where nobody asked for all of them.
pub(super) const FEW: usize = 10;

/// Of what.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Un certificat ; sans lui, le service entier
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Tout ce que les sources n'ont pas pu lire, lieu par lieu
    #[arg(long, conflicts_with = "id")]
    errors: bool,
}

pub(super) fn run(args: &StatusArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    match &args.id {
        Some(id) => of_certificate(id, session),
        None => of_service(args.errors, session),
    }
}

fn of_service(every_error: bool, session: &mut Session<'_>) -> anyhow::Result<Exit> {
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
    for key in ["declared", "found", "missing", "undeclared", "expiring", "expired", "revoked", "unknown_revocation"] {
        let count = counts.get(key).and_then(Value::as_i64).unwrap_or(0);
        writeln!(
            session.out,
            "  {count:>6}  {}",
            session.texts.say(&format!("count-{}", key.replace('_', "-")), &[("count", count.into())])
        )?;
    }
    let text = |path: &str| status.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
    match text("/last_scan/finished_at").as_str() {
        "" => writeln!(session.out, "{}", session.texts.word("never-scanned"))?,
        at => writeln!(session.out, "{} {at}", session.texts.word("last-scan"))?,
    }
    source_errors(if every_error { usize::MAX } else { FEW }, session)?;
    alerts(&status, session)?;
    if let Some(failure) = status.get("store_failure").and_then(Value::as_str) {
        writeln!(session.out, "{}", visible(failure))?;
    }
    let seq = status.pointer("/audit/seq").and_then(Value::as_i64).unwrap_or(0);
    writeln!(session.out, "{} {seq}:{}", session.texts.word("audit-head"), text("/audit/head"))?;
    Ok(exit)
}

/// What the sources could not read at their last run, the first `most` of it, and where the rest is told.
pub(super) fn source_errors(most: usize, session: &mut Session<'_>) -> anyhow::Result<()> {
    let answer = client::get(session, "/api/v1/sources")?;
    let sources = answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let total: i64 = sources.iter().filter_map(|source| source.get("error_count")?.as_i64()).sum();
    let failed: Vec<&Value> =
        sources.iter().filter(|source| source.get("failure").is_some_and(Value::is_object)).collect();
    for source in failed {
        let (reason, message) =
            source.get("failure").map(|why| (text(why, "reason"), text(why, "message"))).unwrap_or_default();
        let values = [
            ("source", visible(&text(source, "name")).into()),
            ("why", visible(&reason_in_words(&reason, &message, &session.texts)).into()),
            ("reason", reason.into()),
        ];
        writeln!(session.out, "{}", session.texts.say("status-source-failed", &values))?;
    }
    if total == 0 {
        return Ok(());
    }
    writeln!(session.out, "{}", session.texts.say("status-errors", &[("count", total.into())]))?;
    let mut told = 0;
    let errors = sources.iter().flat_map(|source| source.get("errors").and_then(Value::as_array).into_iter().flatten());
    for error in errors.take(most) {
        let reason = text(error, "reason");
        let said = reason_in_words(&reason, &text(error, "message"), &session.texts);
        writeln!(session.out, "  {}: {} ({reason})", visible(&text(error, "place")), visible(&said))?;
        told += 1;
    }
    match total - told {
        0 => {}
        // The service keeps a bounded number of them with their text, source by source.
        more if most == usize::MAX => {
            writeln!(session.out, "  {}", session.texts.say("status-errors-untold", &[("count", more.into())]))?
        }
        more => writeln!(session.out, "  {}", session.texts.say("status-errors-more", &[("count", more.into())]))?,
    }
    Ok(())
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
    let item = client::certificate(session, id)?;
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
