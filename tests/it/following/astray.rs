//! Lists that come the wrong way, at the wrong time, or to a database that takes nothing.

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _};

use super::*;
use crate::support::daemon::{wait_at_most, wait_for};
use crate::support::faketime::Faketime;

fn stale(estate: &Estate, number: u64) -> Vec<u8> {
    estate.ca.list(&list(number).dated("2021-01-01", Some("2022-01-01")))
}

fn fresh(estate: &Estate, number: u64) -> Does {
    Does::serve(&estate.ca.list(&list(number).dated("2021-06-01", Some(UNTIL))))
}

fn codes(daemon: &Daemon) -> Vec<String> {
    let findings = daemon.json(&["findings"]);
    let code = |finding: &Value| finding["code"].as_str().unwrap().to_owned();
    findings["items"].as_array().unwrap().iter().map(code).filter(|code| code.starts_with("crl_")).collect()
}

#[test]
fn an_address_that_repeats_an_old_list_does_not_hide_the_next() {
    let estate = Estate::new();
    let urls = ["/cache.crl", "/origin.crl"].map(|path| estate.server.url(path));
    estate.install(&[&urls[0], &urls[1]]);
    estate.server.on("/cache.crl", Does::Validates("\"old\"".to_owned(), stale(&estate, 6)));
    estate.server.on("/origin.crl", Does::HangsUp);
    let daemon = estate.run();
    wait_for("the old list", || (followed(&daemon, "/cache.crl")["number"] == "6").then_some(()));
    assert_eq!(statuses(&daemon), words("unknown", "revoked"));
    estate.server.asked("/cache.crl");
    estate.server.on("/origin.crl", fresh(&estate, 7));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(followed(&daemon, "/cache.crl")["number"], "7");
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    // Caches on the way were told that it is late.
    let asked = estate.server.asked("/cache.crl");
    assert!(asked.iter().any(|head| head.contains("cache-control: no-cache")), "{asked:?}");
    // And whoever goes on serving the old one is told of, though nothing is missing.
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    wait_for("the finding", || codes(&daemon).contains(&"crl_number_backwards".to_owned()).then_some(()));
    assert_eq!(statuses(&daemon), words("good", "revoked"));
    daemon.stop();
}

#[test]
fn a_forged_list_is_told_of_though_another_address_is_good() {
    let estate = Estate::new();
    let urls = ["/forged.crl", "/good.crl"].map(|path| estate.server.url(path));
    estate.install(&[&urls[0], &urls[1]]);
    let impostor = Authority::root(&Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL));
    estate.server.on("/forged.crl", Does::serve(&impostor.list(&ListSpec::new(9).dated(FROM, Some(UNTIL)))));
    estate.server.on("/good.crl", fresh(&estate, 5));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    wait_for("the finding", || codes(&daemon).contains(&"crl_bad_signature".to_owned()).then_some(()));
    let failure = followed(&daemon, "/forged.crl")["failure"].clone();
    assert!(failure["message"].as_str().unwrap().contains("/forged.crl: "), "{failure}");
    // A server that is down is what the second address is for.
    estate.server.on("/forged.crl", Does::HangsUp);
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    wait_for("its end", || codes(&daemon).is_empty().then_some(()));
    daemon.stop();
}

#[test]
fn the_list_of_another_authority_does_not_lock_an_address() {
    let estate = Estate::new();
    // Nobody says whose list this is.
    let url = estate.server.url("/any.crl");
    estate.configure(&format!("urls = [\"{url}\"]"));
    estate.put("good", &Spec::end_entity("good", GOOD));
    estate.server.on("/any.crl", fresh(&estate, 107));
    let daemon = estate.run();
    wait_for("the list", || (followed(&daemon, "/any.crl")["number"] == "107").then_some(()));
    let other = estate.root.list(&ListSpec::new(5000).dated(FROM, Some(UNTIL)));
    estate.server.on("/any.crl", Does::serve(&other));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 1);
    assert_eq!(followed(&daemon, "/any.crl")["failure"]["reason"], "wrong_issuer");
    estate.server.on("/any.crl", Does::serve(&estate.ca.list(&list(108).dated("2021-07-01", Some(UNTIL)))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(followed(&daemon, "/any.crl")["number"], "108");
    daemon.stop();
}

#[test]
fn a_clock_that_was_wrong_leaves_nothing_behind() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let truth = "@2030-01-10 12:00:00";
    let current = list(5).dated("2030-01-08", Some("2030-02-10"));
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&current)));
    let clock = Faketime::new(estate.path());
    // A virtual machine that wakes up a year ago.
    clock.set("@2029-01-10 12:00:00");
    let daemon = clock.run(estate.path());
    wait_for("a look", || (status(&daemon, "good") == "unknown").then_some(()));
    for wrong in [None, Some("@2040-01-10 12:00:00"), Some("@2021-01-10 12:00:00")] {
        if let Some(wrong) = wrong {
            clock.set(wrong);
            assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
            wait_for("a wrong look", || (status(&daemon, "good") == "unknown").then_some(()));
        }
        clock.set(truth);
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
        wait_for(&format!("the truth after {wrong:?}"), || {
            (statuses(&daemon) == words("good", "revoked")).then_some(())
        });
    }
    daemon.stop();
}

