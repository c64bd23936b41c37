//! Alerts and the outbox on both engines: what is committed is what is loaded.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vigie::domain::alert::{
    Acknowledgement, Alert, AlertChanges, AlertEvent, AlertState, Audience, Earlier, Mark, Said,
};
use vigie::domain::audit_event::Action;
use vigie::domain::delivery::{ChannelHealth, Delivery, DeliveryState, DeliveryWord, Failure};
use vigie::domain::notice::{Digest, EventId, Moment, NoticeItem, NoticeKind};
use vigie::store::{Commit, DeliveryFilter, OutboxChanges, Store};

use super::records::{NOW, event, finding};
use super::{open, sqlite};
use crate::support::postgres::Postgres;

/// Alerts that open in one commit.
const MANY: i64 = 10_000;

#[tokio::test]
async fn one_story_of_alerts_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    story(&sqlite(folder.path()), folder.path()).await;
}

#[tokio::test]
async fn one_story_of_alerts_on_postgresql() {
    let server = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    story(&server.database().await, folder.path()).await;
}

fn id(number: i64) -> EventId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    EventId(bytes)
}

fn alert(number: i64, state: AlertState) -> Alert {
    let finding = finding("expiring", &format!("certificate:c{number}"), "odd \" \u{1f4a9}\0 é");
    let said = vec![Said { mark: Mark::opened(), at: NOW }];
    let end = (number % 2 == 0).then(|| NOW.plus_days(number));
    // Some counted to another end before.
    let taken = Acknowledgement { by: "at-1".to_owned(), at: NOW, until: NOW.plus_days(3), reason: "é\0".to_owned() };
    let before = Earlier { end: Some(NOW.plus_days(9)), said: said.clone(), acknowledgement: Some(taken) };
    let earlier = if number % 3 == 0 { vec![before] } else { Vec::new() };
    let reached = Some(Audience::Principals);
    Alert { id: number, finding, opened_at: NOW, end, state, said, earlier, reached, words: 3 }
}

fn word(alert: &Alert) -> AlertEvent {
    AlertEvent {
        id: id(alert.id),
        alert: alert.id,
        at: NOW,
        mark: Mark::opened(),
        audience: Audience::Principals,
        item: NoticeItem {
            moment: Moment::Opened,
            severity: alert.finding.severity,
            finding: alert.finding.clone(),
            since: NOW,
            end: alert.end,
            certificate: None,
            actors: Vec::new(),
        },
    }
}

fn message(number: i64, kind: NoticeKind, state: DeliveryState) -> Delivery {
    Delivery {
        id: id(number),
        channel: "smtp".to_owned(),
        address: format!("u{number}@x.fr"),
        kind,
        created_at: NOW,
        state,
        attempts: 2,
        waited: Duration::from_secs(90),
        audit: Some((9, "ab".repeat(32))),
    }
}

async fn write(store: &Store, alerts: AlertChanges, outbox: OutboxChanges) {
    let commit = Commit::new(event(Action::AlertsJudged, "alerts")).alerts(Arc::new(alerts)).outbox(Arc::new(outbox));
    store.commit(commit, NOW).await.expect("committed");
}

