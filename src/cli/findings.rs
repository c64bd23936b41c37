//! `vigie findings`: what the rules say, worst first.

use serde_json::Value;

use super::client;
use super::exit::{Exit, Stop};
use super::table::visible;
use super::{Session, print_items};
use crate::domain::finding::Severity;
use crate::policy::RULES;

/// Filters.
#[derive(Debug, clap::Args)]
pub struct FindingsArgs {
    /// Au moins cette gravité : info, warning, critical
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Severity>,
    /// Seulement une règle
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Aussi celles qui ne sont plus vraies
    #[arg(long)]
    closed: bool,
}

pub(super) fn run(args: &FindingsArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    if let Some(unknown) = args.code.as_ref().filter(|code| !RULES.iter().any(|rule| rule.code == **code)) {
        let near = RULES.iter().map(|rule| rule.code).collect::<Vec<_>>().join(", ");
        let values = [("code", visible(unknown).into()), ("known", near.into())];
        return Err(Stop::new(Exit::Usage, session.texts.say("cli-no-such-rule", &values)).into());
    }
    let mut query = vec![format!("lang={}", session.lang), format!("closed={}", args.closed)];
    query.extend(args.severity.as_ref().map(|severity| format!("severity={}", severity)));
    query.extend(args.code.as_ref().map(|code| format!("code={}", client::encode(code))));
    let path = format!("/api/v1/findings?{}", query.join("&"));
    if session.common.json {
        let items = client::every(session, &path)?;
        return print_items(session, &items);
    }
    let items: Vec<Value> = client::every(session, &path)?;
    if items.is_empty() {
        let narrowed = args.severity.is_some() || args.code.is_some();
        writeln!(session.out, "{}", session.texts.word(if narrowed { "findings-none-such" } else { "nothing-to-do" }))?;
    }
    for item in &items {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let severity = session.texts.word(&format!("severity-{}", text("severity")));
        writeln!(session.out, "[{severity}] {} — {}", visible(text("title")), visible(text("subject")))?;
        writeln!(session.out, "  {}", visible(text("text")))?;
        let until = match text("until") {
            "" => String::new(),
            until => format!(" → {until}"),
        };
        writeln!(session.out, "  {} · {} · {}{until}", text("code"), text("reference"), text("since"))?;
    }
    Ok(Exit::Done)
}
