//! `vigie check`: a Nagios probe. One line of text, performance data, codes 0 to 3.

use serde_json::Value;

use super::Session;
use super::client;
use super::exit::Exit;
use super::table::visible;

/// Limits in days; findings of the rules count whatever the limits say.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Avertissement quand un certificat finit dans moins de jours
    #[arg(long, short = 'w', value_name = "DAYS", default_value_t = 60)]
    warning: i64,
    /// Critique quand un certificat finit dans moins de jours
    #[arg(long, short = 'c', value_name = "DAYS", default_value_t = 15)]
    critical: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    Warning,
    Critical,
    Unknown,
}

pub(super) fn run(args: &CheckArgs, session: &mut Session<'_>) -> Exit {
    let (state, line) = match probe(args, session) {
        Ok(result) => result,
        Err(error) => (State::Unknown, format!("{error:#}").replace('\n', " ")),
    };
    let (word, exit) = match state {
        State::Ok => ("OK", Exit::Done),
        State::Warning => ("WARNING", Exit::No),
        State::Critical => ("CRITICAL", Exit::Unknown),
        State::Unknown => ("UNKNOWN", Exit::NagiosUnknown),
    };
    let written = if session.common.json {
        writeln!(session.out, "{}", serde_json::json!({ "state": word, "text": line }))
    } else {
        writeln!(session.out, "VIGIE {word} - {line}")
    };
    if written.is_ok() { exit } else { Exit::NagiosUnknown }
}

fn probe(args: &CheckArgs, session: &Session<'_>) -> anyhow::Result<(State, String)> {
    let status = client::get(session, "/api/v1/status")?;
    let certificates: Vec<Value> = client::every(session, "/api/v1/certificates")?;
    let mut state = match status.get("worst").and_then(Value::as_str) {
        Some("ok") => State::Ok,
        Some("warning") => State::Warning,
        Some("critical") => State::Critical,
        _ => State::Unknown,
    };
    // What was replaced and is only kept on a disk still has an end; only what is declared, or judged, may alarm.
    let declared = |item: &&Value| item.get("declared") == Some(&Value::Bool(true));
    let ends: Vec<(i64, &str)> = certificates
        .iter()
        .filter(declared)
        .filter_map(|item| Some((item.get("days_left")?.as_i64()?, item.get("id")?.as_str()?)))
        .collect();
    let first = ends.iter().min();
    if let Some((days, _)) = first {
        let by_date = if *days < args.critical {
            State::Critical
        } else if *days < args.warning {
            State::Warning
        } else {
            State::Ok
        };
        state = state.max(by_date);
    }
    let count = |key: &str| status.pointer(&format!("/counts/{key}")).and_then(Value::as_i64).unwrap_or(0);
    let soonest = first.map_or_else(String::new, |(days, id)| {
        let values = [("id", visible(id).into()), ("days", (*days).into())];
        format!(", {}", session.texts.say("check-soonest", &values))
    });
    let text = session.texts.say(
        "check-line",
        &[
            ("declared", count("declared").into()),
            ("missing", count("missing").into()),
            ("expiring", count("expiring").into()),
            ("expired", count("expired").into()),
        ],
    );
    let days = first.map_or_else(|| "U".to_owned(), |(days, _)| days.to_string());
    let perfdata = format!(
        "days_left={days};{}:;{}: declared={} found={} missing={} undeclared={} expiring={} expired={}",
        args.warning,
        args.critical,
        count("declared"),
        count("found"),
        count("missing"),
        count("undeclared"),
        count("expiring"),
        count("expired"),
    );
    Ok((state, format!("{text}{soonest} | {perfdata}")))
}
