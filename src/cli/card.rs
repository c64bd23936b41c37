//! `vigie card`: the cards that are declared and found, what the readers show, what is in them now.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Value, json};

use super::client;
use super::exit::{Exit, Stop};
use super::table::{Table, visible};
use super::{Session, print_json};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, SmartCardConfig, SourceConfig};
use crate::domain::inventory::Inventory;
use crate::domain::reconcile::reconcile;
use crate::engine::card_listing;
use crate::sources::smart_card::SmartCardSource;

/// What about cards.
#[derive(Debug, clap::Subcommand)]
pub enum CardCommand {
    /// Les cartes déclarées et trouvées
    List,
    /// Suivre les lecteurs : une ligne par changement, jusqu'à Ctrl-C
    Watch,
    /// Lire les cartes présentes dans les lecteurs, sans le service et sans code
    Inspect {
        /// Attente au plus, en secondes
        #[arg(long, value_name = "SECONDS", default_value_t = 15)]
        wait: u64,
    },
}

pub(super) fn run(command: &CardCommand, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    match command {
        CardCommand::List => list(session),
        CardCommand::Watch => watch(session),
        CardCommand::Inspect { wait } => inspect(*wait, session),
    }
}

fn list(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let answer = ask(session, "")?;
    if session.common.json {
        return print_json(session, &answer);
    }
    table(answer.get("items"), session)?;
    Ok(Exit::Done)
}

/// The cards, all pages of them, and the readers as the first page has them. `since`: a parameter to wait by.
fn ask(session: &Session<'_>, since: &str) -> anyhow::Result<Value> {
    let mut answer = client::get(session, &format!("/api/v1/cards?limit=1000{since}"))?;
    while let Some(cursor) = answer.get("next_cursor").and_then(Value::as_str).map(client::encode) {
        let mut more = client::get(session, &format!("/api/v1/cards?limit=1000&cursor={cursor}"))?;
        let items = more.get_mut("items").map(Value::take);
        if let (Some(Value::Array(all)), Some(Value::Array(items))) = (answer.get_mut("items"), items) {
            all.extend(items);
        }
        answer["next_cursor"] = more["next_cursor"].take();
    }
    Ok(answer)
}

/// 2 when there is a card in a reader that could not be read: what it is cannot be told.
fn inspect(wait: u64, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    // As the configuration says, where there is one.
    let sources = config::load(&session.common.config).map(|loaded| loaded.config.sources).unwrap_or_default();
    let settings = sources.iter().find_map(|source| match source {
        SourceConfig::SmartCard { settings, .. } => Some(settings.clone()),
        _ => None,
    });
    let settings: SmartCardConfig = settings.unwrap_or_default();
    let source = SmartCardSource::new("inspect", settings, SystemClock::shared());
    let (view, gathered) = source.settle(Duration::from_secs(wait));
    source.stop();
    // Also a pcscd that takes connections and says nothing.
    if let Some(problem) = &gathered.failure {
        let why = why(&problem.reason, &problem.message, session);
        return Err(Stop::new(Exit::Unreachable, format!("{why} ({})", problem.reason)).into());
    }
    let untold = |state: &str| matches!(state, "reading" | "in_use" | "mute" | "unreadable");
    let failed = view.pkcs11.as_ref().is_some_and(|module| module.state != "read");
    let exit = match failed || view.readers.iter().any(|reader| untold(reader.state)) {
        true => Exit::Unknown,
        false => Exit::Done,
    };
    let empty = Inventory::default();
    let inventory = empty.clone().after(&reconcile(&empty, vec![gathered], &HashMap::new()));
    let items = serde_json::to_value(card_listing::cards(&inventory, &BTreeMap::new(), SystemClock::new().now()))?;
    if session.common.json {
        print_json(session, &json!({ "items": items, "readers": view.readers, "pkcs11": view.pkcs11 }))?;
        return Ok(exit);
    }
    for reader in &view.readers {
        writeln!(session.out, "{}", line(&serde_json::to_value(reader)?, session))?;
    }
    if view.readers.is_empty() {
        writeln!(session.out, "{}", session.texts.say("doctor-readers", &[("count", 0_i64.into())]))?;
    }
    if let Some(module) = &view.pkcs11 {
        let name = visible(&module.module).to_string();
        let said = match &module.problem {
            Some(problem) => {
                let why = why(&problem.reason, &problem.message, session);
                session.texts.say("card-module-failed", &[("module", name.into()), ("why", why.into())])
            }
            None => session.texts.say("card-module-read", &[("module", name.into()), ("count", module.tokens.into())]),
        };
        writeln!(session.out, "{said}")?;
    }
    if items.as_array().is_some_and(|items| !items.is_empty()) {
        writeln!(session.out)?;
        table(Some(&items), session)?;
    }
    Ok(exit)
}

/// Why something cannot be read, in the language of the session.
pub(super) fn why(reason: &str, message: &str, session: &Session<'_>) -> String {
    session.texts.say("card-reason", &[("reason", reason.into()), ("message", visible(message).to_string().into())])
}

