//! A server on bad days. Whatever it sends, the last good list stays, nobody becomes good by it, and one line says so.

use std::net::TcpListener;
use std::os::unix::fs::FileExt as _;

use super::*;
use crate::support::daemon::wait_for;

/// What a server may do, and the reason it is refused for.
fn faults(estate: &Estate) -> Vec<(&'static str, Does, &'static str)> {
    let good = estate.ca.list(&list(6));
    let impostor = Authority::root(&Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL));
    let dated = |this, next| estate.ca.list(&list(6).dated(this, next));
    let pem = |label: &str| {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(&good);
        (format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes(), body.into_bytes())
    };
    let html = b"<!DOCTYPE html><html><body>Connexion au portail</body></html>".to_vec();
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gzip = |body: &[u8]| Does::Answers(200, "Content-Encoding: gzip\r\n".to_owned(), body.to_vec());
    let mut faults = vec![
        ("not found", Does::Answers(404, String::new(), Vec::new()), "http_status"),
        ("server error", Does::Answers(500, String::new(), html.clone()), "http_status"),
        ("not modified, to who asked for it whole", Does::Answers(304, String::new(), Vec::new()), "not_modified"),
        ("hangs up", Does::HangsUp, "unreachable"),
        ("a head that never ends", Does::NeverBegins, "unreachable"),
        ("one byte now and then", Does::Trickles(good.clone()), "timeout"),
        ("endless text", Does::NeverEnds(vec![b'a'; 65_536]), "not_a_crl"),
        (
            "endless list",
            Does::NeverEnds([&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], &[0; 60_000][..]].concat()),
            "too_large",
        ),
        ("gzip bomb", gzip(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), "compressed"),
        ("gzip without saying so", Does::serve(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), "not_a_crl"),
        ("a portal", Does::Answers(200, "Content-Type: text/html\r\n".to_owned(), html), "not_a_crl"),
        ("nothing", Does::serve(b""), "not_a_crl"),
        ("bare base64", Does::serve(&pem("X").1), "not_a_crl"),
        ("another PEM block", Does::serve(&pem("CERTIFICATE").0), "not_a_crl"),
        ("a certificate", Does::serve(&estate.ca.der), "not_a_crl"),
        ("trailing bytes", Does::serve(&[&good[..], b"\n"].concat()), "trailing_bytes"),
        ("redirect loop", Does::redirect("/ca.crl"), "redirect_refused"),
        ("redirect to a file", Does::redirect("file:///etc/passwd"), "redirect_refused"),
        ("redirect to another port", Does::redirect(&format!("http://{other}/x.crl")), "redirect_refused"),
        ("redirect to nowhere", Does::Answers(302, String::new(), Vec::new()), "redirect_refused"),
        ("the same name and another key", Does::serve(&impostor.list(&list(6))), "bad_signature"),
        ("another authority", Does::serve(&estate.root.list(&list(6))), "wrong_issuer"),
        ("stale", Does::serve(&dated("2021-01-01", Some("2022-01-01"))), "stale"),
        ("in the future", Does::serve(&dated("2085-01-01", Some(UNTIL))), "not_yet_valid"),
        (
            "a lower number",
            Does::serve(&estate.ca.list(&ListSpec::new(4).dated("2021-01-01", Some(UNTIL)))),
            "number_backwards",
        ),
        (
            "the same number",
            Does::serve(&estate.ca.list(&ListSpec::new(5).dated("2021-01-01", Some(UNTIL)))),
            "number_stuck",
        ),
        ("no next update", Does::serve(&dated("2021-01-01", None)), "no_next_update"),
        (
            "a delta instead",
            Does::serve(&estate.ca.list(&ListSpec::delta(6, 5).dated(FROM, Some(UNTIL)))),
            "wrong_kind",
        ),
    ];
    for tenth in 0..10 {
        let length = good.len() * tenth / 10;
        faults.push(("cut short by its announced length", Does::Cuts(good.clone(), length), "unreachable"));
        let reason = if length == 0 { "not_a_crl" } else { "cut_short" };
        faults.push(("cut short", Does::serve(&good[..length]), reason));
    }
    faults
}