#[test]
fn lists_from_files_are_read_at_the_start_and_their_addresses_left_alone() {
    let estate = Estate::new();
    // An isolated network: nothing may be asked, everything comes from a folder.
    estate.install(&["http://crl.example.fr/ca.crl"]);
    let folder = estate.path().join("stick");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ca.crl"), estate.ca.list(&list(5))).unwrap();
    fs::write(folder.join("root.crl"), estate.root.list(&ListSpec::new(1).dated(FROM, Some(UNTIL)))).unwrap();
    estate.configure(&format!("hosts = []\nfiles = [{:?}]", folder.to_str().unwrap()));
    let daemon = estate.run();
    wait_for("the lists", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    // By hand the addresses are asked for all the same, and what comes of it changes nothing.
    let seq = daemon.last_seq();
    daemon.vigie(&["crl", "fetch"]);
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!((codes(&daemon), statuses(&daemon)), (Vec::new(), words("good", "revoked")));
    let refused = events(&daemon, seq, "crl_refused");
    assert!(refused.len() <= 2, "asked over and over: {refused:?}");
    // A new file comes with the next reload.
    let newer = ListSpec::new(6).dated("2021-01-01", Some(UNTIL)).revoke(REVOKED, Some(1)).revoke(GOOD, Some(1));
    fs::write(folder.join("ca.crl"), estate.ca.list(&newer)).unwrap();
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    wait_for("the next list", || (statuses(&daemon) == words("revoked", "revoked")).then_some(()));
    daemon.stop();
}

#[test]
fn what_is_wrong_with_a_configured_folder_is_told_of() {
    let estate = Estate::new();
    estate.install(&["http://crl.example.fr/ca.crl"]);
    let folder = estate.path().join("stick");
    fs::create_dir(&folder).unwrap();
    let impostor = Authority::root(&Spec::authority("TEST AC ORGANISATIONS", 2).valid(FROM, UNTIL));
    fs::write(folder.join("ca.crl"), estate.ca.list(&list(5))).unwrap();
    fs::write(folder.join("forged.crl"), impostor.list(&ListSpec::new(9).dated(FROM, Some(UNTIL)))).unwrap();
    estate.configure(&format!("hosts = []\nfiles = [{:?}]", folder.to_str().unwrap()));
    let daemon = estate.run();
    wait_for("the finding", || codes(&daemon).contains(&"crl_bad_signature".to_owned()).then_some(()));
    let place = followed(&daemon, "/stick");
    assert!(place["failure"]["message"].as_str().is_some(), "{place}");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    wait_for("the same", || (followed(&daemon, "/stick")["failure"]["reason"] == "bad_signature").then_some(()));
    // Nothing is wrong with the others.
    wait_for("the list", || (followed(&daemon, "/ca.crl")["number"] == "5").then_some(()));
    fs::remove_file(folder.join("forged.crl")).unwrap();
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    wait_for("its end", || (!codes(&daemon).contains(&"crl_bad_signature".to_owned())).then_some(()));
    // The stick is gone: that is told too, once it lasts.
    fs::remove_file(folder.join("ca.crl")).unwrap();
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    wait_for("the empty folder", || {
        let lists = daemon.json(&["crl", "list"]);
        lists["items"].as_array().unwrap().iter().any(|list| list["failure"]["reason"] == "no_file").then_some(())
    });
    daemon.stop();
}

async fn edit(folder: &Path, sql: &'static str) {
    let path = folder.join("state/vigie.db");
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("the database");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect(sql);
    connection.close().await.expect("closed");
}

#[tokio::test]
async fn a_database_that_takes_nothing_is_no_reason_to_ask_over_and_over() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    estate.server.on("/ca.crl", Does::serve(&stale(&estate, 5)));
    let daemon = estate.run();
    wait_for("the list", || (followed(&daemon, "/ca.crl")["number"] == "5").then_some(()));
    edit(estate.path(), "CREATE TRIGGER refuses BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no'); END")
        .await;
    estate.server.on("/ca.crl", Does::HangsUp);
    estate.server.asked("/ca.crl");
    daemon.vigie(&["crl", "fetch"]);
    let mut asked = estate.server.asked("/ca.crl").len();
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        asked += estate.server.asked("/ca.crl").len();
    }
    assert!(asked <= 3, "{asked} requests");
    let failures = daemon.log().matches("could not be written down").count();
    assert!(failures <= 6, "{failures} lines");
    // It takes again, and what was missed is written with what comes next.
    edit(estate.path(), "DROP TRIGGER refuses").await;
    estate.server.on("/ca.crl", fresh(&estate, 6));
    wait_at_most(30, "the list", || {
        daemon.vigie(&["crl", "fetch"]);
        (statuses(&daemon) == words("good", "revoked")).then_some(())
    });
    let now = followed(&daemon, "/ca.crl");
    assert_eq!((&now["number"], &now["failure"]), (&"6".into(), &Value::Null));
    daemon.stop();
    estate.server.on("/ca.crl", Does::HangsUp);
    let daemon = estate.run();
    wait_for("the same after a start", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    assert_eq!(followed(&daemon, "/ca.crl")["number"], "6");
}
