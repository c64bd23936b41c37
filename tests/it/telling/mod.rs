//! Telling people: what leaves through each channel, read by outside parsers, and what is made of every answer.

mod calendar;
mod hooks;
mod mail;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;

use vigie::clock::SharedClock;
use vigie::config;
use vigie::domain::finding::{Finding, Severity, Subject};
use vigie::domain::lang::Lang;
use vigie::domain::notice::{
    Channel, EventId, Moment, Notice, NoticeActor, NoticeCertificate, NoticeFiles, NoticeItem, NoticeKind, SendOutcome,
};
use vigie::domain::offer::{Offer, Usage};
use vigie::domain::person::Role;
use vigie::domain::profile::Environment;
use vigie::domain::time::Timestamp;
use vigie::notify;

use crate::support::clock::HeldClock;

/// 2026-11-22T08:00:00Z.
const NOW: i64 = 1_795_334_400;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

/// The channels of a configuration, as the daemon makes them.
fn channels(text: &str) -> Vec<Arc<dyn Channel>> {
    let text = format!("node = \"srv-pki-1\"\n{text}");
    let loaded = config::from_texts(&[(PathBuf::from("/nowhere/vigie.toml"), text)]);
    let config = loaded.unwrap_or_else(|said| panic!("{}", said.render(Lang::En))).config;
    let clock: SharedClock = Arc::new(HeldClock::at(NOW));
    notify::channels(&config, &clock)
}

/// The only channel of a configuration.
fn channel(text: &str) -> Arc<dyn Channel> {
    let mut all = channels(text);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// An approaching end of a declared certificate.
fn expiring(id: &str, days: i64) -> NoticeItem {
    let end = now().plus_days(days);
    let finding = Finding::new("expiring", Severity::Warning, &Subject::Declared(id.parse().expect("an id")))
        .fact("id", id)
        .fact("structure", "chex")
        .fact("impacts", "DMP, INSi")
        .fact("administrators", "at-1")
        .fact("subject", "CN=DRIMbox")
        .fact("sha256", "ab".repeat(32))
        .fact("not_after", end)
        .fact("path", "/etc/drimbox/client.pem")
        .fact("igc_sante", "yes")
        .fact("end", end)
        .fact("step", "30d");
    NoticeItem {
        moment: Moment::Step,
        severity: if days < 15 { Severity::Critical } else { Severity::Warning },
        finding,
        since: now().plus_days(-3),
        end: Some(end),
        certificate: Some(NoticeCertificate {
            id: id.to_owned(),
            offer: Offer::Org,
            usage: Usage::AuthCli,
            environment: Environment::Production,
            structure: "CENTRE HOSPITALIER D'EXEMPLE".to_owned(),
            identity: Some("DRIMbox".to_owned()),
            impacts: vec!["DMP".to_owned(), "INSi".to_owned()],
            files: NoticeFiles {
                cert: Some("/etc/drimbox/client.pem".to_owned()),
                key: Some("/etc/drimbox/client.key".to_owned()),
                chain: Some("/etc/drimbox/chain.pem".to_owned()),
                fullchain: None,
            },
        }),
        actors: vec![
            NoticeActor {
                person: "at-1".to_owned(),
                role: Role::AdministrateurTechnique,
                name: Some("Camille EXEMPLE".to_owned()),
                card: Some("2600301752".to_owned()),
            },
            NoticeActor { person: "mand-1".to_owned(), role: Role::Mandataire, name: None, card: None },
        ],
    }
}

fn notice(kind: NoticeKind, items: Vec<NoticeItem>) -> Notice {
    Notice {
        id: EventId([0x5a; 16]),
        at: now(),
        node: "srv-pki-1".to_owned(),
        kind,
        items,
        audit: (1234, "c0ffee".repeat(10)),
    }
}

fn alerts(items: Vec<NoticeItem>) -> Notice {
    notice(NoticeKind::Alerts, items)
}

fn id() -> String {
    "5a".repeat(16)
}

/// `delivered`, or the reason with `later ` or `refused ` before it.
fn verdict(outcome: &SendOutcome) -> String {
    match outcome {
        SendOutcome::Delivered { .. } => "delivered".to_owned(),
        SendOutcome::Later { reason, .. } => format!("later {reason}"),
        SendOutcome::Refused { reason, .. } => format!("refused {reason}"),
    }
}

fn answer(outcome: &SendOutcome) -> &str {
    match outcome {
        SendOutcome::Delivered { answer } | SendOutcome::Later { answer, .. } | SendOutcome::Refused { answer, .. } => {
            answer
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
