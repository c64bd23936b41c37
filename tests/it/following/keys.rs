//! Authorities of one name with several keys, and lists of one authority that cover different certificates: none takes the place of another, and
//! none is taken for more than it says.

use super::*;
use crate::support::daemon::wait_for;
use crate::support::made_pki::tlv;

/// An authority that was given a second key: its name, another key, certificates of its own.
struct Rekeyed {
    estate: Estate,
    second: Authority,
}

impl Rekeyed {
    /// Certificate `one` of the first key names `/k1.crl`, certificate `two` of the second `/k2.crl`.
    fn new() -> Self {
        let estate = Estate::new();
        let spec = Spec::authority("TEST AC ORGANISATIONS", 3).valid(FROM, UNTIL);
        let second = estate.root.below(&spec.with(points(&[&estate.server.url("/root.crl")])));
        fs::write(estate.path().join("inbox/ca2.cer"), &second.der).unwrap();
        let rekeyed = Self { estate, second };
        rekeyed.put("one", GOOD, "/k1.crl");
        rekeyed.put("two", REVOKED, "/k2.crl");
        rekeyed
    }

    fn put(&self, name: &str, serial: u64, path: &str) {
        let authority = if name.starts_with("one") { &self.estate.ca } else { &self.second };
        let url = self.estate.server.url(path);
        let der = authority.issue(&Spec::end_entity(name, serial).valid(FROM, UNTIL).with(points(&[&url])));
        fs::write(self.estate.path().join(format!("inbox/{name}.cer")), der).unwrap();
    }
}

fn empty(number: u64) -> ListSpec {
    ListSpec::new(number).dated(FROM, Some(UNTIL))
}

fn both(daemon: &Daemon) -> (String, String) {
    (status(daemon, "one"), status(daemon, "two"))
}

#[test]
fn the_list_of_another_key_clears_nobody_and_takes_no_place() {
    let rekeyed = Rekeyed::new();
    let Rekeyed { estate, second } = &rekeyed;
    let (server, first) = (&estate.server, &estate.ca);
    server.on("/k1.crl", Does::serve(&first.list(&empty(100))));
    let daemon = estate.run();
    let fetch = || daemon.vigie(&["crl", "fetch"]).code;
    let why = || entry(&daemon, "two")["revocation_details"]["why"].clone();
    fetch();
    assert_eq!(both(&daemon), words("good", "unknown"), "the list of the second key is not there");

    // The list of the first key at the address of the second: it is one of the authority's, and may revoke; it clears nobody.
    server.on("/k2.crl", Does::serve(&first.list(&empty(101).dated("2021-01-01", Some(UNTIL)))));
    assert_eq!(fetch(), 0);
    assert_eq!(both(&daemon), words("good", "unknown"), "{}", why());
    // The right one is taken, low as its number is.
    server.on("/k2.crl", Does::serve(&second.list(&list(6))));
    assert_eq!(fetch(), 0);
    assert_eq!(both(&daemon), words("good", "revoked"));

    // And stays as long as it is in force.
    server.on("/k2.crl", Does::serve(&first.list(&empty(102).dated("2021-02-01", Some(UNTIL)))));
    assert_eq!(fetch(), 1);
    let held = followed(&daemon, "/k2.crl");
    assert_eq!((&held["number"], &held["failure"]["reason"]), (&"6".into(), &"key_changed".into()));
    let message = held["failure"]["message"].as_str().unwrap();
    assert!(message.ends_with("and nothing links the two keys"), "{message}");
    assert_eq!(both(&daemon), words("good", "revoked"));
    server.on("/k2.crl", Does::serve(&second.list(&list(7).dated("2021-01-01", Some(UNTIL)))));
    assert_eq!(fetch(), 0);
    assert_eq!(followed(&daemon, "/k2.crl")["failure"], Value::Null);
}

