//! What is known of revocation, on both engines: written, corrected, and let go.

use std::path::Path;
use std::sync::Arc;

use vigie::domain::audit_event::Action;
use vigie::domain::crl::{Awaited, AwaitedSubject, CrlState, Held, RevocationChanges, Revocations, Seen};
use vigie::domain::fingerprint::Fingerprint;
use vigie::domain::identifier::CardNumber;
use vigie::domain::profile::Environment;
use vigie::store::Commit;

use super::records::{NOW, event};
use super::{open, sqlite};
use crate::support::postgres::Postgres;

#[tokio::test]
async fn lists_and_oppositions_come_and_go_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    story(&sqlite(folder.path()), folder.path()).await;
}

#[tokio::test]
async fn lists_and_oppositions_come_and_go_on_postgresql() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    story(&server.database().await, folder.path()).await;
}

fn list(number: &str) -> CrlState {
    let held = Held {
        number: Some(number.into()),
        this_update: NOW,
        next_update: Some(NOW.plus_days(6)),
        entries: 3,
        bytes: 500,
        identity: Fingerprint([7; 32]),
        taken_at: NOW,
    };
    CrlState { issuer: "CN=AC é".into(), held: Some(held), last_attempt: Some(NOW), ..CrlState::default() }
}

async fn story(url: &str, folder: &Path) {
    let store = open(url, folder).await.expect("a first start");
    let card = CardNumber::parse("2600301752", Environment::Production).expect("a number").value;
    let card = AwaitedSubject::Card(card);
    let certificate = AwaitedSubject::Certificate(Fingerprint([9; 32]));
    let awaited = |what: &AwaitedSubject, declared: i64, seen| Awaited {
        what: what.clone(),
        declared_at: NOW.plus_days(declared),
        asked_at: NOW,
        seen,
    };
    let seen = Seen { at: NOW, revoked_at: NOW, crl_number: Some("4".into()) };
    let first = RevocationChanges {
        lists: vec![("aa".into(), list("900")), ("bb".into(), list("2"))],
        awaited: vec![awaited(&card, -9, Some(seen)), awaited(&card, -2, None), awaited(&certificate, -2, None)],
        ..RevocationChanges::default()
    };
    let mut known = Revocations::default();
    // Forgotten and had again, corrected, and withdrawn.
    let second = RevocationChanges {
        lists: vec![("aa".into(), list("3"))],
        awaited: vec![awaited(&card, -1, None)],
        forgotten: vec!["aa".into(), "bb".into(), "of nobody".into()],
        no_longer_awaited: vec![(card.clone(), NOW.plus_days(-2)), (certificate.clone(), NOW.plus_days(-2))],
        ..RevocationChanges::default()
    };
    for changes in [first, second] {
        known = known.after(&changes);
        let commit = Commit::new(event(Action::CrlForgotten, "crl:x")).revocation(Arc::new(changes));
        store.commit(commit, NOW).await.expect("committed");
        let mut loaded = store.revocations().await.expect("loaded");
        for awaited in [&mut known.awaited, &mut loaded.awaited] {
            awaited.sort_by(|a, b| (&a.what, a.declared_at).cmp(&(&b.what, b.declared_at)));
        }
        assert_eq!(loaded, known);
    }
    assert_eq!(known.lists.keys().map(|name| &**name).collect::<Vec<_>>(), ["aa"]);
    assert_eq!(known.awaited, [awaited(&card, -9, known.awaited[0].seen.clone()), awaited(&card, -1, None)]);
    store.close().await;
}
