//! `vigie calendar`: every end as an iCalendar file on standard output.

use super::client;
use super::exit::Exit;
use super::{Session, print_json};

pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let text = client::text(session, &format!("/calendar.ics?lang={}", session.lang))?;
    if session.common.json {
        return print_json(session, &serde_json::json!({ "calendar": text }));
    }
    session.out.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}