#[test]
fn a_change_of_key_goes_through() {
    let rekeyed = Rekeyed::new();
    let Rekeyed { estate, second } = &rekeyed;
    let (server, first) = (&estate.server, &estate.ca);
    fs::remove_file(estate.path().join("inbox/two.cer")).unwrap();
    server.on("/k1.crl", Does::serve(&first.list(&empty(100))));
    let daemon = estate.run();
    let fetch = || daemon.vigie(&["crl", "fetch"]).code;
    fetch();
    assert_eq!(status(&daemon, "one"), "good");

    // The new key signs the lists of all. As long as nothing says that it may, the list in force stays.
    server.on("/k1.crl", Does::serve(&second.list(&empty(101).dated("2021-01-01", Some(UNTIL)))));
    assert_eq!(fetch(), 1);
    assert_eq!((status(&daemon, "one").as_str(), &followed(&daemon, "/k1.crl")["number"]), ("good", &"100".into()));
    // The old key vouches for the new one (RFC 4210 section 4.4): the numbers go on, and the new list clears what the old key signed.
    let spec = Spec::authority("TEST AC ORGANISATIONS", 4).valid(FROM, UNTIL).key(&second.key);
    let link = first.issue(&spec.with(points(&[&server.url("/k1.crl")])));
    fs::write(estate.path().join("inbox/link.cer"), link).unwrap();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(fetch(), 0);
    assert_eq!((status(&daemon, "one").as_str(), &followed(&daemon, "/k1.crl")["number"]), ("good", &"101".into()));
    server.on("/k1.crl", Does::serve(&second.list(&empty(99).dated("2021-02-01", Some(UNTIL)))));
    assert_eq!(fetch(), 1);
    assert_eq!(followed(&daemon, "/k1.crl")["failure"]["reason"], "number_backwards");
}

#[test]
fn a_list_past_its_end_gives_way_to_another_key() {
    let rekeyed = Rekeyed::new();
    let Rekeyed { estate, second } = &rekeyed;
    estate.server.on("/k1.crl", Does::serve(&estate.ca.list(&empty(100).dated(FROM, Some("2021-01-01")))));
    fs::remove_file(estate.path().join("inbox/two.cer")).unwrap();
    let daemon = estate.run();
    daemon.vigie(&["crl", "fetch"]);
    estate.server.on("/k1.crl", Does::serve(&second.list(&list(3).revoke(GOOD, Some(1)))));
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(status(&daemon, "one"), "revoked");
}

/// No host may be asked: lists come from the folder `lists`.
fn from_files(estate: &Estate, lists: &[(&str, Vec<u8>)]) -> Daemon {
    estate.configure("hosts = []\nspread = \"0s\"\nfiles = [\"lists\"]");
    let folder = estate.path().join("lists");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("root.crl"), estate.root.list(&empty(1))).unwrap();
    for (name, der) in lists {
        fs::write(folder.join(name), der).unwrap();
    }
    estate.run()
}

