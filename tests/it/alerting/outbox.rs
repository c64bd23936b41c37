//! The outbox: what is decided leaves, once where all goes well, under one id where it does not, and never only in memory.

use std::time::Duration;

use vigie::domain::delivery::DeliveryWord;
use vigie::domain::notice::{NoticeKind, SendOutcome};
use vigie::domain::time::Timestamp;
use vigie::engine::{AckRefusal, Refusal};
use vigie::store::DeliveryFilter;

use super::watch::{REGISTER, Running, World, caller, missing, times};

const MINUTE: Duration = Duration::from_secs(60);

fn later(reason: &'static str) -> Option<SendOutcome> {
    Some(SendOutcome::Later { reason, answer: "no".to_owned(), after: None })
}

fn in_state(state: DeliveryWord) -> DeliveryFilter {
    DeliveryFilter { limit: 1000, state: Some(state), ..DeliveryFilter::default() }
}

#[tokio::test]
async fn what_is_found_is_told_once_and_its_end_too() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    let daemon = world.start().await;
    let first = ["smtp at-1@ch.fr: opened missing certificate:c0", "webhook:astreinte : opened missing certificate:c0"];
    assert_eq!(world.lines(), first);
    let status = daemon.handle.snapshot().status.clone();
    assert_eq!((status.deliveries.pending, status.deliveries.failed, status.alerts.open), (0, 0, 1));
    assert!(status.channels["smtp"].last_success.is_some());
    // The audit head of the mail is one the trail has.
    let got = world.got();
    assert!(got[0].notice.audit.0 > 0 && got[0].notice.audit.0 <= status.audit.seq);
    assert_eq!(got[0].notice.items[0].certificate.as_ref().expect("declared").structure, "CH");

    daemon.settle().await;
    daemon.stop().await;
    let daemon = world.start().await;
    assert_eq!(world.lines(), first, "a restart tells nothing again");

    // Taken on: by whom, until when, why, and only so far.
    let now = world.now();
    let alert = daemon.handle.snapshot().alerts.values().next().expect("one").id;
    let too_late = daemon.handle.acknowledge(caller(), alert, now.plus_days(400), "x".into()).await;
    assert!(matches!(too_late, Err(Refusal::Acknowledgement(AckRefusal::TooLate { .. }))));
    let taken = daemon.handle.acknowledge(caller(), alert, now.plus_days(10), "ordered".into()).await.expect("taken");
    assert_eq!(taken.acknowledgement().expect("one").by, "daemon");
    for _ in 0..9 {
        world.clock.pass(24 * 60 * MINUTE);
        daemon.quiet().await;
    }
    assert_eq!(world.lines().len(), 2, "quiet while it lasts");

    // It is there after all.
    super::watch::write_config(world.folder.path(), REGISTER);
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    world.clock.pass(65 * MINUTE);
    daemon.quiet().await;
    let all = world.lines();
    assert_eq!(
        all[2..],
        ["smtp at-1@ch.fr: resolved missing certificate:c0", "webhook:astreinte : resolved missing certificate:c0"]
    );
    assert!(daemon.handle.snapshot().alerts.is_empty());
    let events =
        daemon.store.audit(&vigie::store::AuditFilter { limit: 1000, ..Default::default() }).await.expect("read");
    let count = |action: &str| events.iter().filter(|(event, _)| event.event.action.as_str() == action).count();
    assert_eq!((count("alert_opened"), count("alert_resolved"), count("delivered")), (1, 1, 4));
    assert_eq!(count("alert_acknowledged"), 2, "the refused one too");
    assert_eq!(daemon.store.verify_chain(None).await.expect("walked").broken, None);
    daemon.stop().await;
}

