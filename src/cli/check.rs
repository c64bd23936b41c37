//! `vigie check`: a Nagios probe. One line of text, performance data, codes 0 to 3.

use std::io::Write;

use serde_json::Value;

use super::Session;
use super::client;
use super::exit::{Exit, Stop, in_words};
use super::table::visible;

/// Characters of a title, and of what it is about, in the one line a supervision shows.
const MOST: usize = 80;
/// A century: beyond it, a typing mistake.
const LONGEST: i64 = 36_525;

/// Limits in days; findings of the rules count whatever the limits say.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Avertissement quand un certificat finit dans moins de jours : 60, ou 60d
    #[arg(long, short = 'w', value_name = "DAYS", default_value = "60", value_parser = days)]
    warning: i64,
    /// Critique quand un certificat finit dans moins de jours, pas plus que --warning
    #[arg(long, short = 'c', value_name = "DAYS", default_value = "15", value_parser = days)]
    critical: i64,
}

/// Days, as `60` or, as thresholds are written elsewhere, `60d`.
fn days(text: &str) -> Result<i64, String> {
    let digits = text.strip_suffix('d').unwrap_or(text);
    let days = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    days.filter(|days| *days <= LONGEST).ok_or_else(|| format!("0d .. {LONGEST}d"))
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
        Err(error) => (State::Unknown, plain(&in_words(&error, &session.texts))),
    };
    tell(state, &line, session.common.json, session.out)
}

/// A command line that cannot be understood: the supervision wants a line and one of its own codes for that too.
pub(super) fn misused(why: &str, json: bool, out: &mut dyn Write) -> Exit {
    tell(State::Unknown, &plain(why), json, out)
}

fn tell(state: State, line: &str, json: bool, out: &mut dyn Write) -> Exit {
    let (word, exit) = match state {
        State::Ok => ("OK", Exit::Done),
        State::Warning => ("WARNING", Exit::No),
        State::Critical => ("CRITICAL", Exit::Unknown),
        State::Unknown => ("UNKNOWN", Exit::NagiosUnknown),
    };
    let written = if json {
        writeln!(out, "{}", serde_json::json!({ "state": word, "text": line }))
    } else {
        writeln!(out, "VIGIE {word} - {line}")
    };
    if written.is_ok() { exit } else { Exit::NagiosUnknown }
}

/// One line without the bar that begins the performance data (Monitoring Plugins Development Guidelines, section 2.6).
fn plain(text: &str) -> String {
    text.lines().map(|line| visible(line.trim())).collect::<Vec<_>>().join(" ").replace('|', "/")
}

/// The beginning of a text.
fn short(text: &str) -> String {
    let text = plain(text);
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST - 1).chain(['…']).collect() }
}

/// Why the state is what it is: the worst finding by its title and subject, which name nobody, and how many more there are.
fn reason(status: &Value, session: &Session<'_>) -> anyhow::Result<Option<String>> {
    if status.get("store_failure").is_some() {
        return Ok(Some(session.texts.word("check-store-failure")));
    }
    if status.get("last_scan").is_none_or(Value::is_null) {
        return Ok(Some(session.texts.word("never-scanned")));
    }
    let page = client::get(session, &format!("/api/v1/findings?severity=warning&limit=1&lang={}", session.lang))?;
    let text = |key: &str| page.pointer(&format!("/items/0/{key}")).and_then(Value::as_str).map(short);
    let (Some(title), Some(subject)) = (text("title"), text("subject")) else { return Ok(None) };
    let more = page.get("total").and_then(Value::as_i64).unwrap_or(1) - 1;
    let subject = subject.strip_prefix("certificate:").unwrap_or(&subject).to_owned();
    let values = [("title", title.into()), ("subject", subject.into()), ("more", more.into())];
    Ok(Some(session.texts.say("check-reason", &values)))
}

fn probe(args: &CheckArgs, session: &Session<'_>) -> anyhow::Result<(State, String)> {
    if args.critical > args.warning {
        let values = [("warning", args.warning.into()), ("critical", args.critical.into())];
        return Err(Stop::new(Exit::Usage, session.texts.say("check-inverted", &values)).into());
    }
    let status = client::get(session, "/api/v1/status")?;
    let reason = reason(&status, session)?;
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
        let values = [("id", short(id).into()), ("days", (*days).into())];
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
    let text = reason.map_or(text.clone(), |reason| {
        session.texts.say("check-because", &[("reason", reason.into()), ("counts", text.into())])
    });
    Ok((state, format!("{text}{soonest} | {perfdata}")))
}
