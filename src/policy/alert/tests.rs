//! The life of alerts: who is told what on which day, and what a clock that jumps does to it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::outgoing::{self, Standing};
use super::recipients::{ToldRoutes, next_contact, routes};
use super::*;
use crate::domain::declaration::Declaration;
use crate::domain::finding::Subject;
use crate::domain::inventory::Inventory;
use crate::domain::lived::Lived;
use crate::domain::notice::{EventId, Reach};
use crate::domain::person::{Mandate, Person, Role};
use crate::policy::Settings;
use crate::policy::fixture::{World, id};

const MORNING: &str = "2027-01-15T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn id_of(name: &str) -> EventId {
    // FNV-1a, twice: any function of the text will do here.
    let hash =
        |seed: u64| name.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let (one, two) = (hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&one.to_be_bytes());
    bytes[8..].copy_from_slice(&two.to_be_bytes());
    EventId(bytes)
}

/// A daemon without anything around it.
struct Watch {
    inventory: Inventory,
    policy: Settings,
    alerts: AlertSettings,
    channels: Vec<(String, Reach)>,
    open: OpenAlerts,
    findings: BTreeMap<FindingKey, FindingRecord>,
    resolved: Vec<Alert>,
    lived: Lived,
    told: ToldRoutes,
    next: i64,
}

/// What was said: code, mark, moment, audience.
type Heard = (String, String, Moment, Audience);

impl Watch {
    fn new() -> Self {
        Self::of(World::new().with_installed("dmp", 1).inventory())
    }

    fn of(inventory: Inventory) -> Self {
        let mut declaration = Declaration::clone(&inventory.declaration);
        let roles = [
            ("at-1", Role::AdministrateurTechnique),
            ("mandataire", Role::Mandataire),
            ("directeur", Role::RepresentantLegal),
            ("rssi", Role::Contact),
        ];
        for (name, role) in roles {
            declaration.persons.insert(id(name), person(name));
            if !matches!(name, "at-1" | "rssi") {
                declaration.mandates.push(mandate(name, role));
            }
        }
        let alerts = AlertSettings { on_call: vec![id("rssi")], ..AlertSettings::default() };
        Self {
            inventory: Inventory { declaration: declaration.into(), ..inventory },
            policy: Settings::default(),
            alerts,
            channels: vec![("smtp".into(), Reach::Mail), ("webhook:x".into(), Reach::Target)],
            open: OpenAlerts::new(),
            findings: BTreeMap::new(),
            resolved: Vec::new(),
            lived: Lived::default(),
            told: ToldRoutes::default(),
            next: 1,
        }
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            inventory: &self.inventory,
            policy: &self.policy,
            alerts: &self.alerts,
            timezone: chrono_tz::Europe::Paris,
            channels: &self.channels,
            id_of,
        }
    }

    /// Judges `findings` at `now`, as the engine does.
    fn judge(&mut self, findings: &[Finding], now: Timestamp) -> Reconciled {
        if let Some(undone) = self.lived.tick(now) {
            let revived = |alert: &&Alert| matches!(alert.state, AlertState::Resolved { at } if at >= undone);
            let revived = self.resolved.iter().filter(revived).cloned().collect();
            undo(&self.open, revived, undone, now).apply(&mut self.open);
            self.resolved.retain(|alert| !matches!(alert.state, AlertState::Resolved { at } if at >= undone));
        }
        let changes = crate::policy::compare(&self.findings, findings.to_vec());
        for finding in changes.opened {
            self.findings.insert(finding.key.clone(), FindingRecord { finding, since: now, until: None });
        }
        for finding in changes.changed {
            let record = self.findings.get_mut(&finding.key).expect("open");
            record.finding = finding;
        }
        for key in &changes.closed {
            self.findings.remove(key);
        }
        let mut done = reconcile(&self.open, &self.findings, &self.ground(), self.next, now);
        done.close_to(&self.told, &self.channels);
        for (event, routes) in done.changes.events.iter().zip(&done.routes) {
            self.told.entry(event.alert).or_default().extend(routes.iter().cloned());
        }
        self.next += done.changes.alerts.len() as i64;
        let over = done.changes.alerts.iter().filter(|alert| matches!(alert.state, AlertState::Resolved { .. }));
        self.resolved.extend(over.cloned());
        done.changes.apply(&mut self.open);
        done
    }

    fn hear(&mut self, findings: &[Finding], now: Timestamp) -> Vec<Heard> {
        let done = self.judge(findings, now);
        let heard = |event: &crate::domain::alert::AlertEvent| {
            let code = event.item.finding.key.code.to_string();
            (code, event.mark.to_string(), event.item.moment, event.audience)
        };
        done.changes.events.iter().map(heard).collect()
    }
}