#[tokio::test]
async fn a_refused_address_is_told_of_and_the_next_person_told() {
    let world = World::new(&format!("{REGISTER}{}", missing(2)));
    let refused = SendOutcome::Refused { reason: "recipient_refused", answer: "550 no such user".to_owned() };
    world.answer("smtp", "at-1@ch.fr", Some(refused.clone()));
    world.answer("smtp", "mandataire@ch.fr", Some(refused));
    let daemon = world.start().await;
    let mails: Vec<String> =
        world.got().into_iter().filter(|got| got.channel == "smtp").map(|got| got.address).collect();
    assert_eq!(mails, ["at-1@ch.fr", "mandataire@ch.fr", "rssi@ch.fr"]);
    let last = world.got().into_iter().rfind(|got| got.channel == "smtp").expect("one");
    assert_eq!(last.notice.items.len(), 2, "with everything it said");
    let status = daemon.handle.snapshot().status.clone();
    assert_eq!((status.deliveries.pending, status.deliveries.failed), (0, 2));
    let (listed, total) = daemon.store.deliveries(&in_state(DeliveryWord::Refused)).await.expect("read");
    assert_eq!(total, 2);
    assert_eq!(listed[0].delivery.state.failure().expect("one").answer, "550 no such user");
    daemon.stop().await;
}

#[tokio::test]
async fn a_failing_channel_is_tried_again_under_one_id_and_told_of_by_the_other() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    world.answer("smtp", "at-1@ch.fr", later("connection_refused"));
    let daemon = world.start().await;
    // 1, 5, 15, 30, 60 minutes, then each hour.
    for _ in 0..111 {
        world.clock.pass(MINUTE);
        daemon.quiet().await;
    }
    let got = world.got();
    let tries = got.iter().filter(|got| got.channel == "smtp" && got.notice.kind == NoticeKind::Alerts);
    let said: Vec<_> = tries.map(|got| &got.notice).collect();
    assert_eq!(said.len(), 6, "at once, and after 1, 6, 21, 51 and 111 minutes");
    assert!(said.iter().all(|notice| *notice == said[0]), "one id, and one message: {said:#?}");
    let of_path: Vec<String> = world.lines().into_iter().filter(|line| line.contains("failed")).collect();
    assert_eq!(of_path, ["webhook:astreinte : smtp failed connection_refused"], "after an hour, once");
    let status = daemon.handle.snapshot().status.clone();
    assert!(status.channels["smtp"].failing_since.is_some() && status.deliveries.pending == 1);

    // It works again: the message arrives and the channel is whole.
    world.answer("smtp", "at-1@ch.fr", None);
    world.clock.pass(61 * MINUTE);
    daemon.quiet().await;
    let status = daemon.handle.snapshot().status.clone();
    assert!(status.channels["smtp"].failing_since.is_none() && status.deliveries.pending == 0);
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_for_days_is_given_up_and_the_next_person_told() {
    let config = format!("{REGISTER}{}", missing(1)).replace("[alerts]\n", "[alerts]\ngive_up = \"2h\"\n");
    let world = World::new(&config);
    world.answer("smtp", "at-1@ch.fr", later("greylisted"));
    let daemon = world.start().await;
    for _ in 0..40 {
        world.clock.pass(10 * MINUTE);
        daemon.quiet().await;
    }
    let (given_up, _) = daemon.store.deliveries(&in_state(DeliveryWord::GivenUp)).await.expect("read");
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].delivery.address, "at-1@ch.fr");
    let next = "smtp mandataire@ch.fr: opened missing certificate:c0".to_owned();
    assert!(world.lines().contains(&next), "{:?}", world.lines());
    daemon.stop().await;
}

