//! Who hears of what: one message in one run, the next person when one refuses, the other way out when nobody is left, and the end of it
//! for those who had been told.

use std::fs;
use std::time::Duration;

use vigie::domain::notice::{NoticeKind, Reach, SendOutcome};

use super::watch::{REGISTER, World, caller, missing, write_config};

const MINUTE: Duration = Duration::from_secs(60);

fn refused() -> Option<SendOutcome> {
    Some(SendOutcome::Refused { reason: "recipient_refused", answer: "550 no such user".to_owned() })
}

/// Takes everything out of the declaration, and lets the quiet time pass.
async fn over(world: &World, daemon: &super::watch::Running, config: &str) {
    world.got.lock().expect("a lock").clear();
    write_config(world.folder.path(), config);
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    world.clock.pass(65 * MINUTE);
    daemon.quiet().await;
}

#[tokio::test]
async fn what_is_over_is_said_to_those_who_were_told_and_to_nobody_else() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    let daemon = world.start().await;
    assert_eq!(world.lines().len(), 2, "{:?}", world.lines());
    // Another administrator since then, and another target in place of the one there was.
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail), ("webhook:garde", Reach::Target)];
    let other = "[[person]]\nid = \"at-2\"\nmails = [\"at-2@ch.fr\"]\n[[mandate]]\nperson = \"at-2\"";
    over(&world, &daemon, &REGISTER.replacen("[[mandate]]\nperson = \"at-1\"", other, 1)).await;
    assert_eq!(world.lines(), ["smtp at-1@ch.fr: resolved missing certificate:c0"]);
    daemon.stop().await;
}

#[tokio::test]
async fn whoever_took_the_place_of_an_address_that_refuses_hears_of_the_end() {
    let world = World::new(&format!("{REGISTER}{}", missing(1)));
    world.answer("smtp", "at-1@ch.fr", refused());
    let daemon = world.start().await;
    over(&world, &daemon, REGISTER).await;
    let mut lines = world.lines();
    lines.sort();
    let over = "resolved missing certificate:c0";
    assert_eq!(lines, [format!("smtp mandataire@ch.fr: {over}"), format!("webhook:astreinte : {over}")]);
    daemon.stop().await;
}

#[tokio::test]
async fn when_every_address_refuses_it_goes_another_way() {
    let world = World::new(&format!("{REGISTER}{}", missing(2)));
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail)];
    world.answer(
        "smtp",
        "at-1@ch.fr",
        Some(SendOutcome::Later { reason: "greylisted", answer: "450".into(), after: None }),
    );
    let daemon = world.start().await;
    // The target came later: nothing of this was said to it.
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail), ("webhook:astreinte", Reach::Target)];
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    world.got.lock().expect("a lock").clear();
    for person in ["at-1", "mandataire", "rssi"] {
        world.answer("smtp", &format!("{person}@ch.fr"), refused());
    }
    for _ in 0..6 {
        world.clock.pass(20 * MINUTE);
        daemon.quiet().await;
    }
    let said = "opened missing certificate:c0; opened missing certificate:c1";
    let to: Vec<String> = ["smtp at-1@ch.fr", "smtp mandataire@ch.fr", "smtp rssi@ch.fr", "webhook:astreinte "]
        .map(|to| format!("{to}: {said}"))
        .into();
    assert_eq!(world.lines(), to);
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 0);
    daemon.stop().await;
}

/// A register in which nobody is on call, and a certificate the administrator who is named for it has no mandate for.
fn without_on_call() -> String {
    let named = missing(2).replacen("id = \"c1\"", "id = \"c1\"\nadministrators = [\"at-1\"]", 1);
    let (first, second) = named.split_at(named.rfind("[[certificate]]").expect("two"));
    let second = second.replace("AUTH_CLI", "SIGN");
    let only = "role = \"administrateur_technique\"\noffers = [\"ORG/AUTH_CLI\"]";
    let register = REGISTER.replace("on_call = [\"rssi\"]\n", "");
    format!("{}{first}{second}", register.replacen("role = \"administrateur_technique\"", only, 1))
}