fn person(name: &str) -> Person {
    Person {
        id: id(name),
        name: Some(name.to_uppercase()),
        mails: vec![format!("{name}@ch.fr")],
        phone: None,
        card: None,
        firm: None,
        login: None,
    }
}

fn mandate(name: &str, role: Role) -> Mandate {
    Mandate {
        person: id(name),
        structure: id("chex"),
        role,
        offers: Vec::new(),
        perimeter: Vec::new(),
        from: None,
        until: None,
        source: None,
    }
}

fn subject() -> Subject {
    Subject::Declared(id("dmp"))
}

fn expiring(end: Timestamp, now: Timestamp) -> Finding {
    let severity = if end.days_after(now) < 15 { Severity::Critical } else { Severity::Warning };
    Finding::new("expiring", severity, &subject()).fact("id", "dmp").fact("structure", "chex").fact("end", end)
}

fn expired(end: Timestamp) -> Finding {
    Finding::new("expired", Severity::Critical, &subject()).fact("id", "dmp").fact("structure", "chex").fact("end", end)
}

/// What the two rules say of a certificate that ends at `end`.
fn rules(end: Timestamp, now: Timestamp) -> Vec<Finding> {
    use crate::domain::threshold::Threshold;
    if now > end {
        vec![expired(end)]
    } else if Threshold::Months(2).begins(end.plus_days(-1095), end) <= now {
        vec![expiring(end, now)]
    } else {
        Vec::new()
    }
}

/// Hours from `from` on, as the daemon judges: five past each.
fn hours(from: Timestamp, hours: i64) -> impl Iterator<Item = Timestamp> {
    (0..hours).map(move |hour| from.plus_seconds(hour * 3600 + 300))
}

#[test]
fn a_certificate_that_nobody_renews() {
    let end = at("2027-04-15T10:00:00Z");
    let mut watch = Watch::new();
    let mut heard = Vec::new();
    for now in hours(at("2027-01-20T00:00:00Z"), 24 * 110) {
        for (code, mark, moment, audience) in watch.hear(&rules(end, now), now) {
            heard.push(format!("{} {code} {moment} {mark} {audience}", &now.to_string()[..16]));
        }
    }
    // Summer time begins on 28 March: 8:05 in Paris is then 6:05 UTC.
    let expected = [
        "2027-02-14T10:05 expiring opened step 2m administrators",
        "2027-03-01T07:05 expiring step step 45d administrators",
        "2027-03-16T07:05 expiring step step 30d principals",
        "2027-03-31T06:05 expiring step step 15d principals",
        "2027-04-08T06:05 expiring daily day 2027-04-08 on_call",
        "2027-04-09T06:05 expiring daily day 2027-04-09 on_call",
        "2027-04-10T06:05 expiring daily day 2027-04-10 on_call",
        "2027-04-11T06:05 expiring daily day 2027-04-11 on_call",
        "2027-04-12T06:05 expiring daily day 2027-04-12 on_call",
        "2027-04-13T06:05 expiring daily day 2027-04-13 on_call",
        "2027-04-14T06:05 expiring daily day 2027-04-14 on_call",
        "2027-04-15T06:05 expiring daily day 2027-04-15 on_call",
        "2027-04-15T10:05 expired expired after 0 on_call",
        "2027-04-19T06:05 expired expired after 1 on_call",
        "2027-04-26T06:05 expired expired after 2 on_call",
        "2027-05-03T06:05 expired expired after 3 on_call",
    ];
    assert_eq!(heard, expected);
}

#[test]
fn the_29th_of_february_is_a_day() {
    let steps = |end: Timestamp, from: &str, days: i64| -> Vec<String> {
        let mut watch = Watch::new();
        let heard = hours(at(from), 24 * days).flat_map(|now| {
            let heard = watch.hear(&rules(end, now), now);
            heard.into_iter().map(move |heard| format!("{} {}", &now.to_string()[..10], heard.1))
        });
        heard.collect()
    };
    // Two months before is that day where there is one, and the last of the month where there is none.
    assert_eq!(steps(at("2028-04-29T10:00:00Z"), "2028-02-20T00:00:00Z", 12), ["2028-02-29 step 2m"]);
    assert_eq!(steps(at("2027-04-29T10:00:00Z"), "2027-02-20T00:00:00Z", 12), ["2027-02-28 step 2m"]);
    // The last days go over it, and so does the year after.
    let daily = steps(at("2028-03-02T10:00:00Z"), "2028-02-27T00:00:00Z", 5);
    let days = ["2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02"];
    assert_eq!(daily[..5], days.map(|day| format!("{day} day {day}")), "{daily:?}");
    assert_eq!(steps(at("2028-02-29T10:00:00Z"), "2028-02-29T00:00:00Z", 1).len(), 2, "its day, and its end");
}