async fn story(url: &str, folder: &Path) {
    let store = open(url, folder).await.expect("opened");
    // Ten thousand at once, in one message.
    let all: Vec<Alert> = (1..=MANY).map(|number| alert(number, AlertState::Open)).collect();
    let digest = NoticeKind::Digest(Digest { ends: vec![("dmp".to_owned(), NOW)], ..Digest::default() });
    let pending = message(1, NoticeKind::Alerts, DeliveryState::Pending { due: NOW });
    let failure = Failure { reason: "greylisted".to_owned(), answer: "450 later\0".to_owned() };
    let failed = DeliveryState::Failed { at: NOW, due: NOW.plus_seconds(60), failure: failure.clone() };
    let outbox = OutboxChanges {
        new: vec![pending.clone(), message(2, digest.clone(), failed)],
        items: (1..=MANY).map(|number| (id(1), id(number))).collect(),
        channels: [("smtp".to_owned(), ChannelHealth { failing_since: Some(NOW), failures: 3, ..Default::default() })]
            .into(),
        ..OutboxChanges::default()
    };
    let changes = AlertChanges { alerts: all.clone(), events: all.iter().map(word).collect() };
    write(&store, changes.clone(), outbox.clone()).await;
    // The same once more changes nothing.
    write(&store, changes, outbox).await;

    let loaded = store.load().await.expect("loaded");
    assert_eq!((loaded.alerts.len(), loaded.next_alert), (10_000, MANY + 1));
    let first = loaded.alerts.values().find(|alert| alert.id == 1).expect("the first");
    assert_eq!(first.finding.facts.len(), all[0].finding.facts.len());
    assert_eq!((first.end, &first.said, first.reached), (all[0].end, &all[0].said, all[0].reached));
    for known in &all[..9] {
        let loaded = loaded.alerts.values().find(|alert| alert.id == known.id).expect("there");
        assert_eq!((&loaded.said, &loaded.earlier), (&known.said, &known.earlier));
    }
    assert_eq!(loaded.outbox.open.len(), 2);
    assert_eq!(loaded.outbox.open[0], pending);
    assert_eq!(loaded.outbox.open[1].kind, digest);
    assert_eq!(loaded.outbox.open[1].state.failure().expect("one").reason, "greylisted");
    assert_eq!(loaded.outbox.channels["smtp"].failures, 3);
    assert_eq!(store.delivery_items(id(1)).await.expect("read").len(), 10_000);

    // Lives go on: taken on, fading, over; the finding of one that is over opens another in the same commit.
    let acknowledgement =
        Acknowledgement { by: "at-1".to_owned(), at: NOW, until: NOW.plus_days(3), reason: "ordered".to_owned() };
    let again = Alert { id: MANY + 1, ..alert(3, AlertState::Open) };
    let alerts = vec![
        again.clone(),
        alert(1, AlertState::Acknowledged(acknowledgement.clone())),
        alert(2, AlertState::Fading { since: NOW, acknowledgement: Some(acknowledgement) }),
        alert(3, AlertState::Resolved { at: NOW.plus_seconds(5) }),
    ];
    let settled = message(1, NoticeKind::Alerts, DeliveryState::Refused { at: NOW.plus_seconds(5), failure });
    let outbox = OutboxChanges { changed: vec![settled], ..OutboxChanges::default() };
    write(&store, AlertChanges { alerts: alerts.clone(), events: Vec::new() }, outbox).await;
    store.close().await;
    let store = open(url, folder).await.expect("a second start");
    let loaded = store.load().await.expect("loaded");
    let state = |id: i64| loaded.alerts.values().find(|alert| alert.id == id).map(|alert| alert.state.clone());
    assert_eq!((state(1), state(2)), (Some(alerts[1].state.clone()), Some(alerts[2].state.clone())));
    assert_eq!((state(3), state(MANY + 1)), (None, Some(AlertState::Open)));
    assert_eq!(store.resolved_alerts(NOW, 10).await.expect("read").len(), 1);
    assert_eq!(store.resolved_alerts(NOW.plus_seconds(6), 10).await.expect("read").len(), 0);
    assert_eq!((loaded.outbox.open.len(), loaded.outbox.failed.len()), (1, 1));

    // Lists: by state, by alert, in pages, newest first.
    let filter = DeliveryFilter { limit: 1, ..DeliveryFilter::default() };
    let (page, total) = store.deliveries(&filter).await.expect("read");
    assert_eq!((page.len(), total, page[0].delivery.id), (1, 2, id(2)));
    let (page, _) =
        store.deliveries(&DeliveryFilter { before: Some(page[0].number), ..filter.clone() }).await.expect("read");
    assert_eq!((page[0].delivery.id, page[0].items), (id(1), MANY));
    let refused = DeliveryFilter { state: Some(DeliveryWord::Refused), alert: Some(7), limit: 9, ..filter };
    assert_eq!(store.deliveries(&refused).await.expect("read").1, 1);
    let carriers = store.carriers(id(1)).await.expect("read");
    assert_eq!((carriers.len(), carriers[&id(7)][0].address.as_str()), (10_000, "u1@x.fr"));
    assert_eq!(store.delivery_counts(NOW).await.expect("read"), (0, 1));

    // What is old and settled is forgotten, with what only it said.
    let forget = OutboxChanges { forget_before: Some(NOW.plus_days(1)), ..OutboxChanges::default() };
    write(&store, AlertChanges::default(), forget).await;
    assert_eq!(store.deliveries(&DeliveryFilter { limit: 9, ..Default::default() }).await.expect("read").1, 1);
    assert!(store.delivery_items(id(1)).await.expect("read").is_empty());
    store.close().await;
}