#[test]
fn no_fault_makes_good_and_none_unmakes_revoked() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let on = |does: &Does| estate.server.on("/ca.crl", does.clone());
    let faults = faults(&estate);
    on(&Does::Answers(500, String::new(), Vec::new()));
    let daemon = estate.run();
    // Before any list is held.
    for (what, does, _) in faults.iter().filter(|(_, _, reason)| {
        !matches!(*reason, "stale" | "no_next_update" | "number_backwards" | "number_stuck" | "timeout")
    }) {
        on(does);
        assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 1, "{what}");
        assert_eq!(followed(&daemon, "/ca.crl")["freshness"], "missing", "{what}");
    }
    assert_eq!(statuses(&daemon), words("unknown", "unknown"));

    on(&Does::serve(&estate.ca.list(&list(5))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    let held = followed(&daemon, "/ca.crl");
    assert_eq!((&held["number"], &held["entries"]), (&"5".into(), &1.into()));

    let mut problems = Vec::new();
    let mut seq = daemon.last_seq();
    for (what, does, reason) in &faults {
        on(does);
        let said = daemon.vigie(&["crl", "fetch"]);
        let refused = events(&daemon, seq, "crl_refused");
        let now = followed(&daemon, "/ca.crl");
        let told = refused.first().and_then(|event| event["reason"].as_str()).unwrap_or_default().to_owned();
        if said.code != 1 || refused.len() != 1 || !told.ends_with(&format!("({reason})")) || now["number"] != "5" {
            problems.push(format!(
                "{what}: exit {}, {} events, {told}, number {}",
                said.code,
                refused.len(),
                now["number"]
            ));
        }
        if now["failure"]["reason"] != *reason || statuses(&daemon) != words("good", "revoked") {
            problems.push(format!("{what}: {} {:?}", now["failure"], statuses(&daemon)));
        }
        seq = daemon.last_seq();
    }
    assert_eq!(problems, [""; 0]);

    // A good day again, and then one without the entry: an authority drops what is over, and nothing is taken back.
    on(&Does::serve(&estate.ca.list(&ListSpec::new(7).dated("2021-01-01", Some(UNTIL)))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    let now = followed(&daemon, "/ca.crl");
    assert_eq!((&now["number"], &now["failure"]), (&"7".into(), &Value::Null));
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    daemon.stop();

    // It outlives the daemon, and the list itself.
    for file in fs::read_dir(estate.path().join("state/crls")).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    on(&Does::HangsUp);
    let daemon = estate.run();
    wait_for("a first look", || (status(&daemon, "good") == "unknown").then_some(()));
    assert_eq!(statuses(&daemon), words("unknown", "revoked"));
}

#[test]
fn a_list_is_asked_for_with_what_is_known_of_it() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let body = estate.ca.list(&list(5));
    estate.server.on("/ca.crl", Does::Validates("\"v5\"".to_owned(), body.clone()));
    let daemon = estate.run();
    wait_for("the list", || (status(&daemon, "good") == "good").then_some(()));
    estate.server.asked("/ca.crl");
    let seq = daemon.last_seq();
    let report = daemon.json(&["crl", "fetch"]);
    assert_eq!((&report["taken"], &report["unchanged"]), (&0.into(), &2.into()));
    let asked = estate.server.asked("/ca.crl");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains("if-none-match: \"v5\"\r\n"), "{}", asked[0]);
    assert!(!asked[0].contains("gzip"), "{}", asked[0]);

    // The same bytes under another name of the server's choice are not read again.
    estate.server.on("/ca.crl", Does::Validates("\"other\"".to_owned(), body));
    assert_eq!(daemon.json(&["crl", "fetch"])["unchanged"], 2);
    assert_eq!(events(&daemon, seq, "crl_taken").len(), 0);

    // Broken off three times, taken up where it was.
    let next = estate.ca.list(&list(6));
    let lengths = [40, 60, 50].into();
    estate.server.on("/ca.crl", Does::Resumes(next.clone(), lengths));
    estate.server.asked("/ca.crl");
    assert_eq!(daemon.json(&["crl", "fetch"])["taken"], 1);
    let ranges: Vec<bool> =
        estate.server.asked("/ca.crl").iter().map(|head| head.contains("if-range: \"whole\"")).collect();
    assert_eq!(ranges, [false, true, true, true]);
    assert_eq!(followed(&daemon, "/ca.crl")["number"], "6");
    let log = daemon.stop().1;
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_slow_server_delays_its_own_list_only() {
    let estate = Estate::new();
    let other = Authority::root(&Spec::authority("TEST AC AUTRE", 7).valid(FROM, UNTIL));
    fs::write(estate.path().join("anchors/other.cer"), &other.der).unwrap();
    let spec = Spec::end_entity("other", 9).valid(FROM, UNTIL).with(points(&[&estate.server.url("/other.crl")]));
    fs::write(estate.path().join("inbox/other.cer"), other.issue(&spec)).unwrap();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.configure("timeout = \"60s\"\nhosts = [\"127.0.0.1\"]\nnetworks = [\"127.0.0.1\"]\n");
    estate.server.on("/ca.crl", Does::Trickles(vec![0x30; 10_000]));
    // A large one beside it: 200 000 entries, seven megabytes.
    let mut large = ListSpec::new(3).dated(FROM, Some(UNTIL));
    for serial in 0..200_000 {
        large = large.revoke(0x10_0000 + serial, None);
    }
    estate.server.on("/other.crl", Does::serve(&other.list(&large)));
    let daemon = estate.run();
    wait_for("the other list", || (status(&daemon, "other") == "good").then_some(()));
    assert_eq!(followed(&daemon, "/other.crl")["entries"], 200_000);
    assert_eq!(followed(&daemon, "/ca.crl")["freshness"], "missing");
    assert_eq!(statuses(&daemon), words("unknown", "unknown"));
}

#[test]
fn deltas_are_followed_beside_their_lists() {
    let estate = Estate::new();
    let urls = (estate.server.url("/ca.crl"), estate.server.url("/delta.crl"));
    for (name, serial) in [("good", GOOD), ("revoked", REVOKED)] {
        estate.put(name, &Spec::end_entity(name, serial).with(points(&[&urls.0])).with(freshest(&urls.1)));
    }
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&ListSpec::new(5).dated(FROM, Some(UNTIL)))));
    estate.server.on("/delta.crl", Does::Answers(404, String::new(), Vec::new()));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "good")).then_some(()));
    let delta = ListSpec::delta(6, 5).dated("2021-01-01", Some(UNTIL)).revoke(REVOKED, Some(1));
    estate.server.on("/delta.crl", Does::serve(&estate.ca.list(&delta)));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    assert_eq!(followed(&daemon, "/delta.crl")["delta"], true);
}