/// A daemon that is started at any hour of a Monday, the day of reminders, which is also the day some step begins.
#[test]
fn nothing_is_said_twice_in_one_morning() {
    let midnight = at("2027-01-17T23:00:00Z");
    for (hour, days) in (0..12).flat_map(|hour| (-40..59).map(move |days| (hour, days))) {
        let end = at("2027-01-18T20:00:00Z").plus_days(days);
        let mut watch = Watch::new();
        let morning = hours(midnight.plus_seconds(hour * 3600), 12 - hour);
        let heard: Vec<Heard> = morning.flat_map(|now| watch.hear(&rules(end, now), now)).collect();
        assert_eq!(heard.len(), 1, "started at {hour}:00, {days} days before the end: {heard:?}");
    }
    // What has no end, and stood for ten days before anybody could be told.
    for hour in 0..12 {
        let mut watch = Watch::new();
        let critical = [Finding::new("odd", Severity::Critical, &subject())];
        let channels = std::mem::take(&mut watch.channels);
        watch.hear(&critical, midnight.plus_days(-10));
        watch.channels = channels;
        let morning = hours(midnight.plus_seconds(hour * 3600), 12 - hour);
        let heard: Vec<Heard> = morning.flat_map(|now| watch.hear(&critical, now)).collect();
        assert_eq!(heard.len(), 1, "started at {hour}:00: {heard:?}");
    }
    // What was taken on until midnight speaks at the hour, as itself and as the word of that day.
    let end = at("2027-01-21T10:00:00Z");
    let mut watch = Watch::new();
    let day_before = midnight.plus_days(-1).plus_seconds(10 * 3600);
    watch.hear(&[expiring(end, day_before)], day_before);
    let alert = watch.open.values().next().expect("one").clone();
    let request = AckRequest { actor: "x".into(), person: Some(id("at-1")), until: midnight, reason: "x".into() };
    let taken = acknowledge(&alert, request, &watch.ground(), day_before).expect("taken on");
    watch.open.insert(taken.key().clone(), taken);
    let heard: Vec<(i64, Heard)> = (0..12)
        .flat_map(|hour| {
            let now = midnight.plus_seconds(hour * 3600 + 300);
            watch.hear(&[expiring(end, now)], now).into_iter().map(move |heard| (hour, heard)).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        heard.iter().map(|(hour, heard)| (*hour, heard.2)).collect::<Vec<_>>(),
        [(8, Moment::AcknowledgementEnded)]
    );
}

#[test]
fn closes_with_one_word_when_the_successor_is_there() {
    let end = at("2027-02-20T10:00:00Z");
    let now = at(MORNING);
    let mut watch = Watch::new();
    assert_eq!(watch.hear(&[expiring(end, now)], now).len(), 1);
    // Gone for a moment and back: the same trouble.
    assert_eq!(watch.hear(&[], now.plus_seconds(600)), []);
    assert_eq!(watch.hear(&[expiring(end, now)], now.plus_seconds(1200)), []);
    // Gone for good.
    assert_eq!(watch.hear(&[], now.plus_seconds(1800)), []);
    assert_eq!(watch.hear(&[], now.plus_seconds(5000)), []);
    let closing = watch.hear(&[], now.plus_seconds(5400));
    let word = ("expiring".to_owned(), "resolved".to_owned(), Moment::Resolved, Audience::Administrators);
    assert_eq!(closing, [word]);
    assert!(watch.open.is_empty());
    assert_eq!(watch.hear(&[], now.plus_seconds(9000)), []);
    // Back after that: another alert, told again.
    let again = watch.judge(&[expiring(end, now)], now.plus_seconds(9600));
    assert!(again.changes.alerts[0].id > 1, "numbers are not used twice");
    assert_eq!(again.changes.events[0].item.moment, Moment::Opened);
}

#[test]
fn who_was_told_of_it_hears_of_its_end_and_nobody_else() {
    let end = at("2027-02-20T10:00:00Z");
    let now = at(MORNING);
    let mut watch = Watch::new();
    watch.judge(&[expiring(end, now)], now);
    // Another administrator, and another way out, since then; one that was there is gone.
    let mut declaration = Declaration::clone(&watch.inventory.declaration);
    declaration.persons.insert(id("at-2"), person("at-2"));
    declaration.mandates.retain(|mandate| mandate.person != id("at-1"));
    declaration.mandates.push(mandate("at-2", Role::AdministrateurTechnique));
    watch.inventory.declaration = declaration.into();
    watch.channels = vec![("smtp".into(), Reach::Mail), ("webhook:y".into(), Reach::Target)];
    watch.judge(&[], now.plus_seconds(1800));
    let done = watch.judge(&[], now.plus_seconds(5400));
    assert_eq!(done.changes.events[0].item.moment, Moment::Resolved);
    assert_eq!(done.routes, [[("smtp".to_owned(), "at-1@ch.fr".to_owned())]]);
}

#[test]
fn a_file_that_vanishes_is_no_end_that_was_dealt_with() {
    let end = at("2027-02-20T10:00:00Z");
    let now = at(MORNING);
    let mut watch = Watch::new();
    let missing = Finding::new("missing", Severity::Critical, &subject());
    assert_eq!(watch.hear(&[expiring(end, now)], now).len(), 1);
    let codes = |heard: Vec<(String, String, Moment, Audience)>| {
        heard.into_iter().map(|one| (one.0, one.2)).collect::<Vec<_>>()
    };
    let heard = codes(watch.hear(std::slice::from_ref(&missing), now.plus_seconds(600)));
    assert_eq!(heard, [("missing".to_owned(), Moment::Opened)]);
    assert_eq!(watch.hear(std::slice::from_ref(&missing), now.plus_seconds(90_000)), [], "nothing is settled");
    // Back as it was: the same trouble, and only the file that came back is told of.
    assert_eq!(watch.hear(&[expiring(end, now)], now.plus_seconds(91_000)), []);
    let heard = codes(watch.hear(&[expiring(end, now)], now.plus_seconds(98_000)));
    assert_eq!(heard, [("missing".to_owned(), Moment::Resolved)]);
    // Away again, and then there is a successor.
    watch.hear(std::slice::from_ref(&missing), now.plus_seconds(99_000));
    watch.hear(std::slice::from_ref(&missing), now.plus_seconds(199_000));
    watch.hear(&[], now.plus_seconds(200_000));
    let heard = codes(watch.hear(&[], now.plus_seconds(210_000)));
    assert!(heard.contains(&("missing".to_owned(), Moment::Resolved)), "{heard:?}");
    assert!(watch.open.is_empty(), "{:?}", watch.open.keys());
}

/// A file that shows now the one and now the other of two certificates, both near their end.
#[test]
fn a_place_that_flips_between_two_ends_speaks_once_of_each() {
    let now = at(MORNING);
    let (one, other) = (now.plus_days(40), now.plus_days(50));
    let mut watch = Watch::new();
    let mut heard = Vec::new();
    for turn in 0..40 {
        let now = now.plus_seconds(turn * 300);
        let end = if turn % 2 == 0 { one } else { other };
        heard.extend(watch.hear(&[expiring(end, now)], now));
        if turn == 4 {
            let alert = watch.open.values().next().expect("one").clone();
            assert_eq!(alert.end, Some(one));
            let until = now.plus_days(9);
            let request = AckRequest { actor: "x".into(), person: None, until, reason: "x".into() };
            let taken = acknowledge(&alert, request, &watch.ground(), now).expect("taken on");
            watch.open.insert(taken.key().clone(), taken);
        }
    }
    assert_eq!(heard.iter().map(|heard| heard.1.as_str()).collect::<Vec<_>>(), ["step 45d", "step 2m"]);
    // The step of 30 days of the first falls into what it was taken on for; that of the other does not.
    let alert = watch.open.values().next().expect("one");
    assert_eq!((alert.end, alert.acknowledgement()), (Some(other), None));
    watch.hear(&[expiring(one, now)], now.plus_days(1));
    let alert = watch.open.values().next().expect("one");
    assert!(alert.is_acknowledged(now.plus_days(1)) && alert.has_said(&Mark::from_text("step 45d")));
    // What is remembered has a bound.
    for days in 30..60 {
        watch.hear(&[expiring(now.plus_days(days), now)], now.plus_days(1));
    }
    assert_eq!(watch.open.values().next().expect("one").earlier.len(), crate::domain::alert::EARLIER);
}

/// The only administrator's mandate ends; then the certificate does.
#[test]
fn what_became_worse_is_not_over() {
    let now = at(MORNING);
    let about = |code: &'static str, severity| {
        Finding::new(code, severity, &subject()).fact("id", "dmp").fact("structure", "chex")
    };
    let pairs = [
        ("administrator_card_ends", "administrator_missing"),
        ("revocation_unknown", "expired"),
        ("crl_near_stale", "crl_stale"),
    ];
    for (before, after) in pairs {
        let run = |then: &[Finding]| {
            let mut watch = Watch::new();
            watch.hear(&[about(before, Severity::Warning)], now);
            watch.hear(then, now.plus_seconds(1800));
            let heard = watch.hear(then, now.plus_seconds(9000));
            assert!(!watch.open.keys().any(|key| key.code == before));
            heard.into_iter().map(|heard| (heard.0, heard.2)).collect::<Vec<_>>()
        };
        assert_eq!(run(&[about(after, Severity::Critical)]), [], "{after} took over");
        let over = [(before.to_owned(), Moment::Resolved)];
        assert_eq!(run(&[]), over);
        let elsewhere = Finding::new(after, Severity::Critical, &Subject::Declared(id("dmp-2")));
        assert_eq!(run(&[elsewhere]), over, "of another certificate");
    }
}

