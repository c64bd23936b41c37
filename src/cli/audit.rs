//! `vigie audit show`: the trail of who did what.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::table::visible;
use super::{Session, print_json};
use crate::domain::time::Timestamp;

/// Events that are shown when nothing is asked.
const LAST: usize = 50;

/// The audit trail.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Montrer les événements, du plus ancien au plus récent
    Show(ShowArgs),
}

/// Which events, and how many.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Seulement après ce numéro
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// Seulement cette action, telle que la liste la nomme
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Seulement cet objet, tel que la liste le nomme
    #[arg(long, value_name = "OBJET")]
    object: Option<String>,
    /// Seulement cet acteur, tel que la liste le nomme
    #[arg(long, value_name = "ACTEUR")]
    actor: Option<String>,
    /// Seulement cette issue : done, refused ou failed
    #[arg(long, value_name = "ISSUE")]
    outcome: Option<String>,
    /// À partir de cet instant, RFC 3339
    #[arg(long, value_name = "INSTANT")]
    since: Option<Timestamp>,
    /// Avant cet instant, RFC 3339
    #[arg(long, value_name = "INSTANT")]
    until: Option<Timestamp>,
    /// Au plus ce nombre, les derniers ; 50 quand rien d'autre n'est demandé
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

impl ShowArgs {
    fn query(&self) -> Vec<String> {
        let text =
            |key: &str, value: &Option<String>| value.as_ref().map(|value| format!("{key}={}", client::encode(value)));
        let at =
            |key: &str, value: Option<Timestamp>| value.map(|at| format!("{key}={}", client::encode(&at.to_string())));
        let asked = [
            text("action", &self.action),
            text("object", &self.object),
            text("actor", &self.actor),
            text("outcome", &self.outcome),
            at("since", self.since),
            at("until", self.until),
        ];
        asked.into_iter().flatten().collect()
    }
}

pub(super) fn run(command: &AuditCommand, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let AuditCommand::Show(args) = command;
    let head = client::get(session, "/api/v1/status")?;
    let seq = head.pointer("/audit/seq").and_then(Value::as_i64).unwrap_or(0);
    let mut query = args.query();
    let last = args.last.or_else(|| (query.is_empty() && args.after.is_none()).then_some(LAST));
    // Numbers have no gaps: of all events the last ones are those with the last numbers.
    let begin =
        last.filter(|_| query.is_empty()).map_or(0, |last| seq.saturating_sub(i64::try_from(last).unwrap_or(i64::MAX)));
    query.push(format!("after={}", args.after.unwrap_or(0).max(begin)));
    let mut items: Vec<Value> = client::every(session, &format!("/api/v1/audit?{}", query.join("&")))?;
    items.drain(..items.len().saturating_sub(last.unwrap_or(usize::MAX)));
    if session.common.json {
        let head = head.get("audit").cloned().unwrap_or_default();
        return print_json(session, &serde_json::json!({ "items": items, "head": head }));
    }
    for item in &items {
        let text = |key: &str| visible(item.get(key).and_then(Value::as_str).unwrap_or_default());
        let seq = item.get("seq").and_then(Value::as_i64).unwrap_or(0);
        let reason = match text("reason").as_str() {
            "" => String::new(),
            reason => format!(" ({reason})"),
        };
        let outcome =
            if text("outcome") == "done" { String::new() } else { format!(" {}", text("outcome").to_uppercase()) };
        writeln!(
            session.out,
            "{seq:>6}  {}  {} {}  {}  {}{outcome}{reason}",
            text("at"),
            text("origin"),
            text("actor"),
            text("action"),
            text("object"),
        )?;
    }
    Ok(Exit::Done)
}
