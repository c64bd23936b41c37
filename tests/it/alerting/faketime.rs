//! The clock of the real daemon is set while it runs, by Debian's faketime: what was said is not said again, and every jump is
//! written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::watch::missing;
use crate::support::daemon::wait_for;
use crate::support::faketime::Faketime;
use crate::support::made_certificate::{Made, authority, trusted};
use crate::support::sinks::{Identity, Sink, read_mail};

#[test]
fn a_clock_that_is_set_under_the_daemon_repeats_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (state, clock) = (folder.path().join("state"), Faketime::new(folder.path()));
    let relay = Sink::smtp(None, &[]);
    fs::create_dir(&state).expect("a folder");
    let text = format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         token_file = \"{state}/token\"\n[schedule]\njitter = \"0s\"\n{trust}[alerts]\nhour = 0\nper_hour = 100\n\
         [notify.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"vigie@x.fr\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[person]]\nid = \"at-1\"\nmails = [\"at-1@x.fr\"]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n{declared}",
        state = state.display(),
        trust = trusted(folder.path()),
        port = relay.port,
        declared = missing(2),
    );
    fs::write(folder.path().join("vigie.toml"), text).expect("written");
    let daemon = clock.run(folder.path());
    wait_for("the first mail", || (relay.count() == 1).then_some(()));
    // Ten years ahead, a year back, an hour each way, past 2038; the truth after each.
    let jumps = ["+3652d", "-365d", "+1h", "-1h", "+4500d"];
    for jump in jumps {
        for told in [jump, "+0"] {
            let before = daemon.last_seq();
            clock.set(told);
            assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0, "{told}");
            daemon.wait_for_event(before, |event| event["action"] == "clock_jump");
            wait_for("the messages", || (daemon.json(&["status"])["deliveries"]["pending"] == 0).then_some(()));
        }
    }
    let received = relay.received();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut openings = 0;
    for line in &received {
        *ids.entry(line["id"].to_string()).or_default() += 1;
        use base64::Engine as _;
        let raw =
            base64::engine::general_purpose::STANDARD.decode(line["raw"].as_str().expect("base64")).expect("base64");
        let mail = read_mail(&raw);
        openings += usize::from(mail["plain"].as_str().is_some_and(|text| text.contains("Nouvelle alerte")));
    }
    assert!(ids.values().all(|times| *times == 1), "{ids:?}");
    assert_eq!(openings, 1, "the opening was said again: {received:#?}");
    // What is still to come is there, and nothing was lost of the trail.
    assert_eq!(daemon.json(&["status"])["alerts"]["open"], 2);
    let sequence: Vec<i64> = daemon.audit().iter().filter_map(|event| event["seq"].as_i64()).collect();
    assert!(sequence.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap in the trail");
}