#[test]
fn who_names_administrators_is_told_that_there_is_none() {
    let now = at(MORNING);
    for code in ["administrator_missing", "administrator_card_missing", "administrator_card_ends"] {
        let mut watch = Watch::new();
        let mut declaration = Declaration::clone(&watch.inventory.declaration);
        declaration.certificates.values_mut().for_each(|declared| declared.administrators = vec![id("at-1")]);
        declaration.mandates[0].until = now.plus_days(-1).date();
        watch.inventory.declaration = declaration.into();
        let finding = Finding::new(code, Severity::Warning, &subject()).fact("id", "dmp").fact("structure", "chex");
        let done = watch.judge(std::slice::from_ref(&finding), now);
        let mut mails: Vec<&str> = done.routes[0].iter().map(|route| route.1.as_str()).collect();
        mails.sort_unstable();
        assert_eq!(mails, ["", "at-1@ch.fr", "directeur@ch.fr", "mandataire@ch.fr"], "{code}");
    }
}

#[test]
fn what_nobody_was_told_closes_in_silence() {
    let now = at(MORNING);
    let mut watch = Watch::new();
    watch.channels.clear();
    let missing = Finding::new("missing", Severity::Critical, &subject());
    let quiet = Finding::new("odd", Severity::Info, &subject());
    assert_eq!(watch.hear(&[missing.clone(), quiet.clone()], now), []);
    assert!(watch.open.values().all(|alert| alert.said.is_empty()));
    // Somebody can be told now: they are, of what is not only good to know.
    watch.channels.push(("smtp".into(), Reach::Mail));
    let heard = watch.hear(&[missing, quiet], now.plus_days(1));
    assert_eq!(heard.iter().map(|heard| heard.0.as_str()).collect::<Vec<_>>(), ["missing"]);
    watch.channels.clear();
    watch.hear(&[], now.plus_days(2));
    assert_eq!(watch.hear(&[], now.plus_days(3)), []);
    assert!(watch.open.is_empty());
}

