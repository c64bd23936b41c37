//! `vigie audit show`: the trail of who did what.

use serde_json::Value;

use super::client;
use super::exit::Exit;
use super::table::visible;
use super::{Session, print_json};

/// The audit trail.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Montrer les événements, du plus ancien au plus récent
    Show {
        /// Seulement après ce numéro
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: i64,
        /// Au plus ce nombre, les derniers
        #[arg(long, value_name = "N", default_value_t = 50)]
        last: i64,
    },
}

pub(super) fn run(command: &AuditCommand, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let AuditCommand::Show { after, last } = command;
    let head = client::get(session, "/api/v1/status")?;
    let seq = head.pointer("/audit/seq").and_then(Value::as_i64).unwrap_or(0);
    let from = (*after).max(seq.saturating_sub(*last));
    let items: Vec<Value> = client::every(session, &format!("/api/v1/audit?after={from}"))?;
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