#[test]
fn each_step_is_said_once_in_its_time_whatever_the_clock_does_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let (state, clock) = (folder.path().join("state"), Faketime::new(folder.path()));
    let identity = Identity::localhost();
    let target = Sink::https(Some(&identity));
    fs::create_dir(&state).expect("a folder");
    // Ends on 1 January 2030.
    let made = Made::issued("web.example", (2027, 2030), &authority("Steps"));
    fs::write(folder.path().join("web.pem"), made.certificate.pem()).expect("written");
    let text = format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         token_file = \"{state}/token\"\n[schedule]\njitter = \"0s\"\n[alerts]\nhour = 0\nper_hour = 100\n\
         [[notify.webhook]]\nname = \"t\"\nurl = \"https://localhost:{port}/\"\nca_file = \"{ca}\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[certificate]]\nid = \"web\"\nstructure = \"chex\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\nfqdn = \"web.example\"\n\
         environment = \"test\"\ncert = \"{cert}\"\n",
        state = state.display(),
        port = target.port,
        ca = identity.ca_file().display(),
        cert = folder.path().join("web.pem").display(),
    );
    fs::write(folder.path().join("vigie.toml"), text).expect("written");
    clock.set("@2029-10-20 12:00:00");
    let daemon = clock.run(folder.path());
    let look = |at: &str| {
        clock.set(&format!("@{at}"));
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0, "{at}");
        wait_for("the messages", || (daemon.json(&["status"])["deliveries"]["pending"] == 0).then_some(()));
    };
    // What was said of the end so far: why, and under which id.
    let said = || -> Vec<(String, String)> {
        let mut said = Vec::new();
        for request in target.received() {
            let event: Value = serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON");
            for item in event["data"]["items"].as_array().expect("items") {
                if item["code"] == "expiring" || item["code"] == "expired" {
                    said.push((item["moment"].as_str().expect("a word").to_owned(), request["id"].to_string()));
                }
            }
        }
        said
    };
    look("2029-10-25 12:00:00");
    assert_eq!(said(), [], "more than two months");
    let truth = [
        ("2029-11-05 12:00:00", "opened"),
        ("2029-11-20 12:00:00", "step"),
        ("2029-12-03 12:00:00", "step"),
        ("2029-12-18 12:00:00", "step"),
        ("2029-12-27 12:00:00", "daily"),
        ("2029-12-28 12:00:00", "daily"),
        ("2030-01-01 12:00:00", "expired"),
    ];
    for (at, moment) in truth {
        let before = said().len();
        look(at);
        let words: Vec<String> = said().split_off(before).into_iter().map(|(moment, _)| moment).collect();
        assert_eq!(words, [moment], "{at}");
        // Ten years ahead, a year back, an hour each way, the 29th of February that comes, past 2038; the truth after each.
        let hour = |by: i32| at.replace("12:00:00", &format!("{}:00:00", 12 + by));
        for wrong in ["2039-11-20 12:00:00", "2028-11-20 12:00:00", &hour(1), &hour(-1), "2032-02-29 12:00:00"] {
            look(wrong);
            let before = said().len();
            look(&at.replace(":00:00", ":30:00"));
            assert_eq!(said().len(), before, "back from {wrong} at {at}: {:?}", &said()[before..]);
        }
    }
    let ids: Vec<String> = target.received().iter().map(|request| request["id"].to_string()).collect();
    let once: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(once.len(), ids.len(), "a message was sent twice");
}

#[test]
fn what_another_alert_says_as_well_is_listed_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (state, clock) = (folder.path().join("state"), Faketime::new(folder.path()));
    let relay = Sink::smtp(None, &[]);
    fs::create_dir(&state).expect("a folder");
    let made = Made::issued("web.example", (2027, 2030), &authority("Steps"));
    fs::write(folder.path().join("web.pem"), made.certificate.pem()).expect("written");
    let text = format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n[schedule]\njitter = \"0s\"\n[alerts]\nhour = 0\n\
         fallback = [\"pki@x.fr\"]\n[notify.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"vigie@x.fr\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[certificate]]\nid = \"web\"\nstructure = \"chex\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\nfqdn = \"web.example\"\n\
         environment = \"test\"\ncert = \"{cert}\"\n",
        state = state.display(),
        port = relay.port,
        cert = folder.path().join("web.pem").display(),
    );
    fs::write(folder.path().join("vigie.toml"), text).expect("written");
    clock.set("@2029-12-20 12:00:00");
    let daemon = clock.run(folder.path());
    wait_for("the first mail", || {
        (relay.count() == 1 && daemon.json(&["status"])["deliveries"]["pending"] == 0).then_some(())
    });
    let listed = daemon.json(&["alert", "list"]);
    let of = |code: &str| {
        let all = listed["items"].as_array().expect("alerts");
        all.iter().find(|alert| alert["code"] == code).unwrap_or_else(|| panic!("no {code}: {listed:#}")).clone()
    };
    let (speaker, spoken) = (of("expiring"), of("no_successor"));
    assert_eq!((&spoken["said_with"], &speaker["said_with"]), (&speaker["id"], &Value::Null));
    assert_eq!((&spoken["told"], &spoken["reached"]), (&speaker["told"], &speaker["reached"]));
    assert_eq!(spoken["told"], json!(["pki@x.fr"]));
    let out = daemon.vigie(&["alert", "list", "--lang", "fr"]).out;
    let with = format!("dite avec l'alerte {} ; avertis : pki@x.fr", speaker["id"]);
    assert!(out.contains(&with) && !out.contains("personne n'a été averti"), "{out}");
}