#[test]
fn what_has_no_end_is_repeated_while_it_is_critical() {
    let now = at(MORNING);
    let mut watch = Watch::new();
    let warning = Finding::new("odd", Severity::Warning, &subject());
    let critical = Finding::new("odd", Severity::Critical, &subject());
    let mut heard = Vec::new();
    for (day, finding) in (0..40).map(|day| (day, if day < 10 { &warning } else { &critical })) {
        for (_, mark, moment, audience) in watch.hear(std::slice::from_ref(finding), now.plus_days(day)) {
            heard.push(format!("{day} {moment} {mark} {audience}"));
        }
    }
    let expected = [
        "0 opened severity warning administrators",
        "10 escalated severity critical administrators",
        "17 repeated repeat 3 on_call",
        "24 repeated repeat 4 on_call",
        "31 repeated repeat 5 on_call",
        "38 repeated repeat 6 on_call",
    ];
    assert_eq!(heard, expected);
    // A warning waits for the morning, what is critical does not.
    let mut watch = Watch::new();
    let night = at("2027-01-15T02:00:00Z");
    assert_eq!(watch.hear(std::slice::from_ref(&warning), night), []);
    assert_eq!(watch.hear(std::slice::from_ref(&critical), night.plus_seconds(900)).len(), 1);
    let mut watch = Watch::new();
    watch.hear(std::slice::from_ref(&warning), night);
    assert_eq!(watch.hear(std::slice::from_ref(&warning), at("2027-01-15T07:00:00Z")).len(), 1);
}

