//! `vigie alert`: the open alerts, taking one on, proving the channels, and what will leave when.

use serde_json::{Value, json};

use super::exit::Exit;
use super::table::{Table, visible};
use super::{Session, client, print_json};

/// What to do with alerts.
#[derive(Debug, clap::Subcommand)]
pub enum AlertCommand {
    /// Les alertes ouvertes, les plus urgentes d'abord
    List(ListArgs),
    /// Prendre une alerte en charge jusqu'à une date
    Ack(AckArgs),
    /// Envoyer un vrai message par chaque voie et dire ce qu'on a répondu
    Test(TestArgs),
    /// Quel message partira quel jour à qui, si personne ne fait rien
    Forecast(ForecastArgs),
}

/// Filters.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Au moins cette gravité : info, warning, critical
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<String>,
    /// Aussi celles qui sont closes
    #[arg(long)]
    closed: bool,
}

/// Which alert, until when, why.
#[derive(Debug, clap::Args)]
pub struct AckArgs {
    /// Numéro de l'alerte
    id: i64,
    /// Dernier jour sans rappel (2027-01-31)
    #[arg(long, value_name = "DATE")]
    until: String,
    /// Pourquoi, en une ligne
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// To whom.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Adresse d'une personne du registre ou de alerts.fallback (défaut : celles des nouvelles)
    #[arg(long, value_name = "MAIL")]
    to: Vec<String>,
}

/// How far.
#[derive(Debug, clap::Args)]
pub struct ForecastArgs {
    /// Dernier jour (défaut : dans un an)
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

pub(super) fn run(command: &AlertCommand, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    match command {
        AlertCommand::List(args) => list(args, session),
        AlertCommand::Ack(args) => acknowledge(args, session),
        AlertCommand::Test(args) => test(args, session),
        AlertCommand::Forecast(args) => forecast(args, session),
    }
}

fn list(args: &ListArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let mut query = vec![format!("lang={}", session.lang), format!("closed={}", args.closed)];
    query.extend(args.severity.as_ref().map(|severity| format!("severity={}", client::encode(severity))));
    let items: Vec<Value> = client::every(session, &format!("/api/v1/alerts?{}", query.join("&")))?;
    if session.common.json {
        let total = items.len();
        return print_json(session, &json!({ "items": items, "total": total }));
    }
    if items.is_empty() {
        writeln!(session.out, "{}", session.texts.word("no-alert"))?;
        return Ok(Exit::Done);
    }
    for item in &items {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let severity = session.texts.word(&format!("severity-{}", text("severity")));
        let id = item.get("id").and_then(Value::as_i64).unwrap_or(0);
        let state = session.texts.word(&format!("alert-{}", text("state")));
        writeln!(session.out, "{id} [{severity}] {} — {} ({state})", visible(text("title")), visible(text("subject")))?;
        writeln!(session.out, "  {}", visible(text("text")))?;
        if let Some(taken) = item.get("acknowledgement").filter(|taken| !taken.is_null()) {
            let text = |key: &str| taken.get(key).and_then(Value::as_str).unwrap_or_default();
            writeln!(session.out, "  {} → {} : {}", visible(text("by")), text("until"), visible(text("reason")))?;
        }
        let mut who = who(item, session);
        if let Some(with) = item.get("said_with").and_then(Value::as_i64) {
            who.insert(0, session.texts.say("alert-said-with", &[("alert", with.to_string().into())]));
        }
        let who = if who.is_empty() { String::new() } else { format!(" · {}", who.join(" ; ")) };
        writeln!(session.out, "  {} · {}{who}", text("code"), text("opened_at"))?;
    }
    Ok(Exit::Done)
}

/// Who took a message about an alert, and who is still to be sent one.
fn who(item: &Value, session: &Session<'_>) -> Vec<String> {
    let names = |key: &str| {
        let names = item.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        names.map(|name| visible(name).to_string()).collect::<Vec<_>>().join(", ")
    };
    let said = [("alert-told-to", names("told")), ("alert-waiting", names("waiting"))];
    let said: Vec<String> = said
        .into_iter()
        .filter(|(_, who)| !who.is_empty())
        .map(|(key, who)| session.texts.say(key, &[("who", who.into())]))
        .collect();
    // Of one that is over the messages may not be kept any more, or another alert spoke for it.
    let is_over = item.get("state").and_then(Value::as_str) == Some("resolved");
    if said.is_empty() && !is_over { vec![session.texts.word("alert-untold")] } else { said }
}

fn acknowledge(args: &AckArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let body = json!({ "until": args.until, "reason": args.reason });
    let alert = client::post_with(session, &format!("/api/v1/alerts/{}/ack?lang={}", args.id, session.lang), &body)?;
    if session.common.json {
        return print_json(session, &alert);
    }
    let until = alert.pointer("/acknowledgement/until").and_then(Value::as_str).unwrap_or_default().to_owned();
    writeln!(session.out, "{}", session.texts.say("alert-taken", &[("until", until.into())]))?;
    Ok(Exit::Done)
}

fn test(args: &TestArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let report =
        client::post_with(session, &format!("/api/v1/alerts/test?lang={}", session.lang), &json!({ "to": args.to }))?;
    let items = report.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = items.iter().all(|item| item.get("delivered").and_then(Value::as_bool) == Some(true));
    let exit = if all { Exit::Done } else { Exit::No };
    if session.common.json {
        print_json(session, &report)?;
        return Ok(exit);
    }
    for item in &items {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let word = if item.get("delivered").and_then(Value::as_bool) == Some(true) {
            session.texts.word("delivery-delivered")
        } else {
            format!("{} ({})", session.texts.word("delivery-failed"), text("reason"))
        };
        let address = visible(text("address"));
        writeln!(session.out, "{} {address}: {word}: {}", visible(text("channel")), visible(text("answer")))?;
    }
    Ok(exit)
}

fn forecast(args: &ForecastArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let until = args.until.as_ref().map(|until| format!("&until={}", client::encode(until))).unwrap_or_default();
    let forecast = client::get(session, &format!("/api/v1/alerts/forecast?lang={}{until}", session.lang))?;
    if session.common.json {
        return print_json(session, &forecast);
    }
    let word = |key: &str| session.texts.word(key);
    let mut table = Table::new(
        ["forecast-day", "forecast-to", "forecast-moment", "forecast-severity", "forecast-about"].map(word).to_vec(),
    );
    let items = forecast.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    for message in &items {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let to = format!("{} {}", text(message, "channel"), text(message, "address"));
        if text(message, "kind") == "digest" {
            let digest = session.texts.word("forecast-digest");
            table.row(vec![text(message, "day"), to.trim_end().to_owned(), digest, String::new(), String::new()]);
        }
        for item in message.get("items").and_then(Value::as_array).into_iter().flatten() {
            table.row(vec![
                text(message, "day"),
                to.trim_end().to_owned(),
                session.texts.word(&format!("when-{}", text(item, "moment"))),
                session.texts.word(&format!("severity-{}", text(item, "severity"))),
                format!("{} : {}", session.texts.finding_title(&text(item, "code")), text(item, "subject")),
            ]);
        }
    }
    if items.is_empty() {
        writeln!(session.out, "{}", session.texts.word("forecast-none"))?;
    } else {
        table.write(session.out)?;
    }
    Ok(Exit::Done)
}