/// Prints what changes in the readers, from what they show at first on. With `--json`, one document a line.
fn watch(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let mut service = String::new();
    let mut since = String::new();
    loop {
        let answer = ask(session, &since)?;
        let text = |path: &str| answer.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        if answer.get("readers").is_none_or(Value::is_null) {
            return Err(Stop::new(Exit::Unknown, session.texts.word("card-none-watched")).into());
        }
        let now = text("/readers/service");
        if now != service && now != "reached" {
            let why = why(&text("/readers/problem/reason"), &text("/readers/problem/message"), session);
            if session.common.json {
                writeln!(session.out, "{}", json!({ "service": now, "message": why }))?;
            } else {
                writeln!(session.out, "{}", session.texts.say("card-service-lost", &[("why", why.into())]))?;
            }
        }
        service = now;
        let readers = answer.pointer("/readers/readers").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        for mut reader in readers {
            let name = reader.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            name_card(&mut reader, &answer);
            if known.get(&name) != Some(&reader) {
                if session.common.json {
                    writeln!(session.out, "{reader}")?;
                } else {
                    let at = reader.get("since").and_then(Value::as_str).unwrap_or_default();
                    writeln!(session.out, "{at}  {}", line(&reader, session))?;
                }
            }
            seen.insert(name, reader);
        }
        for gone in known.keys().filter(|name| !seen.contains_key(*name)) {
            if session.common.json {
                writeln!(session.out, "{}", json!({ "name": gone, "state": "unplugged" }))?;
            } else {
                writeln!(session.out, "{}: {}", visible(gone), session.texts.word("reader-unplugged"))?;
            }
        }
        session.out.flush()?;
        known = seen;
        let revision = answer.get("revision").and_then(Value::as_u64).unwrap_or(0);
        since = format!("&since={revision}");
    }
}

/// Puts the name of the card beside its chip.
fn name_card(reader: &mut Value, answer: &Value) {
    let chip = reader.get("chip").and_then(Value::as_str).unwrap_or_default();
    let items = answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_chip = |item: &&Value| item.get("chip_serial").and_then(Value::as_str) == Some(chip);
    let id = items.iter().find(of_chip).and_then(|item| item.get("id")).cloned();
    if let Some(object) = reader.as_object_mut() {
        object.insert("card".to_owned(), id.unwrap_or(Value::Null));
    }
}

/// A reader in one line.
fn line(reader: &Value, session: &Session<'_>) -> String {
    let text = |path: &str| reader.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let state = session.texts.word(&format!("reader-{}", text("/state")));
    let card = match (text("/card"), text("/chip")) {
        ("", "") => String::new(),
        ("", chip) => format!(" @{chip}"),
        (card, _) => format!(" {card}"),
    };
    let why = match text("/problem/reason") {
        // These states are their reason.
        "" | "card_mute" | "card_in_use" => String::new(),
        reason => format!(" ({})", why(reason, text("/problem/message"), session)),
    };
    format!("{}: {state}{card}{why}", visible(text("/name")))
}

fn table(items: Option<&Value>, session: &mut Session<'_>) -> anyhow::Result<()> {
    let word = |key: &str| session.texts.word(key);
    let zone = client::zone(session);
    let columns = ["card", "kind", "holder", "place", "end", "days-left", "tries", "findings"];
    let mut table = Table::new(columns.map(|column| word(&format!("column-{column}"))).to_vec());
    for item in items.and_then(Value::as_array).into_iter().flatten() {
        let text = |path: &str| item.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let number = |path: &str| item.pointer(path).and_then(Value::as_i64).map(|number| number.to_string());
        let flag = |key: &str| item.get(key).and_then(Value::as_bool).unwrap_or(false);
        let kind = if text("/kind").is_empty() { text("/family").replace('_', "/") } else { text("/kind").to_owned() };
        let service = if flag("service_card") { format!(" {}", word("card-service")) } else { String::new() };
        let place = if flag("present") {
            super::list::words(item.get("readers"))
        } else {
            match text("/not_seen_since") {
                "" => word("card-never-seen"),
                since => session.texts.say("card-not-seen-since", &[("since", client::day(since, zone).into())]),
            }
        };
        let tries = if flag("blocked") { Some(word("card-blocked")) } else { number("/tries/left") };
        table.row(vec![
            text("/id").to_owned(),
            format!("{kind}{service}"),
            [text("/holder"), text("/assigned_to"), text("/service")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default()
                .to_owned(),
            place,
            client::day(text("/end"), zone),
            number("/days_left").unwrap_or_default(),
            tries.unwrap_or_default(),
            super::list::words(item.get("findings")),
        ]);
    }
    table.write(session.out)?;
    // What could not be read of a card stands below, in words.
    for item in items.and_then(Value::as_array).into_iter().flatten() {
        for problem in item.get("problems").and_then(Value::as_array).into_iter().flatten() {
            let text = |from: &Value, key: &str| from.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let why = why(&text(problem, "reason"), &text(problem, "message"), session);
            writeln!(session.out, "{}: {why}", visible(&text(item, "id")))?;
        }
    }
    Ok(())
}
