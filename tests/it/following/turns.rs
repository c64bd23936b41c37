//! When lists are asked for, and when they are asked about: turns that are missed, lists that come another way, and lists that end unnoticed.

use super::*;
use crate::support::daemon::wait_for;
use crate::support::faketime::Faketime;

/// A list of these days.
fn dated(estate: &Estate, number: u64, from: &'static str, until: &'static str) -> Does {
    Does::serve(&estate.ca.list(&list(number).dated(from, Some(until))))
}

fn number(daemon: &Daemon, ending: &str) -> Value {
    followed(daemon, ending)["number"].clone()
}

#[test]
fn a_list_nobody_names_any_more_says_nothing_once_it_is_stale() {
    let estate = Estate::new();
    estate.put("named", &Spec::end_entity("named", 7).with(points(&[&estate.server.url("/ca.crl")])));
    // It names no list: whatever list of its issuer is at hand answers for it.
    estate.put("good", &Spec::end_entity("good", GOOD));
    estate.server.on("/ca.crl", dated(&estate, 5, "2030-01-01", "2030-01-11"));
    let clock = Faketime::new(estate.path());
    clock.set("@2030-01-10 12:10:00");
    let daemon = clock.run(estate.path());
    wait_for("the list", || (status(&daemon, "good") == "good").then_some(()));
    fs::remove_file(estate.path().join("inbox/named.cer")).unwrap();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    // Its end comes by time alone: the jump is over before.
    clock.set("@2030-01-10 23:59:56");
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    wait_for("the end of the list", || (status(&daemon, "good") == "unknown").then_some(()));
    daemon.stop();
}

#[test]
fn a_turn_that_was_missed_is_made_up_for_once() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let body = estate.ca.list(&list(5).dated("2030-01-01", Some("2030-06-01")));
    estate.server.on("/ca.crl", Does::Validates("\"5\"".to_owned(), body));
    let clock = Faketime::new(estate.path());
    let asked = || estate.server.asked("/ca.crl").len();
    let starts = |at: &str| {
        clock.set(at);
        let daemon = clock.run(estate.path());
        wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
        daemon
    };
    let daemon = starts("@2030-01-10 12:10:00");
    wait_for("the first request", || (asked() > 0).then_some(()));
    daemon.stop();
    // Off at half past seven.
    let daemon = starts("@2030-01-11 12:10:00");
    wait_for("the turn that was missed", || (asked() > 0).then_some(()));
    wait_for("its end", || {
        followed(&daemon, "/ca.crl")["last_success"].as_str()?.starts_with("2030-01-11").then_some(())
    });
    daemon.stop();
    // It is made up for, and that is not forgotten though nothing came of it.
    let daemon = starts("@2030-01-11 14:10:00");
    daemon.vigie(&["scan", "--now"]);
    assert_eq!(asked(), 0);
    // A clock that was wrong: the turns of the days it left out are one.
    clock.set("@2030-01-20 12:10:00");
    wait_for("the turns that were left out", || {
        daemon.vigie(&["scan", "--now"]);
        (asked() > 0).then_some(())
    });
    daemon.vigie(&["scan", "--now"]);
    assert_eq!(asked(), 0);
    daemon.stop();
}

#[test]
fn a_list_from_a_file_does_not_stop_the_turns_of_its_address() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.configure("[schedule]\ncrls = \"*/2 * * * * *\"\n");
    estate.server.on("/ca.crl", dated(&estate, 5, FROM, UNTIL));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let file = estate.path().join("list.crl");
    fs::write(&file, estate.ca.list(&list(6).dated("2021-01-01", Some(UNTIL)))).unwrap();
    assert_eq!(daemon.vigie(&["crl", "import", file.to_str().unwrap()]).code, 0);
    assert_eq!(number(&daemon, "/ca.crl"), "6");
    let next = list(7).dated("2021-06-01", Some(UNTIL)).revoke(GOOD, Some(1));
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&next)));
    wait_for("the next list", || (statuses(&daemon) == words("revoked", "revoked")).then_some(()));
    daemon.stop();
}