#[test]
fn taken_on_it_is_quiet_until_the_date() {
    let end = at("2027-02-20T10:00:00Z");
    let now = at(MORNING);
    let mut watch = Watch::new();
    watch.hear(&[expiring(end, now)], now);
    let ask = |until: Timestamp, person: Option<&str>, reason: &str| AckRequest {
        actor: "uid:1000(camille)".to_owned(),
        person: person.map(id),
        until,
        reason: reason.to_owned(),
    };
    let alert = watch.open.values().next().expect("one").clone();
    let try_it = |request| acknowledge(&alert, request, &watch.ground(), now);
    let limit = end.plus_days(-7);
    assert_eq!(try_it(ask(limit, None, " ")), Err(AckRefusal::Reason));
    assert_eq!(try_it(ask(limit, None, "a\nb")), Err(AckRefusal::Reason));
    assert_eq!(try_it(ask(limit, None, "a\u{202e}b")), Err(AckRefusal::Reason));
    let late = acknowledge(&alert, ask(end, None, "x"), &watch.ground(), end.plus_days(-3));
    assert_eq!(late, Err(AckRefusal::TooNear), "no date that has passed is named");
    assert_eq!(try_it(ask(now, None, "x")), Err(AckRefusal::Past));
    assert_eq!(try_it(ask(limit.plus_seconds(1), None, "x")), Err(AckRefusal::NotAdministrator { latest: limit }));
    let stranger = try_it(ask(end, Some("mandataire"), "x"));
    assert_eq!(stranger, Err(AckRefusal::NotAdministrator { latest: limit }));
    assert_eq!(try_it(ask(end.plus_seconds(1), Some("at-1"), "x")), Err(AckRefusal::TooLate { latest: end }));
    assert!(try_it(ask(end, Some("at-1"), "x")).is_ok());

    // What has no end: a month, or a year for an administrator.
    let endless = Finding::new("odd", Severity::Critical, &subject()).fact("id", "dmp");
    let endless = Alert { end: None, finding: endless, ..alert.clone() };
    let try_endless = |request| acknowledge(&endless, request, &watch.ground(), now).map(drop);
    let latest = now.plus_days(31);
    assert_eq!(try_endless(ask(latest, None, "x")), Ok(()));
    assert_eq!(try_endless(ask(latest.plus_seconds(1), None, "x")), Err(AckRefusal::NotAdministrator { latest }));
    assert_eq!(try_endless(ask(now.plus_days(366), Some("at-1"), "x")), Ok(()));

    let taken = try_it(ask(now.plus_days(10), None, "  commande faite ")).expect("taken on");
    let acknowledgement = taken.acknowledgement().expect("one");
    assert_eq!((acknowledgement.by.as_str(), acknowledgement.reason.as_str()), ("uid:1000(camille)", "commande faite"));
    watch.open.insert(taken.key().clone(), taken);
    // The step of 30 days falls into it.
    for day in 1..10 {
        assert_eq!(watch.hear(&[expiring(end, now)], now.plus_days(day)), [], "day {day}");
    }
    let heard = watch.hear(&[expiring(end, now)], now.plus_days(10));
    assert_eq!((heard[0].2, heard[0].3), (Moment::AcknowledgementEnded, Audience::Principals));
    assert_eq!(watch.hear(&[expiring(end, now)], now.plus_days(11)), []);
    let later = end.plus_days(-15).plus_seconds(3600);
    assert_eq!(watch.hear(&[expiring(end, later)], later)[0].1, "step 15d");
}

#[test]
fn recipients_come_from_the_register() {
    let now = at(MORNING);
    let watch = Watch::new();
    let mails = |watch: &Watch, finding: &Finding, audience| {
        let ground = watch.ground();
        let mails = routes(&ground, &ground.about(finding), audience, now);
        mails.into_iter().filter(|(channel, _)| channel == "smtp").map(|(_, mail)| mail).collect::<Vec<_>>()
    };
    let about = expiring(now.plus_days(20), now);
    assert_eq!(mails(&watch, &about, Audience::Administrators), ["at-1@ch.fr"]);
    let all = ["at-1@ch.fr", "mandataire@ch.fr", "directeur@ch.fr", "rssi@ch.fr"];
    assert_eq!(mails(&watch, &about, Audience::OnCall), all);
    assert_eq!(mails(&watch, &about, Audience::Principals), all[..3]);

    let with = |change: &dyn Fn(&mut Declaration, &mut AlertSettings)| {
        let mut watch = Watch::new();
        let mut declaration = Declaration::clone(&watch.inventory.declaration);
        change(&mut declaration, &mut watch.alerts);
        watch.inventory.declaration = declaration.into();
        watch
    };
    let ended = with(&|declaration, _| declaration.mandates[0].until = now.plus_days(-1).date());
    assert_eq!(mails(&ended, &about, Audience::Administrators), ["mandataire@ch.fr"], "nobody administers it");
    let contact = with(&|declaration, _| declaration.mandates.push(mandate("rssi", Role::Contact)));
    assert_eq!(mails(&contact, &about, Audience::Administrators), ["at-1@ch.fr", "rssi@ch.fr"]);
    let nobody = with(&|declaration, alerts| {
        declaration.mandates.clear();
        alerts.on_call.clear();
        alerts.fallback = vec!["garde@ch.fr".to_owned()];
    });
    assert_eq!(mails(&nobody, &about, Audience::Administrators), ["garde@ch.fr"]);
    let lost = with(&|declaration, alerts| {
        declaration.mandates.clear();
        alerts.on_call.clear();
    });
    assert_eq!(mails(&lost, &about, Audience::OnCall), [""; 0]);
    // Of no structure: whoever looks after the machine.
    let source = Finding::new("source_failed", Severity::Warning, &Subject::Source("tls".into()));
    assert_eq!(mails(&watch, &source, Audience::Administrators), ["at-1@ch.fr"]);
    assert_eq!(mails(&nobody, &source, Audience::Administrators), ["garde@ch.fr"]);
    // The next one when an address refuses.
    let told = BTreeSet::from(["at-1@ch.fr".to_owned()]);
    assert_eq!(next_contact(&watch.ground(), &about, &told, now).as_deref(), Some("mandataire@ch.fr"));
    let everybody = all.map(str::to_owned).into();
    assert_eq!(next_contact(&watch.ground(), &about, &everybody, now), None);
    // Names only where they are wanted.
    let actor = |watch: &Watch| {
        let ground = watch.ground();
        recipients::actors(&ground, &ground.about(&about), now)[0].clone()
    };
    assert_eq!(actor(&watch).name, None);
    assert_eq!(actor(&with(&|_, alerts| alerts.names = true)).name.as_deref(), Some("AT-1"));
}

