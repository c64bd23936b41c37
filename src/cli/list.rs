//! `vigie list`: what is declared and what was found.

use serde_json::Value;

use super::client;
use super::exit::{Exit, Stop};
use super::table::{Table, visible};
use super::{Session, print_items};

/// Filters of the list.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Aussi les autorités publiques et tout ce qui a été trouvé
    #[arg(long)]
    all: bool,
    /// Seulement une structure
    #[arg(long, value_name = "ID")]
    structure: Option<String>,
    /// Seulement ceux qui finissent dans ce nombre de jours
    #[arg(long, value_name = "DAYS")]
    within_days: Option<i64>,
    /// Seulement un état : `not_yet_read`, missing, unreadable, `not_yet_valid`, valid, expiring, expired
    #[arg(long, value_name = "STATE")]
    validity: Option<String>,
}

pub(super) fn run(args: &ListArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    if let Some(wanted) = &args.structure {
        let declared = client::get(session, "/api/v1/structures")?;
        let declared = declared.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let known: Vec<&str> = declared.iter().filter_map(|item| item.get("id")?.as_str()).collect();
        if !known.contains(&wanted.as_str()) {
            let values = [("id", visible(wanted).into()), ("known", known.join(", ").into())];
            return Err(Stop::new(Exit::Usage, session.texts.say("cli-no-such-structure", &values)).into());
        }
    }
    let mut query = vec![format!("all={}", args.all)];
    query.extend(args.structure.as_ref().map(|id| format!("structure={}", client::encode(id))));
    query.extend(args.within_days.map(|days| format!("within_days={days}")));
    query.extend(args.validity.as_ref().map(|state| format!("validity={}", client::encode(state))));
    let path = format!("/api/v1/certificates?{}", query.join("&"));
    if session.common.json {
        let items = client::every(session, &path)?;
        return print_items(session, &items);
    }
    let items: Vec<Value> = client::every(session, &path)?;
    let zone = client::zone(session);
    let columns = ["id", "product", "state", "end", "days-left", "impacts"];
    let mut table = Table::new(columns.map(|column| session.texts.word(&format!("column-{column}"))).to_vec());
    for item in &items {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        table.row(vec![
            short(text("id")),
            product(item),
            session.texts.word(&format!("validity-{}", text("validity"))),
            client::day(text("end"), zone),
            item.get("days_left").and_then(Value::as_i64).map(|days| days.to_string()).unwrap_or_default(),
            words(item.get("impacts")),
        ]);
    }
    table.write(session.out)?;
    Ok(Exit::Done)
}

/// Offer and usage, declared or read off the certificate.
pub(super) fn product(item: &Value) -> String {
    let word = |key: &str| {
        let declared = item.get(key).and_then(Value::as_str);
        declared.or_else(|| item.get("profile").and_then(|profile| profile.get(key)).and_then(Value::as_str))
    };
    [word("offer"), word("usage")].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A list of texts on one line.
pub(super) fn words(list: Option<&Value>) -> String {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A fingerprint short enough for a column; `show` takes it back.
pub(super) fn short(id: &str) -> String {
    id.strip_prefix("sha256:")
        .and_then(|hex| hex.get(..16))
        .map_or_else(|| id.to_owned(), |head| format!("sha256:{head}"))
}
