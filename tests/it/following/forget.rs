//! Lists that are forgotten: those nothing can succeed.

use super::*;
use crate::support::daemon::wait_for;

/// The text of the open finding of this rule.
fn finding(daemon: &Daemon, code: &str) -> Option<String> {
    let findings = daemon.json(&["findings"]);
    let found = findings["items"].as_array().unwrap().iter().find(|finding| finding["code"] == code)?;
    Some(found["text"].as_str().unwrap().to_owned())
}

fn kept(estate: &Estate) -> Vec<String> {
    let files = fs::read_dir(estate.path().join("state/crls")).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_authority_may_begin_its_numbers_again() {
    let estate = Estate::new();
    let url = estate.server.url("/ca.crl");
    estate.install(&[&url]);
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list(900))));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let name = followed(&daemon, "/ca.crl")["name"].as_str().unwrap().to_owned();

    // It begins again, and forgets whom it revoked.
    let again = ListSpec::new(3).dated("2021-01-01", Some(UNTIL)).revoke(GOOD + 50, None);
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&again)));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 1);
    assert_eq!(followed(&daemon, "/ca.crl")["failure"]["reason"], "number_backwards");
    let text = finding(&daemon, "crl_number_backwards").expect("a finding");
    assert!(text.contains(&format!("vigie crl forget \"{url}\"")), "{text}");

    let seq = daemon.last_seq();
    let told = daemon.json(&["crl", "forget", &url]);
    assert_eq!(
        (&told["name"], &told["number"], &told["asked_again"]),
        (&name.clone().into(), &"900".into(), &true.into())
    );
    wait_for("the list that begins again", || (followed(&daemon, "/ca.crl")["number"] == "3").then_some(()));
    wait_for("the look", || (status(&daemon, "good") == "good").then_some(()));
    assert_eq!(status(&daemon, "revoked"), "revoked", "what was seen revoked stays so");
    assert_eq!(finding(&daemon, "crl_number_backwards"), None);
    let forgotten = events(&daemon, seq, "crl_forgotten");
    assert_eq!(forgotten.len(), 1);
    assert_eq!(forgotten[0]["object"], format!("crl:{url}"));
    assert!(forgotten[0]["reason"].as_str().unwrap().starts_with("number 900, until "), "{}", forgotten[0]);

    // By its name too; of what is not known nothing is forgotten.
    assert_eq!(daemon.json(&["crl", "forget", &name])["number"], "3");
    assert_eq!(daemon.vigie(&["crl", "forget", "http://nobody.example/x.crl"]).code, 1);
    wait_for("the list once more", || (followed(&daemon, "/ca.crl")["number"] == "3").then_some(()));
    daemon.stop();
    let daemon = estate.run();
    assert_eq!(followed(&daemon, "/ca.crl")["number"], "3");
    assert_eq!(statuses(&daemon), words("good", "revoked"));
}

#[test]
fn the_imported_list_of_an_authority_that_is_no_more_goes() {
    let estate = Estate::new();
    for (name, serial) in [("good", GOOD), ("revoked", REVOKED)] {
        estate.put(name, &Spec::end_entity(name, serial));
    }
    let daemon = estate.run();
    wait_for("the list of the root", || (kept(&estate).len() == 2).then_some(()));
    let file = estate.path().join("last.crl");
    let last = list(7).dated(FROM, Some("2021-01-01"));
    fs::write(&file, estate.ca.list(&last)).unwrap();
    assert_eq!(daemon.json(&["crl", "import", file.to_str().unwrap()])["taken"], 1);
    assert_eq!(statuses(&daemon), words("unknown", "revoked"));
    let text = finding(&daemon, "crl_stale").expect("a finding");
    let lists = daemon.json(&["crl", "list"]);
    let imported = lists["items"].as_array().unwrap().iter().find(|item| item["number"] == "7").unwrap();
    let (label, name) = (imported["label"].as_str().unwrap().to_owned(), imported["name"].as_str().unwrap());
    assert!(text.contains(&format!("vigie crl forget \"{name}\"")), "{text}");
    assert_eq!(kept(&estate).len(), 4);

    let told = daemon.json(&["crl", "forget", &label]);
    assert_eq!((&told["number"], &told["asked_again"]), (&"7".into(), &false.into()), "{told}");
    assert_eq!(finding(&daemon, "crl_stale"), None);
    assert_eq!(kept(&estate).len(), 2, "the list and its index went: {:?}", kept(&estate));
    assert_eq!(daemon.vigie(&["crl", "forget", &label]).code, 1);
    daemon.stop();
    let daemon = estate.run();
    assert_eq!(daemon.json(&["crl", "list"])["items"].as_array().unwrap().len(), 1);
    assert_eq!(statuses(&daemon), words("unknown", "revoked"));
}
