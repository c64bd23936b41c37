//! The cards of the first page: one line a card, one a reader that has something to say.

use crate::domain::observation::Problem;
use crate::domain::time::Timestamp;
use crate::engine::card_listing::{self, CardEntry};
use crate::engine::snapshot::{ReaderView, Snapshot};
use crate::locale::Texts;

/// What the page shows of cards; nothing where there are neither cards nor readers.
pub(super) struct CardSection {
    pub(super) heading: String,
    /// Headings of the columns.
    pub(super) columns: [String; 6],
    pub(super) cards: Vec<CardLine>,
    /// Why the readers cannot be watched.
    pub(super) trouble: Option<String>,
    /// Why the PKCS#11 module cannot be read.
    pub(super) module: Option<String>,
    /// Name and state of each reader.
    pub(super) readers: Vec<(String, String)>,
    pub(super) readers_heading: String,
}

/// A card.
pub(super) struct CardLine {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) holder: String,
    pub(super) place: String,
    pub(super) end: String,
    /// Tries left, and what could not be read.
    pub(super) state: String,
    pub(super) severity: &'static str,
}

/// The section of a snapshot.
pub(super) fn section(snapshot: &Snapshot, texts: &Texts, now: Timestamp) -> Option<CardSection> {
    let cards = card_listing::cards(&snapshot.inventory, &snapshot.findings, now);
    if cards.is_empty() && snapshot.readers.is_none() {
        return None;
    }
    let columns = ["card", "card-kind", "card-holder", "card-place", "end", "state"];
    let readers = snapshot.readers.as_ref();
    let state = |reader: &ReaderView| {
        let state = texts.word(&format!("reader-{}", reader.state));
        // Some states are their reason.
        match reader.problem.as_ref().filter(|problem| !matches!(&*problem.reason, "card_mute" | "card_in_use")) {
            Some(problem) => format!("{state} ({})", why(problem, texts)),
            None => state,
        }
    };
    let module = readers.and_then(|readers| readers.pkcs11.as_ref());
    let module = module.and_then(|module| Some((&module.module, module.problem.as_ref()?)));
    Some(CardSection {
        heading: texts.word("cards"),
        columns: columns.map(|column| texts.word(column)),
        cards: cards.iter().map(|card| line(card, snapshot, texts)).collect(),
        trouble: readers
            .and_then(|readers| readers.problem.as_ref())
            .map(|problem| texts.say("card-service-lost", &[("why", why(problem, texts).into())])),
        module: module.map(|(module, problem)| {
            texts.say("card-module-failed", &[("module", (**module).into()), ("why", why(problem, texts).into())])
        }),
        readers: readers
            .into_iter()
            .flat_map(|readers| &readers.readers)
            .map(|reader| (reader.name.to_string(), state(reader)))
            .collect(),
        readers_heading: texts.word("readers"),
    })
}

fn why(problem: &Problem, texts: &Texts) -> String {
    texts.say("card-reason", &[("reason", (*problem.reason).into()), ("message", (*problem.message).into())])
}

fn line(card: &CardEntry<'_>, snapshot: &Snapshot, texts: &Texts) -> CardLine {
    let tries = match card.tries {
        _ if card.blocked => Some(texts.word("card-blocked")),
        tries => tries.map(|tries| texts.say("card-tries", &[("left", i64::from(tries.left).into())])),
    };
    let date = |at: Timestamp| texts.date(at, snapshot.config.timezone);
    let kind = card.kind_name().replace('_', "/");
    CardLine {
        id: card.id.clone(),
        kind: if card.service_card { format!("{kind} {}", texts.word("card-service")) } else { kind },
        holder: [card.holder, card.assigned_to, card.service]
            .into_iter()
            .flatten()
            .next()
            .unwrap_or_default()
            .to_owned(),
        place: match (card.present, card.not_seen_since) {
            (true, _) => card.readers.join(", "),
            (false, Some(since)) => texts.say("card-not-seen-since", &[("since", date(since).into())]),
            (false, None) => texts.word("card-never-seen"),
        },
        end: card.end.map(date).unwrap_or_default(),
        state: tries
            .into_iter()
            .chain(card.problems.iter().map(|problem| why(problem, texts)))
            .collect::<Vec<_>>()
            .join(" ; "),
        severity: card.severity.map_or("ok", |severity| severity.as_str()),
    }
}
