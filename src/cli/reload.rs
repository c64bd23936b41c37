//! `vigie reload`: a new declaration, or every reason why not.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::table::visible;
use super::{Session, print_json};
use crate::locale;

pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let report = client::post(session, &format!("/api/v1/reload?lang={}", session.lang))?;
    if session.common.json {
        return print_json(session, &report);
    }
    let list = |key: &str| report.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for warning in list("warnings").iter().filter_map(Value::as_str) {
        let said = match warning.strip_suffix(" changes at the next start") {
            Some(key) => session.texts.say("reload-next-start", &[("key", key.into())]),
            None => warning.to_owned(),
        };
        writeln!(session.err, "{said}")?;
    }
    let changes = list("changes");
    if changes.is_empty() {
        writeln!(session.out, "{}", session.texts.word("reload-no-change"))?;
    }
    for change in changes.iter().filter_map(Value::as_str) {
        writeln!(session.out, "{}", in_words(change, session))?;
    }
    Ok(Exit::Done)
}

/// A line of `config::diff`, or of what the engine adds to it, in the language of the session; one that is not known stays as it is.
fn in_words(change: &str, session: &Session<'_>) -> String {
    let say = |key: &str, values: &[(&str, locale::Value<'_>)]| session.texts.say(key, values);
    if let Some((added, removed)) = change
        .strip_prefix("trust anchors: ")
        .and_then(|rest| rest.strip_suffix(" removed"))
        .and_then(|rest| rest.split_once(" added, "))
    {
        let number = |text: &str| text.parse::<i64>().unwrap_or(0);
        return say("reload-anchors", &[("added", number(added).into()), ("removed", number(removed).into())]);
    }
    let (change, keys) = match change.split_once(": ") {
        Some((change, keys)) => (change, format!(" ({keys})")),
        None => (change, String::new()),
    };
    let Some((what, how @ ("added" | "removed" | "changed"))) = change.rsplit_once(' ') else {
        return format!("{change}{keys}");
    };
    say(&format!("reload-{how}"), &[("what", visible(what).into()), ("keys", keys.into())])
}