#[test]
fn an_address_that_is_named_no_more_does_not_stop_the_turns_of_the_others() {
    let estate = Estate::new();
    let urls = ["/first.crl", "/second.crl"].map(|path| estate.server.url(path));
    estate.install(&[&urls[0], &urls[1]]);
    estate.configure("[schedule]\ncrls = \"*/2 * * * * *\"\n");
    estate.server.on("/second.crl", dated(&estate, 5, FROM, UNTIL));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    estate.install(&[&urls[0]]);
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    estate.server.on("/first.crl", dated(&estate, 6, "2021-01-01", UNTIL));
    wait_for("the next list", || (number(&daemon, "/first.crl") == "6").then_some(()));
    daemon.stop();
}

#[test]
fn lists_that_are_unchanged_are_not_asked_about_every_certificate_again() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    for (path, body) in [
        ("/ca.crl", estate.ca.list(&list(5))),
        ("/root.crl", estate.root.list(&ListSpec::new(1).dated(FROM, Some(UNTIL)))),
    ] {
        estate.server.on(path, Does::Validates("\"x\"".to_owned(), body));
    }
    let clock = Faketime::new(estate.path());
    clock.set("@2030-01-10 12:10:00");
    let daemon = clock.run(estate.path());
    wait_for("the lists", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let token = fs::read_to_string(estate.path().join("state/api.token")).unwrap();
    let checked = || {
        let metrics = daemon.get("/metrics", &format!("Authorization: Bearer {}\r\n", token.trim())).body;
        let mut lines = metrics.lines().map(str::to_owned);
        lines.find(|line| line.starts_with("vigie_revocation_checked_timestamp_seconds ")).expect("a metric")
    };
    daemon.vigie(&["crl", "fetch"]);
    let before = checked();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let report = daemon.json(&["crl", "fetch"]);
    assert_eq!((&report["unchanged"], &report["failed"]), (&2.into(), &Value::Array(Vec::new())), "{report}");
    assert_eq!(checked(), before);
    daemon.stop();
}

#[test]
fn a_list_that_came_as_the_daemon_died_is_told_of_at_the_next_start() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.server.on("/ca.crl", dated(&estate, 5, FROM, UNTIL));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let name = followed(&daemon, "/ca.crl")["name"].as_str().unwrap().to_owned();
    let seq = daemon.last_seq();
    daemon.stop();
    // Between the file that takes its place and the word of it in the database.
    let next = estate.ca.list(&list(6).dated("2021-01-01", Some(UNTIL)));
    fs::write(estate.path().join(format!("state/crls/{name}.crl")), next).unwrap();
    estate.server.on("/ca.crl", Does::HangsUp);
    for times in [1, 1] {
        let daemon = estate.run();
        wait_for("the next list", || (number(&daemon, "/ca.crl") == "6").then_some(()));
        let taken = events(&daemon, seq, "crl_taken");
        let told = |event: &&Value| event["reason"].as_str().unwrap().ends_with("found in its folder at the start");
        let told: Vec<&Value> = taken.iter().filter(told).collect();
        assert_eq!(told.len(), times, "{taken:?}");
        assert!(told[0]["object"].as_str().unwrap().ends_with("/ca.crl"), "{told:?}");
        assert!(told[0]["reason"].as_str().unwrap().starts_with("number 6, 1 entries, until 2089"), "{told:?}");
        daemon.stop();
    }
}

#[test]
fn a_restart_does_not_close_what_is_said_of_lists() {
    let estate = Estate::new();
    estate.install(&["http://elsewhere.example/ca.crl"]);
    let daemon = estate.run();
    let is_open = |daemon: &Daemon| {
        let findings = daemon.json(&["findings"]);
        findings["items"].as_array().unwrap().iter().any(|finding| finding["code"] == "crl_refused")
    };
    wait_for("the finding", || is_open(&daemon).then_some(()));
    let seq = daemon.last_seq();
    daemon.stop();
    let daemon = estate.run();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert!(is_open(&daemon));
    assert_eq!(events(&daemon, seq, "finding_closed"), Vec::<Value>::new());
    daemon.stop();
}