#[tokio::test]
async fn a_slow_target_holds_up_nobody_else() {
    let mut world = World::new(&format!("{REGISTER}{}", missing(3)));
    world.takes.insert("smtp", Duration::from_secs(3600));
    let daemon = world.start_unscanned().await;
    daemon.handle.scan(caller()).await.expect("scanned");
    for _ in 0..500 {
        daemon.handle.look().await.expect("looked");
        if !world.got().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let got = world.got();
    assert_eq!(got.len(), 1, "while the relay thinks");
    assert_eq!((got[0].channel.as_str(), got[0].notice.items.len()), ("webhook:astreinte", 3));
    daemon.task.abort();
}

#[tokio::test]
async fn killed_while_sending_it_sends_again_under_the_same_id() {
    let mut world = World::new(&format!("{REGISTER}{}", missing(1)));
    // The other side has it, and the answer never comes.
    world.takes.insert("smtp", Duration::from_secs(3600));
    let daemon = world.start_unscanned().await;
    daemon.handle.scan(caller()).await.expect("scanned");
    let sending = loop {
        daemon.handle.look().await.expect("looked");
        let (sending, _) = daemon.store.deliveries(&in_state(DeliveryWord::Sending)).await.expect("read");
        // What the other target took is written down: it is the relay's answer that is lost.
        if daemon.handle.snapshot().status.deliveries.pending > 1 {
            continue;
        }
        if let Some(one) = sending.into_iter().find(|listed| listed.delivery.channel == "smtp") {
            break one.delivery;
        }
    };
    daemon.task.abort();
    daemon.task.await.expect_err("killed");
    daemon.store.close().await;
    world.takes.clear();
    let daemon = world.start().await;
    let got = world.got();
    let mail = got.iter().find(|got| got.channel == "smtp").expect("sent again");
    assert_eq!(mail.notice.id, sending.id);
    assert!(times(&got).values().all(|times| *times == 1), "{:?}", times(&got));
    let (listed, _) = daemon.store.deliveries(&in_state(DeliveryWord::Delivered)).await.expect("read");
    let again = listed.iter().find(|listed| listed.delivery.id == sending.id).expect("delivered");
    assert_eq!(again.delivery.attempts, 2);
    daemon.stop().await;
}

#[tokio::test]
async fn a_storm_is_one_message_and_a_flood_waits() {
    let world = World::new(&format!("{REGISTER}{}", missing(300)));
    let daemon = world.start().await;
    let got = world.got();
    assert_eq!(got.len(), 2);
    assert!(got.iter().all(|got| got.notice.items.len() == 300));
    // One after the other now: six messages an hour, the rest as one.
    for count in 301..=312 {
        super::watch::write_config(world.folder.path(), &format!("{REGISTER}{}", missing(count)));
        daemon.handle.reload(caller()).await.expect("reloaded");
        daemon.settle().await;
        world.clock.pass(MINUTE);
        daemon.quiet().await;
    }
    let mails = |world: &World| world.got().iter().filter(|got| got.channel == "smtp").count();
    assert_eq!(mails(&world), 6);
    world.clock.pass(60 * MINUTE);
    daemon.quiet().await;
    let got = world.got();
    let told: usize = got.iter().filter(|got| got.channel == "smtp").map(|got| got.notice.items.len()).sum();
    assert_eq!((mails(&world), told), (7, 312), "nothing is left out");
    daemon.stop().await;
}

#[tokio::test]
async fn a_test_goes_through_every_channel_and_says_what_was_answered() {
    let world = World::new(REGISTER);
    world.answer("webhook:astreinte", "", later("http_500"));
    let daemon = world.start().await;
    let quiet = async {
        for _ in 0..50 {
            daemon.quiet().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (report, ()) = tokio::join!(daemon.handle.test_alerts(caller(), Vec::new()), quiet);
    let report = report.expect("a report");
    let mut lines: Vec<String> =
        report.iter().map(|one| format!("{} {} {} {}", one.channel, one.address, one.delivered, one.answer)).collect();
    lines.sort();
    assert_eq!(lines, ["smtp rssi@ch.fr true 250 ok", "webhook:astreinte  false no"]);
    let refused = daemon.handle.test_alerts(caller(), vec!["stranger@elsewhere.fr".to_owned()]).await;
    assert_eq!(refused, Err(Refusal::UnknownAddress), "not a relay for anybody");
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 0, "a test is not tried again");
    daemon.stop().await;
}

#[tokio::test]
async fn the_digest_leaves_once_a_month() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    let daemon = world.start().await;
    let digests = || {
        let is_digest = |got: &&super::watch::Got| matches!(got.notice.kind, NoticeKind::Digest(_));
        world.got().iter().filter(is_digest).cloned().collect::<Vec<_>>()
    };
    let first: Timestamp = "2027-02-01T07:00:00Z".parse().expect("an instant");
    pass_until(&world, &daemon, first).await;
    let got = digests();
    assert_eq!(got.len(), 3, "two persons and the target");
    let NoticeKind::Digest(digest) = &got[0].notice.kind else { panic!("a digest") };
    assert_eq!((digest.declared, digest.open_alerts), (1, 1));
    assert!(digest.delivered >= 2 && digest.failed == 0);
    // The clock is set back across it: it is not said again.
    world.clock.set(first.plus_seconds(-3600));
    daemon.quiet().await;
    world.clock.pass(61 * MINUTE);
    daemon.quiet().await;
    assert_eq!(digests().len(), 3);
    daemon.stop().await;
}

/// Time goes by, and the daemon looks every twelve hours at least.
async fn pass_until(world: &World, daemon: &Running, until: Timestamp) {
    while world.now() < until {
        let left = (until.unix() - world.now().unix()).unsigned_abs();
        world.clock.pass(Duration::from_secs(left.min(12 * 3600)));
        daemon.quiet().await;
    }
}

#[tokio::test]
async fn a_digest_of_a_wrong_clock_silences_none() {
    let world = World::new(REGISTER);
    let daemon = world.start().await;
    let digests = || world.got().iter().filter(|got| matches!(got.notice.kind, NoticeKind::Digest(_))).count();
    let (truth, first) = (world.now(), "2027-02-01T07:00:00Z".parse::<Timestamp>().expect("an instant"));
    world.clock.set(first);
    daemon.quiet().await;
    assert_eq!(digests(), 3, "two persons and the target");
    world.clock.set(truth.plus_seconds(3600));
    daemon.quiet().await;
    pass_until(&world, &daemon, first).await;
    assert_eq!(digests(), 6, "the very same day, in its time");
    pass_until(&world, &daemon, first.plus_days(20)).await;
    assert_eq!(digests(), 6);
    assert!(times(&world.got()).values().all(|times| *times == 1));
    daemon.stop().await;
}

#[tokio::test]
async fn a_digest_that_was_missed_leaves_at_the_next_start() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    let digests = || world.got().iter().filter(|got| matches!(got.notice.kind, NoticeKind::Digest(_))).count();
    let at = |text: &str| world.clock.set(text.parse().expect("an instant"));
    // The very first one, with the daemon down over the first of the month.
    world.start().await.stop().await;
    assert_eq!(digests(), 0);
    at("2027-02-03T10:00:00Z");
    let daemon = world.start().await;
    assert_eq!(digests(), 3, "two persons and the target");
    daemon.settle().await;
    daemon.stop().await;
    world.start().await.stop().await;
    assert_eq!(digests(), 3, "once");
    // A machine that slept over the next one.
    let daemon = world.start().await;
    at("2027-03-01T12:00:00Z");
    daemon.quiet().await;
    assert_eq!(digests(), 6);
    daemon.stop().await;
}

#[tokio::test]
async fn tests_take_nothing_from_the_cap_of_the_alerts() {
    let world = World::new(REGISTER);
    let daemon = world.start().await;
    for _ in 0..8 {
        let quiet = async {
            for _ in 0..20 {
                daemon.quiet().await;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let to = vec!["at-1@ch.fr".to_owned()];
        let (report, ()) = tokio::join!(daemon.handle.test_alerts(caller(), to), quiet);
        assert!(report.expect("a report").iter().all(|one| one.delivered));
    }
    super::watch::write_config(world.folder.path(), &format!("{REGISTER}{}", missing(1)));
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    assert!(
        world.lines().contains(&"smtp at-1@ch.fr: opened missing certificate:c0".to_owned()),
        "{:?}",
        world.lines()
    );
    // Nor after a restart, which reads what was made lately from its rows.
    daemon.stop().await;
    let daemon = world.start().await;
    super::watch::write_config(world.folder.path(), &format!("{REGISTER}{}", missing(2)));
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    assert!(
        world.lines().contains(&"smtp at-1@ch.fr: opened missing certificate:c1".to_owned()),
        "{:?}",
        world.lines()
    );
    daemon.stop().await;
}
