//! A running daemon while the disk and the declaration change under it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{CertifiedIssuer, KeyPair};
use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::made_certificate::{Made, authority};

/// Long enough for any clock these tests run under.
const YEARS: (i32, i32) = (2020, 2090);

const HEAD: &str = "node = \"living\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
    [trust]\nanchors = [\"anchors\"]\n[[source]]\nkind = \"file\"\nname = \"inbox\"\npaths = [\"inbox\"]\n\
    [[structure]]\nid = \"s\"\nname = \"S\"\nkind = \"other\"\n";

fn estate(folder: &Path, declared: &[&str]) {
    for name in ["state", "anchors", "inbox", "tls"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let mut config = HEAD.to_owned();
    for name in declared {
        config.push_str(&format!(
            "[[certificate]]\nid = \"{name}\"\nstructure = \"s\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\n\
             fqdn = \"{name}.example\"\ncert = \"tls/{name}.pem\"\nkey = \"tls/{name}.key\"\n"
        ));
    }
    fs::write(folder.join("vigie.toml"), config).unwrap();
}

fn install(folder: &Path, name: &str, made: &Made) {
    fs::write(folder.join(format!("tls/{name}.pem")), made.certificate.pem()).unwrap();
    let key = folder.join(format!("tls/{name}.key"));
    fs::write(&key, made.key.serialize_pem()).unwrap();
    fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
}

fn trust(folder: &Path, authority: &CertifiedIssuer<'_, KeyPair>) {
    fs::write(folder.join("anchors/ca.pem"), authority.pem()).unwrap();
}

/// Codes of the open findings about a declared certificate, without those about its profile: these are no IGC-Santé certificates.
fn codes(daemon: &Daemon, id: &str) -> Vec<String> {
    let shown = daemon.json(&["show", id]);
    let all = shown["findings"].as_array().unwrap();
    let codes = all.iter().map(|code| code.as_str().unwrap().to_owned());
    codes
        .filter(|code| !["usage_mismatch", "administrator_missing", "structure_mismatch"].contains(&code.as_str()))
        .collect()
}

fn validity(daemon: &Daemon, id: &str) -> Value {
    daemon.json(&["show", id])["validity"].clone()
}

#[test]
fn an_anchor_that_comes_late_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = authority("ca.example");
    estate(folder, &["web"]);
    fs::write(folder.join("anchors/other.pem"), crate::support::made_certificate::authority("other.example").pem())
        .unwrap();
    install(folder, "web", &Made::issued("web.example", YEARS, &authority));
    let daemon = Daemon::run(folder);
    assert_eq!(codes(&daemon, "web"), ["unknown_issuer"]);

    trust(folder, &authority);
    let said = daemon.vigie(&["reload", "--lang", "en"]);
    assert_eq!((said.code, said.out.as_str()), (0, "trust anchors: 1 added, 0 removed\n"));
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(codes(&daemon, "web"), [""; 0]);
    daemon.stop();

    let daemon = Daemon::run(folder);
    assert_eq!(codes(&daemon, "web"), [""; 0], "what was found out is kept");
}

#[test]
fn a_new_declaration_is_judged_once_it_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = authority("ca.example");
    estate(folder, &["web"]);
    trust(folder, &authority);
    install(folder, "web", &Made::issued("web.example", YEARS, &authority));
    install(folder, "mail", &Made::issued("mail.example", YEARS, &authority));
    let daemon = Daemon::run(folder);
    let before = daemon.last_seq();

    estate(folder, &["web", "mail"]);
    let said = daemon.vigie(&["reload"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    let missing = |event: &&Value| event["reason"].as_str().is_some_and(|reason| reason.starts_with("missing"));
    let events = daemon.audit();
    let blip = events.iter().filter(|event| event["seq"].as_i64() > Some(before)).find(missing);
    assert_eq!(blip, None, "nobody had looked yet");
    assert_eq!(validity(&daemon, "mail"), "valid");

    // A mistake keeps all of it.
    fs::write(folder.join("vigie.toml"), "offre = 1\n").unwrap();
    let said = daemon.vigie(&["--socket", folder.join("state/api.sock").to_str().unwrap(), "reload"]);
    assert_eq!(said.code, 65);
    estate(folder, &["web", "mail"]);
    let refused = daemon.wait_for_event(before, |event| event["action"] == "reload" && event["outcome"] == "refused");
    assert!(refused["reason"].as_str().unwrap().contains("offre"), "{refused}");
    assert_eq!(validity(&daemon, "mail"), "valid");
}

#[test]
fn what_happens_to_a_file_opens_and_closes_its_findings() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority = authority("ca.example");
    estate(folder, &["web"]);
    trust(folder, &authority);
    let old = Made::issued("web.example", (2020, 2080), &authority);
    install(folder, "web", &old);
    let daemon = Daemon::run(folder);
    let scan = || assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(codes(&daemon, "web"), [""; 0]);

    let (cert, key) = (folder.join("tls/web.pem"), folder.join("tls/web.key"));
    fs::remove_file(&cert).unwrap();
    scan();
    assert_eq!((codes(&daemon, "web"), validity(&daemon, "web")), (vec!["missing".to_owned()], "missing".into()));

    fs::write(&cert, old.certificate.pem()).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    scan();
    assert_eq!(codes(&daemon, "web"), ["key_readable"]);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    scan();
    assert_eq!(codes(&daemon, "web"), [""; 0]);

    // Somebody renews, first beside, then in place.
    let new = Made::issued("web.example", YEARS, &authority);
    fs::write(folder.join("inbox/new.pem"), new.certificate.pem()).unwrap();
    scan();
    assert_eq!(codes(&daemon, "web"), ["superseded_in_use"]);
    fs::write(&cert, new.certificate.pem()).unwrap();
    scan();
    assert_eq!(codes(&daemon, "web"), ["key_mismatch"], "the key of the old one is still there");
    install(folder, "web", &new);
    scan();
    assert_eq!(codes(&daemon, "web"), [""; 0]);
}

#[test]
fn the_trail_is_chosen_from_by_what_its_events_say() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    estate(folder, &["web"]);
    let daemon = Daemon::run(folder);
    for _ in 0..60 {
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    }
    let shown = |arguments: &[&str]| -> Vec<Value> {
        let said = daemon.json(&[&["audit", "show"], arguments].concat());
        said["items"].as_array().unwrap().clone()
    };
    let first = |events: &[Value]| events.first().and_then(|event| event["seq"].as_i64());
    let all = shown(&["--after", "0"]);
    assert!(all.len() > 60 && first(&all) == Some(1), "all that follow: {}", all.len());
    assert_eq!(shown(&[]), all[all.len() - 50..]);
    assert_eq!(shown(&["--after", "3", "--last", "2"]), all[all.len() - 2..]);

    let of = |key: &str, word: &str| -> Vec<Value> { all.iter().filter(|event| event[key] == word).cloned().collect() };
    let opened = of("action", "finding_opened");
    assert_eq!(shown(&["--action", "finding_opened"]), opened);
    let object = opened[0]["object"].as_str().unwrap();
    assert_eq!(shown(&["--object", object]), of("object", object));
    assert_eq!(shown(&["--actor", "nobody"]), [Value::Null; 0]);
    let actor = all.last().unwrap()["actor"].as_str().unwrap();
    assert_eq!(shown(&["--actor", actor, "--last", "3"]), of("actor", actor)[of("actor", actor).len() - 3..]);
    assert_eq!(shown(&["--outcome", "refused"]), of("outcome", "refused"));
    let begin = all[0]["at"].as_str().unwrap();
    assert_eq!(shown(&["--since", begin]), all);
    assert_eq!(shown(&["--until", begin]), [Value::Null; 0]);
    assert_eq!(daemon.vigie(&["audit", "show", "--action", "dance"]).code, 65);

    let token = fs::read_to_string(folder.join("state/api.token")).unwrap();
    let token = format!("Authorization: Bearer {}\r\n", token.trim());
    let page = daemon.get("/api/v1/audit?action=finding_opened&limit=1", &token).json();
    assert_eq!((&page["items"][0], page["total"].as_u64()), (&opened[0], Some(opened.len() as u64)));
    assert_eq!(page["next_cursor"].is_null(), opened.len() == 1);
    for list in ["structures", "administrators", "sources", "nodes"] {
        let page = daemon.get(&format!("/api/v1/{list}?limit=1"), &token).json();
        let total = page["total"].as_u64().unwrap();
        assert_eq!(page["next_cursor"].is_null(), total <= 1, "{list}: {page}");
        assert_eq!(page["items"].as_array().unwrap().len() as u64, total.min(1), "{list}");
    }
    let rest = daemon.get("/api/v1/sources?limit=1&cursor=1", &token).json();
    assert_eq!(rest["items"].as_array().unwrap().len() as u64, rest["total"].as_u64().unwrap() - 1);
    daemon.stop();
}