fn codes(daemon: &Daemon) -> Vec<String> {
    let found = daemon.json(&["findings"]);
    found["items"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn lists_of_both_keys_in_one_folder() {
    let rekeyed = Rekeyed::new();
    let Rekeyed { estate, second } = &rekeyed;
    // And certificates that name none: theirs have nowhere else to go.
    for (name, authority, serial) in [("bare1", &estate.ca, 0x31), ("bare2", second, 0x32)] {
        let der = authority.issue(&Spec::end_entity(name, serial).valid(FROM, UNTIL));
        fs::write(estate.path().join(format!("inbox/{name}.cer")), der).unwrap();
    }
    let lists = [("a.crl", estate.ca.list(&empty(100))), ("b.crl", second.list(&list(6)))];
    let daemon = from_files(estate, &lists);
    wait_for("both lists", || (both(&daemon) == words("good", "revoked")).then_some(()));
    assert_eq!((status(&daemon, "bare1"), status(&daemon, "bare2")), words("good", "good"));
    let numbers = ["/k1.crl", "/k2.crl"].map(|label| followed(&daemon, label)["number"].clone());
    assert_eq!(numbers, ["100", "6"], "each has its own");
    assert!(!codes(&daemon).iter().any(|code| code.starts_with("crl_")), "{:?}", codes(&daemon));
    daemon.stop();

    // Where no certificate names a list they are kept by authority and key.
    for name in ["one", "two"] {
        fs::remove_file(estate.path().join(format!("inbox/{name}.cer"))).unwrap();
    }
    fs::remove_dir_all(estate.path().join("state")).unwrap();
    fs::create_dir(estate.path().join("state")).unwrap();
    let daemon = estate.run();
    let bare = || (status(&daemon, "bare1"), status(&daemon, "bare2"));
    wait_for("both lists", || (bare() == words("good", "good")).then_some(()));
    assert!(!codes(&daemon).iter().any(|code| code.starts_with("crl_")), "{:?}", codes(&daemon));
}

#[test]
fn parts_of_one_list_in_one_folder() {
    let estate = Estate::new();
    let url = |part: &str| estate.server.url(&format!("/p{part}.crl"));
    estate.install(&[&url("b")]);
    let part = |part: &str, spec: ListSpec| estate.ca.list(&spec.scope(&[&full(&[&uri(&url(part))])]));
    let lists = ["a", "b", "c"].map(|name| (name, part(name, list(100))));
    let files: Vec<(String, Vec<u8>)> = lists.iter().map(|(name, der)| (format!("{name}.crl"), der.clone())).collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, der)| (name.as_str(), der.clone())).collect();
    let daemon = from_files(&estate, &files);
    wait_for("the part that counts", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let held = followed(&daemon, "/pb.crl");
    assert!(held["taken_from"].as_str().unwrap().ends_with("/b.crl"), "{held}");
    assert!(!codes(&daemon).iter().any(|code| code.starts_with("crl_")), "{:?}", codes(&daemon));
    // Two others of one issuer, kind and number, each in its own right; and that of the root, once.
    let all = daemon.json(&["crl", "list"]);
    let from = |file: &str| {
        let is_it = |item: &&Value| item["taken_from"].as_str().is_some_and(|from| from.ends_with(file));
        all["items"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{file}: {all}"))["label"].clone()
    };
    assert_eq!(from("/a.crl"), "CN=TEST AC ORGANISATIONS,O=IGC-SANTE TEST,C=FR");
    assert_eq!(from("/a.crl"), from("/c.crl"));
    wait_for("each once", || (daemon.json(&["crl", "list"])["total"] == 4).then_some(()));
    // A certificate names one of them now: it is that one, and not two.
    estate.put("late", &Spec::end_entity("late", 0x51).with(points(&[&url("a")])));
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    daemon.vigie(&["crl", "fetch"]);
    wait_for("the list under its address", || (daemon.json(&["crl", "list"])["total"] == 4).then_some(()));
    assert_eq!(
        (followed(&daemon, "/pa.crl")["number"].clone(), status(&daemon, "late")),
        ("100".into(), "good".into())
    );
    // And their figures are told apart.
    let token = fs::read_to_string(estate.path().join("state/api.token")).unwrap();
    let metrics = daemon.get("/metrics", &format!("Authorization: Bearer {}\r\n", token.trim())).body;
    let series = metrics.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap().0);
    let mut seen = std::collections::BTreeSet::new();
    let twice: Vec<&str> = series.filter(|series| !seen.insert(*series)).collect();
    assert_eq!(twice, [""; 0]);
    let file = estate.path().join("next.crl");
    fs::write(&file, part("b", list(101).dated("2021-01-01", Some(UNTIL)))).unwrap();
    assert_eq!(daemon.json(&["crl", "import", file.to_str().unwrap()])["taken"], 1);
    assert_eq!(followed(&daemon, "/pb.crl")["number"], "101");
}

#[test]
fn a_file_that_is_refused_is_named() {
    let estate = Estate::new();
    estate.install(&["http://crl.example.fr/ca.crl"]);
    let daemon = from_files(&estate, &[("a.crl", estate.ca.list(&list(5)))]);
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let old = estate.path().join("lists/b.crl");
    fs::write(&old, estate.ca.list(&list(4))).unwrap();
    daemon.vigie(&["crl", "fetch"]);
    wait_for("the finding", || codes(&daemon).contains(&"crl_number_backwards".to_owned()).then_some(()));
    let found = daemon.json(&["findings"]);
    let finding = found["items"].as_array().unwrap().iter().find(|one| one["code"] == "crl_number_backwards").unwrap();
    let (text, file) = (finding["text"].as_str().unwrap(), old.display().to_string());
    assert!(text.contains(&file) && !text.contains(" - ") && !text.contains("()"), "{text}");
    assert!(!text.contains("vigie crl forget \""), "a folder is no list: {text}");
    assert_eq!(finding["facts"]["file"], file);
    let message = finding["facts"]["message"].as_str().unwrap();
    assert_eq!(
        message,
        "the revocation list does not succeed the one that is held: its number is lower, or it has none"
    );
}

/// Two lists that came from files and are called the same, a complete one and its delta, both past their end.
#[test]
fn each_list_has_its_own_finding() {
    let estate = Estate::new();
    let over = |spec: ListSpec| spec.dated(FROM, Some("2021-01-01"));
    let lists = [("a.crl", estate.ca.list(&over(list(5)))), ("b.crl", estate.ca.list(&over(ListSpec::delta(6, 5))))];
    let daemon = from_files(&estate, &lists);
    let subjects = || {
        let found = daemon.json(&["findings"]);
        let stale = found["items"].as_array().unwrap().iter().filter(|one| one["code"] == "crl_stale");
        stale.map(|one| one["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let subjects = wait_for("both findings", || Some(subjects()).filter(|found| found.len() == 2));
    // Each is forgotten by what its finding says.
    for subject in subjects {
        let name = subject.strip_prefix("crl:").unwrap();
        assert_eq!(daemon.json(&["crl", "forget", name])["name"], name);
    }
}

#[test]
fn lists_that_are_equally_new_are_both_asked() {
    let estate = Estate::new();
    let urls = ["/x.crl", "/y.crl"].map(|path| estate.server.url(path));
    for (name, url) in [("good", &urls[0]), ("revoked", &urls[1])] {
        estate.put(name, &Spec::end_entity(name, REVOKED).with(points(&[url])));
    }
    // One number, one date, and only one of them revokes.
    estate.server.on("/x.crl", Does::serve(&estate.ca.list(&empty(5))));
    estate.server.on("/y.crl", Does::serve(&estate.ca.list(&list(5))));
    let daemon = estate.run();
    assert_eq!(daemon.vigie(&["crl", "fetch"]).code, 0);
    assert_eq!(statuses(&daemon), words("revoked", "revoked"));
}

#[test]
fn a_number_too_large_for_a_figure_has_none() {
    let estate = Estate::new();
    estate.install(&[&estate.server.url("/ca.crl")]);
    let huge = extension(20, PLAIN, &tlv(2, &[&[0x7f; 20]]));
    let list = ListSpec { extensions: vec![huge], ..list(1) };
    estate.server.on("/ca.crl", Does::serve(&estate.ca.list(&list)));
    let daemon = estate.run();
    wait_for("the list", || (statuses(&daemon) == words("good", "revoked")).then_some(()));
    let token = fs::read_to_string(estate.path().join("state/api.token")).unwrap();
    let metrics = daemon.get("/metrics", &format!("Authorization: Bearer {}\r\n", token.trim())).body;
    let of_it = |family: &str| {
        metrics.lines().filter(|line| line.starts_with(&format!("{family}{{")) && line.contains("/ca.crl")).count()
    };
    assert_eq!((of_it("x509_crl_number"), of_it("x509_crl_stale")), (0, 1), "{metrics}");
}