#[test]
fn a_list_that_is_larger_than_the_bound_is_a_finding_of_its_own() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.configure("max_bytes = \"64 KiB\"\nhosts = [\"127.0.0.1\"]\nnetworks = [\"127.0.0.1\"]\n");
    let mut large = list(3);
    for serial in 0..4_000 {
        large = large.revoke(0x10_0000 + serial, None);
    }
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&large)));
    let daemon = estate.run();
    let found = wait_for("the finding", || {
        let findings = daemon.json(&["findings"]);
        findings["items"].as_array().unwrap().iter().find(|finding| finding["code"] == "crl_too_large").cloned()
    });
    assert!(found["subject"].as_str().unwrap().starts_with("crl:http://127.0.0.1"), "{found}");
}

#[test]
fn two_addresses_of_one_authority_do_not_agree() {
    // A mirror that lags: whichever is asked first, the newer list is what counts, and no list takes the place of the other.
    let estate = Estate::new();
    let urls = [estate.server.url("/new.crl"), estate.server.url("/old.crl")];
    for (name, serial, url) in [("good", GOOD, &urls[0]), ("revoked", REVOKED, &urls[1])] {
        estate.put(name, &Spec::end_entity(name, serial).with(points(&[url])));
    }
    estate.server.on("/new.crl", Does::serve(&estate.ca.list(&list(6).dated("2021-01-01", Some(UNTIL)))));
    estate.server.on("/old.crl", Does::serve(&estate.ca.list(&ListSpec::new(5).dated(FROM, Some(UNTIL)))));
    let daemon = estate.run();
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    let numbers = ["/new.crl", "/old.crl"].map(|ending| followed(&daemon, ending)["number"].clone());
    assert_eq!(numbers, ["6", "5"]);
}