#[test]
fn one_message_for_each_address_and_a_cap_that_leaves_nothing_out() {
    let now = at(MORNING);
    let mut watch = Watch::new();
    let finding = |n: usize| Finding::new("odd", Severity::Warning, &Subject::Source(format!("s{n}").into()));
    let findings: Vec<Finding> = (0..200).map(finding).chain([expiring(now.plus_days(3), now)]).collect();
    let done = watch.judge(&findings, now);
    let grouped = |standing: Standing| outgoing::group(&done, |_| standing.clone(), 2, id_of, now);
    let out = grouped(Standing::default());
    let addresses: Vec<&str> = out.deliveries.iter().map(|delivery| delivery.address.as_str()).collect();
    // The certificate ends in three days: everybody; the rest is for the administrators.
    assert_eq!(addresses, ["at-1@ch.fr", "directeur@ch.fr", "mandataire@ch.fr", "rssi@ch.fr", ""]);
    let said = |delivery: usize| {
        let id = out.deliveries[delivery].id;
        out.items.iter().filter(|(message, _)| *message == id).map(|(_, event)| *event).collect::<Vec<_>>()
    };
    assert_eq!((said(0).len(), said(1).len(), said(4).len()), (201, 1, 201));
    let first = done.changes.events.iter().find(|event| event.id == said(0)[0]).expect("an event");
    assert_eq!(first.item.severity, Severity::Critical, "most urgent first");
    // Two messages in this hour already: the third waits for the first to be an hour old.
    let recent = vec![now.plus_seconds(-600), now.plus_seconds(-60)];
    let held = grouped(Standing { waiting: None, recent });
    assert_eq!(held.deliveries[0].state.due(), Some(now.plus_seconds(3000)));
    // One that waits takes it in.
    let waiting = EventId([7; 16]);
    let joined = grouped(Standing { waiting: Some(waiting), recent: Vec::new() });
    assert!(joined.deliveries.is_empty() && joined.items.iter().all(|(message, _)| *message == waiting));
}

#[test]
fn a_message_names_the_files_that_are_there() {
    let world = |chain: bool| {
        let world = World::new().with_installed("dmp", 1).certificate(2, |_| {});
        if chain { world.place("/srv/dmp.pem", |at| at.certificate(1).certificate(2)) } else { world }
    };
    let files = |chain| {
        let watch = Watch::of(world(chain).inventory());
        watch.ground().described(&watch.inventory.declaration.certificates[&id("dmp")]).files
    };
    let path = |name: &str| Some(format!("/srv/{name}"));
    assert_eq!((files(false).cert, files(false).key), (path("dmp.pem"), path("dmp.key")));
    assert_eq!((files(false).chain, files(false).fullchain), (None, None));
    assert_eq!(files(true).fullchain, path("dmp.pem"));
}

/// What happens to the clock.
#[derive(Debug, Clone, Copy)]
enum Jump {
    /// It is set so many hours away from the truth, and back after so many.
    Away(i64, i64),
    /// It keeps time for so many hours.
    None(i64),
}