#[tokio::test]
async fn who_heard_of_one_word_is_still_told_of_another() {
    let world = World::new(&without_on_call());
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail)];
    world.answer("smtp", "at-1@ch.fr", refused());
    let daemon = world.start().await;
    let heard = |address: &str| {
        let got = world.got().into_iter().filter(|got| got.address == address).flat_map(|got| got.notice.items);
        let mut heard: Vec<String> =
            got.map(|item| format!("{} {}", item.finding.key.code, item.finding.key.subject)).collect();
        heard.sort();
        heard
    };
    let all = ["administrator_missing certificate:c1", "missing certificate:c0", "missing certificate:c1"];
    assert_eq!(heard("at-1@ch.fr"), all, "{:#?}", world.lines());
    // The mandataire had a message of that turn already, about the first of these.
    assert_eq!(heard("mandataire@ch.fr"), all, "{:#?}", world.lines());
    let status = daemon.handle.snapshot().status.clone();
    assert_eq!((status.deliveries.pending, status.deliveries.failed), (0, 1));
    daemon.stop().await;
}

#[tokio::test]
async fn a_word_that_everybody_refuses_is_not_settled() {
    let people = ["at-1", "mandataire", "rssi"].map(|person| format!("{person}@ch.fr"));
    let world = World::new(&format!("{REGISTER}{}", missing(2)));
    *world.channels.lock().expect("a lock") = vec![("smtp", Reach::Mail)];
    people.iter().for_each(|person| world.answer("smtp", person, refused()));
    let daemon = world.start().await;
    let asked = |world: &World| world.got().into_iter().map(|got| got.address).collect::<Vec<_>>();
    assert_eq!(asked(&world), people);
    let status = daemon.handle.snapshot().status.clone();
    assert_eq!((status.deliveries.pending, status.deliveries.failed), (1, 2), "the last one waits");
    // Again and again, to that one alone: nobody is asked twice for what was passed on.
    for _ in 0..3 {
        world.clock.pass(65 * MINUTE);
        daemon.quiet().await;
    }
    let again = asked(&world);
    assert!(again.len() > 5 && again[3..].iter().all(|address| *address == people[2]), "{again:?}");
    // The relay is mended.
    people.iter().for_each(|person| world.answer("smtp", person, None));
    world.clock.pass(65 * MINUTE);
    daemon.quiet().await;
    let last = world.got().pop().expect("one");
    assert_eq!((last.address.as_str(), last.notice.items.len()), ("rssi@ch.fr", 2));
    assert_eq!(last.notice.id, world.got()[2].notice.id, "under the same id");
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 0);
    daemon.stop().await;
}

#[tokio::test]
async fn a_word_that_is_refused_for_days_is_given_up() {
    let config = format!("{REGISTER}{}", missing(1)).replace("[alerts]\n", "[alerts]\ngive_up = \"2h\"\n");
    let world = World::new(&config);
    *world.channels.lock().expect("a lock") = vec![("webhook:astreinte", Reach::Target)];
    let gone = SendOutcome::Refused { reason: "gone", answer: "HTTP 410".to_owned() };
    world.answer("webhook:astreinte", "", Some(gone));
    let daemon = world.start().await;
    assert_eq!(daemon.handle.snapshot().status.deliveries.pending, 1);
    for _ in 0..20 {
        world.clock.pass(20 * MINUTE);
        daemon.quiet().await;
    }
    let status = daemon.handle.snapshot().status.clone();
    assert_eq!((status.deliveries.pending, status.deliveries.failed), (0, 1));
    assert!(status.channels["webhook:astreinte"].failing_since.is_some());
    daemon.stop().await;
}

#[tokio::test]
async fn what_several_sources_have_to_say_is_one_message() {
    let world = World::new(REGISTER);
    let place = |name: &str| world.folder.path().join(name);
    let names = ["one", "two", "three", "four"];
    names.iter().for_each(|name| fs::create_dir(place(name)).expect("a folder"));
    let sources: String = names
        .iter()
        .map(|name| {
            format!("[[source]]\nkind = \"file\"\nname = \"{name}\"\npaths = [\"{}\"]\n", place(name).display())
        })
        .collect();
    write_config(world.folder.path(), &format!("{REGISTER}{sources}"));
    let daemon = world.start().await;
    assert_eq!(world.lines(), [""; 0]);
    // One run in which every source fails and something is missing.
    names.iter().for_each(|name| fs::remove_dir(place(name)).expect("removed"));
    write_config(world.folder.path(), &format!("{REGISTER}{sources}{}", missing(2)));
    daemon.handle.reload(caller()).await.expect("reloaded");
    daemon.settle().await;
    let got = world.got();
    let to: Vec<(&str, usize)> = got.iter().map(|got| (got.address.as_str(), got.notice.items.len())).collect();
    assert_eq!(to, [("at-1@ch.fr", 6), ("", 6)], "{:?}", world.lines());
    assert!(got.iter().all(|got| got.notice.kind == NoticeKind::Alerts));
    daemon.stop().await;
}