#[test]
fn a_daemon_killed_between_list_and_index_makes_the_index_again() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&ListSpec::new(5).dated(FROM, Some(UNTIL)))));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "good")).then_some(()));
    let name = followed(&daemon, "/ca.crl")["name"].as_str().unwrap().to_owned();
    daemon.stop();
    // The next list is in its place, its index is not: as after a kill between the two.
    let crls = estate.path().join("state/crls");
    fs::write(crls.join(format!("{name}.crl")), estate.ca.list(&list(6))).unwrap();
    fs::write(crls.join(format!("{name}.idx.new")), b"half an index").unwrap();
    estate.server.on("/ca.crl", Does::HangsUp);
    let daemon = estate.run();
    wait_for("the next list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    assert_eq!(followed(&daemon, "/ca.crl")["number"], "6");
    assert!(daemon.log().contains("the index of a revocation list is made again"));
    assert!(!crls.join(format!("{name}.idx.new")).exists());
}

#[test]
fn an_index_that_is_damaged_under_a_running_daemon_is_made_again() {
    let estate = Estate::new();
    let url = estate.server.url("/ca.crl");
    estate.install(&[&url]);
    let der = estate.ca.list(&list(6));
    estate.server.on("/ca.crl", Does::serve(&der));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let name = followed(&daemon, "/ca.crl")["name"].as_str().unwrap().to_owned();
    let path = estate.path().join(format!("state/crls/{name}.idx"));
    let whole = fs::read(&path).unwrap();
    // The one entry stands at the end. Whoever holds the file open reads what the disk has now.
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[!whole[whole.len() - 1]], whole.len() as u64 - 1).unwrap();
    // Something new, and everything is looked at again.
    estate.put("another", &Spec::end_entity("another", GOOD + 9).with(points(&[&url])));
    estate.server.on("/ca.crl", Does::HangsUp);
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    wait_for("the look", || (status(&daemon, "another") == "good").then_some(()));
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    assert!(daemon.log().contains("the index of a revocation list is made again"));
    assert_eq!(fs::read(&path).unwrap().len(), whole.len());

    // The list itself damaged, index and all: given up, and asked for in full.
    let list_path = estate.path().join(format!("state/crls/{name}.crl"));
    let file = fs::OpenOptions::new().write(true).open(&list_path).unwrap();
    let serial = der.windows(4).position(|four| four == [0x02, 0x02, 0x10, 0x02]).unwrap() as u64;
    file.write_all_at(&[0x11], serial + 2).unwrap();
    estate.server.on("/ca.crl", Does::serve(&der));
    estate.put("one more", &Spec::end_entity("one more", GOOD + 10).with(points(&[&url])));
    estate.put("revoked too", &Spec::end_entity("revoked too", REVOKED).with(points(&[&url])));
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(status(&daemon, "revoked too"), "revoked");
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    assert_eq!(fs::read(&list_path).unwrap(), der);
    daemon.stop();
}

#[test]
fn a_full_disk_costs_the_new_list_and_not_the_one_held() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let crls = estate.path().join("state/crls");
    // No file may grow beyond four megabytes: writing fails in the middle, as on a disk that is full.
    let limited = ["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""].map(AsRef::as_ref);
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(5))));
    let daemon = Daemon::run_by(estate.path(), "sh", &limited);
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let mut large = ListSpec::new(6).dated("2021-01-01", Some(UNTIL));
    for serial in 0..300_000 {
        large = large.revoke(0x10_0000 + serial, None);
    }
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&large)));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 1);
    let now = followed(&daemon, "/ca.crl");
    assert_eq!((&now["number"], &now["failure"]["reason"]), (&"5".into(), &"io".into()), "{now}");
    assert!(now["failure"]["message"].as_str().unwrap().contains("too large"), "{now}");
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    let files = || fs::read_dir(&crls).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(files().all(|file| file.ends_with(".crl") || file.ends_with(".idx")), "{:?}", files().collect::<Vec<_>>());
    // Room again, and it goes on.
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(7).dated("2021-01-01", Some(UNTIL)))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(followed(&daemon, "/ca.crl")["number"], "7");
    daemon.stop();
}