/// Two of the times the clock is away come within two days of each other, or the first thing that was lived is one of them and a later one is
/// behind: either looks like a clock that was ahead in between.
fn wrong_twice(jumps: &[Jump]) -> bool {
    const NEAR: i64 = 48;
    let (mut truth, mut away) = (0, Vec::new());
    for jump in jumps {
        match *jump {
            Jump::None(hours) => truth += hours,
            Jump::Away(by, hours) => {
                if by.abs() > NEAR {
                    away.push((truth + by - NEAR, truth + by + hours + NEAR));
                }
                truth += hours;
            }
        }
    }
    let began = matches!(jumps.first(), Some(Jump::Away(by, _)) if by.abs() > NEAR);
    if began && jumps.iter().skip(1).any(|jump| matches!(jump, Jump::Away(by, _) if *by < -NEAR)) {
        return true;
    }
    let meet = |one: &(i64, i64), other: &(i64, i64)| one.0 <= other.1 && other.0 <= one.1;
    away.iter().enumerate().any(|(place, one)| away[place + 1..].iter().any(|other| meet(one, other)))
}

fn jumps() -> impl Strategy<Value = Vec<Jump>> {
    let away = prop_oneof![Just(87_600), Just(-8_760), Just(1), Just(-1), -400i64..400, Just(24 * 20), Just(-24 * 10)];
    let jump = prop_oneof![
        (away, 1i64..60).prop_map(|(by, lasting)| Jump::Away(by, lasting)),
        (24i64..200).prop_map(Jump::None),
    ];
    prop::collection::vec(jump, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_judgement_twice_changes_nothing(ends in prop::collection::vec(-30i64..90, 0..6), hour in 0i64..48) {
        let now = at(MORNING).plus_seconds(hour * 3600);
        let finding = |(n, days): (usize, &i64)| {
            let end = now.plus_days(*days).plus_seconds(77);
            let severity = Severity::ALL[n % 3];
            let finding = Finding::new("odd", severity, &Subject::Source(format!("s{n}").into()));
            if n % 2 == 0 { finding.fact("end", end) } else { finding }
        };
        let findings: Vec<Finding> = ends.iter().enumerate().map(finding).collect();
        let mut watch = Watch::new();
        watch.judge(&findings, now);
        prop_assert_eq!(watch.judge(&findings, now), Reconciled::default());
        watch.judge(&[], now);
        prop_assert_eq!(watch.judge(&[], now), Reconciled::default());
    }

    /// Whatever the clock does in between, each word of the last two months is said in its own time, and none twice then.
    #[test]
    fn a_clock_that_jumps_neither_repeats_nor_silences(jumps in jumps(), lead in 0i64..90) {
        // A clock that is wrong twice about the same days looks like one that was ahead in between: nothing tells the two apart.
        prop_assume!(!wrong_twice(&jumps));
        let end = at("2027-04-15T10:00:00Z");
        let mut watch = Watch::new();
        let mut truth = end.plus_days(-60 - lead).plus_seconds(300);
        // The words of the truth, with the true day each was said on.
        let mut said: Vec<(String, String)> = Vec::new();
        let mut disturbed: BTreeSet<String> = BTreeSet::new();
        // No word has the name of another: what a wrong clock said takes nothing from what is said in its time.
        let mut names: Vec<EventId> = Vec::new();
        let mut hear = |watch: &mut Watch, clock: Timestamp, truth: Timestamp, away: bool| {
            for event in watch.judge(&rules(end, clock), clock).changes.events {
                names.push(event.id);
                let (code, mark) = (event.item.finding.key.code.to_string(), event.mark.to_string());
                if !away && mark != "resolved" {
                    said.push((code, mark));
                }
            }
            if away {
                disturbed.insert(truth.to_string()[..10].to_owned());
            }
        };
        for jump in jumps.into_iter().chain([Jump::None(24 * 170)]) {
            match jump {
                Jump::None(hours) => for _ in 0..hours {
                    hear(&mut watch, truth, truth, false);
                    truth = truth.plus_seconds(3600);
                },
                Jump::Away(by, hours) => for _ in 0..hours {
                    hear(&mut watch, truth.plus_seconds(by * 3600), truth, true);
                    truth = truth.plus_seconds(3600);
                },
            }
        }
        prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        let mut once = BTreeSet::new();
        for word in &said {
            prop_assert!(once.insert(word.clone()), "twice: {word:?} in {said:?}");
        }
        // Every day of the last week that the clock was right all through.
        for before in 0..=7 {
            let day = end.plus_days(-before).date().expect("a day");
            let near = (-2i64..=1).any(|off| {
                let day = end.plus_days(-before + off).date().expect("a day").to_string();
                disturbed.contains(&day)
            });
            let word = ("expiring".to_owned(), format!("day {day}"));
            prop_assert!(near || once.contains(&word), "not said: {word:?} in {said:?}");
        }
        let expired = |turn: i64| ("expired".to_owned(), format!("after {turn}"));
        prop_assert!(once.contains(&expired(3)), "the end itself: {said:?}");
    }
}
