//! What cannot be read is told, to the right person, with the right cure.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::daemon::{Daemon, wait_for};
use crate::support::made_certificate::{Made, authority};

/// A configuration with these sources and certificates, in French.
fn configure(folder: &Path, rest: &str) {
    fs::create_dir_all(folder.join("state")).unwrap();
    let head = "node = \"troubles\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
        [scan]\nendpoint_timeout = \"60s\"\n[[structure]]\nid = \"s\"\nname = \"S\"\nkind = \"other\"\n";
    fs::write(folder.join("vigie.toml"), format!("{head}{rest}")).unwrap();
}

fn source(name: &str, paths: &[&str]) -> String {
    format!("[[source]]\nkind = \"file\"\nname = \"{name}\"\npaths = {paths:?}\n")
}

fn certificate(id: &str, keys: &str) -> String {
    format!(
        "[[certificate]]\nid = \"{id}\"\nstructure = \"s\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\nfqdn = \"{id}.example\"\n{keys}\n"
    )
}

/// A PKCS#12 whose password is `s3cret`.
fn write_store(store: &Path, made: &Made) {
    let pair = store.with_extension("pair");
    fs::write(&pair, made.certificate.pem() + &made.key.serialize_pem()).unwrap();
    let export = Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", "pass:s3cret", "-in"])
        .args([&pair, Path::new("-out"), store])
        .status();
    assert!(export.unwrap().success());
    fs::remove_file(pair).unwrap();
}

/// The open findings of a rule, in the order of their subjects.
fn findings(daemon: &Daemon, code: &str, lang: &str) -> Vec<Value> {
    let said = daemon.json(&["findings", "--lang", lang]);
    let all = said["items"].as_array().unwrap().iter();
    let mut found: Vec<Value> = all.filter(|finding| finding["code"] == code).cloned().collect();
    found.sort_by_key(|finding| finding["subject"].as_str().map(str::to_owned));
    found
}

fn text(finding: &Value) -> &str {
    finding["text"].as_str().unwrap()
}

#[test]
fn a_folder_that_is_not_there_is_told_though_others_of_its_source_are() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for name in ["here", "many"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    fs::write(folder.join("here/a.pem"), Made::self_signed("a.example").certificate.pem()).unwrap();
    let sources = [
        source("some", &["here", "away", "here/*.nothing", "here/*.pem"]),
        source("none", &["gone"]),
        source("many", &["many"]),
    ];
    configure(folder, &sources.concat());
    let broken = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    for number in 0..60 {
        fs::write(folder.join(format!("many/{number:02}.pem")), broken).unwrap();
    }
    let daemon = Daemon::run(folder);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let told = findings(&daemon, "source_failed", "fr");
    let subjects: Vec<&str> = told.iter().map(|finding| finding["subject"].as_str().unwrap()).collect();
    let expected = [("none", "gone"), ("some", "away"), ("some", "here/*.nothing")];
    assert_eq!(subjects, expected.map(|(name, root)| format!("source:{name} @ {}", path(root))));
    assert_eq!(told[1]["severity"], "warning");
    assert_eq!(told[1]["facts"]["root"], path("away"));
    assert!(text(&told[1]).contains("n'a pas pu lire") && text(&told[1]).contains("n'est pas monté"), "{}", told[1]);
    assert_eq!((&told[2]["severity"], &told[2]["facts"]["reason"]), (&"info".into(), &"nothing_matches".into()));

    // Sixty files nobody declared are one trouble of their source.
    let crowd = findings(&daemon, "unreadable", "fr");
    assert_eq!(crowd.iter().map(|finding| &finding["subject"]).collect::<Vec<_>>(), ["source:many"]);
    assert!(text(&crowd[0]).contains("60 emplacements de la source many"), "{}", crowd[0]);
    let opened = |event: &&Value| event["action"] == "finding_opened";
    assert_eq!(
        daemon.audit().iter().filter(opened).count(),
        daemon.json(&["findings"])["items"].as_array().unwrap().len()
    );

    fs::create_dir(folder.join("away")).unwrap();
    for number in 5..60 {
        fs::remove_file(folder.join(format!("many/{number:02}.pem"))).unwrap();
    }
    daemon.vigie(&["scan", "--now"]);
    assert_eq!(findings(&daemon, "source_failed", "fr").len(), 2);
    assert_eq!(findings(&daemon, "unreadable", "fr").len(), 5);
    daemon.stop();
}

#[test]
fn an_endpoint_that_refuses_has_its_own_words() {
    let place = tempfile::tempdir().unwrap();
    // Held and not listened at: nobody else can answer there.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    configure(place.path(), &certificate("web", &format!("endpoints = [\"tls://127.0.0.1:{port}\"]")));
    let daemon = Daemon::run(place.path());
    let told = |lang| findings(&daemon, "unreadable", lang).remove(0);
    let (fr, en) = (told("fr"), told("en"));
    assert_eq!((&fr["facts"]["reason"], &fr["facts"]["kind"]), (&"refused".into(), &"service".into()));
    assert_eq!(fr["facts"]["message"], "the connection is refused");
    assert!(text(&fr).contains("n'a pas pu être lu : la connexion est refusée. Vérifiez que le service"), "{fr}");
    assert!(text(&en).contains("could not be read: the connection is refused. Check that the service"), "{en}");
    assert_eq!((&fr["reference"], &en["reference"]), (&"RFC 9293".into(), &"RFC 9293".into()));
    daemon.stop();
}

#[test]
fn the_password_of_a_store_is_watched_like_its_key() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let store = folder.join("mail.p12");
    write_store(&store, &Made::self_signed("mail.example"));
    configure(folder, &certificate("mail", "pkcs12 = \"mail.p12\"\npassword_file = \"mail.password\""));
    let daemon = Daemon::run(folder);
    let missing = findings(&daemon, "missing", "fr");
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0]["subject"], "certificate:mail @ password");
    assert!(text(&missing[0]).contains("mail.password"), "{}", missing[0]);
    assert_eq!(
        findings(&daemon, "unreadable", "fr"),
        [Value::Null; 0],
        "it has a password file, and that is what is told"
    );

    let password = folder.join("mail.password");
    fs::write(&password, "s3cret\nof the year 2026\n").unwrap();
    for file in [&password, &store] {
        fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(findings(&daemon, "missing", "fr"), [Value::Null; 0]);
    let shown = daemon.json(&["show", "mail"]);
    assert_eq!(shown["validity"], "valid");
    assert!(shown["findings"].as_array().unwrap().contains(&"key_readable".into()), "{shown}");
    let open = findings(&daemon, "key_readable", "fr");
    let said: Vec<_> = open.iter().map(|finding| (&finding["facts"]["what"], &finding["severity"])).collect();
    let critical = &Value::from("critical");
    assert_eq!(said, [(&"opened_key".into(), critical), (&"password".into(), critical)]);
    assert!(text(&open[1]).starts_with("Le mot de passe d'une clé privée"), "{}", open[1]);

    // The daemon remembers what it saw of both.
    let (before, seq) = (findings(&daemon, "key_readable", "fr"), daemon.last_seq());
    daemon.stop();
    let daemon = Daemon::run(folder);
    assert_eq!(findings(&daemon, "key_readable", "fr"), before);
    let closed = |event: &Value| event["seq"].as_i64() > Some(seq) && event["action"] == "finding_closed";
    assert!(!daemon.audit().iter().any(closed));
    daemon.stop();
}

#[test]
fn a_refused_reload_counts_its_mistakes_and_names_the_first() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    configure(folder, "");
    let daemon = Daemon::run(folder);
    let seq = daemon.last_seq();
    configure(folder, "[policy]\nsuccesor_by = \"30d\"\n[schedule]\nscna = \"@daily\"\n");
    let socket = folder.join("state/api.sock");
    let said = daemon.vigie(&["--socket", socket.to_str().unwrap(), "reload"]);
    assert_eq!(said.code, 65);
    let refused = daemon.wait_for_event(seq, |event| event["action"] == "reload" && event["outcome"] == "refused");
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains("2 mistake(s)") && reason.contains("succesor_by"), "{reason}");
    let log = daemon.log();
    let line = |what: &str| log.lines().rfind(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {log}"));
    assert!(line("scna").contains("ERROR"), "{}", line("scna"));
    configure(folder, "");
    daemon.stop();
}

#[test]
fn what_is_declared_is_not_missing_before_it_was_looked_for() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let made = Made::self_signed("web.example");
    fs::write(folder.join("web.pem"), made.certificate.pem()).unwrap();
    configure(folder, "");
    let daemon = Daemon::run(folder);
    // A server that takes its time: the declared places are read together.
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("endpoints = [\"tls://{}\"]", slow.local_addr().unwrap());
    let declared = certificate("web", "cert = \"web.pem\"") + &certificate("gone", "cert = \"gone.pem\"");
    configure(folder, &(declared + &certificate("slow", &endpoint)));
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    let validity = |id: &str| daemon.json(&["show", id])["validity"].clone();
    for id in ["web", "gone", "slow"] {
        assert_eq!(validity(id), "not_yet_read", "{id}");
    }
    assert_eq!(daemon.json(&["status"])["counts"]["missing"], 0);
    assert!(daemon.vigie(&["list", "--lang", "fr"]).out.contains("pas encore lu"));
    drop(slow.accept().unwrap());
    drop(slow);
    wait_for("the first look", || (validity("web") != "not_yet_read").then_some(()));
    assert_eq!(
        (validity("web"), validity("gone"), validity("slow")),
        ("valid".into(), "missing".into(), "unreadable".into())
    );
    assert_eq!(daemon.json(&["status"])["counts"]["missing"], 1);
    daemon.stop();
}

#[test]
fn a_file_that_was_swept_before_it_was_declared_is_missed_when_it_goes() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::create_dir_all(folder.join("swept")).unwrap();
    let web = folder.join("swept/web.pem");
    fs::write(&web, Made::self_signed("web.example").certificate.pem()).unwrap();
    let sources = source("files", &["swept"]);
    configure(folder, &sources);
    let daemon = Daemon::run(folder);
    assert_eq!(daemon.json(&["list", "--all"])["items"].as_array().unwrap().len(), 1);
    fs::remove_file(web).unwrap();
    configure(folder, &(sources + &certificate("web", "cert = \"swept/web.pem\"")));
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(daemon.json(&["show", "web"])["validity"], "missing");
    assert_eq!(findings(&daemon, "missing", "fr").len(), 1);
    assert_eq!(daemon.vigie(&["diff"]).code, 1);
    daemon.stop();
}

#[test]
fn what_can_only_be_read_in_part_keeps_its_end() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let root = authority("TEST AC");
    let over = |name: &str| Made::issued(name, (2020, 2021), &root);
    let (web, mail) = (over("web.example"), over("mail.example"));
    let both = [web.certificate.pem(), root.pem()].concat();
    fs::write(folder.join("web.pem"), &both).unwrap();
    let (store, word) = (folder.join("mail.p12"), folder.join("mail.password"));
    write_store(&store, &mail);
    fs::write(&word, "s3cret").unwrap();
    let declared = certificate("web", "cert = \"web.pem\"")
        + &certificate("mail", "pkcs12 = \"mail.p12\"\npassword_file = \"mail.password\"");
    configure(folder, &declared);
    let daemon = Daemon::run(folder);
    let over = |daemon: &Daemon| -> Vec<Value> {
        findings(daemon, "expired", "fr").into_iter().map(|finding| finding["subject"].clone()).collect()
    };
    let both_over = over(&daemon);
    assert_eq!(both_over, ["certificate:mail", "certificate:web"]);

    // One letter of the first certificate, and another password.
    fs::write(folder.join("web.pem"), both.replacen("MII", "M!I", 1)).unwrap();
    fs::write(&word, "other").unwrap();
    fs::File::open(&store).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(findings(&daemon, "unreadable", "fr").len(), 2);
    assert_eq!(over(&daemon), both_over);
    assert_eq!(findings(&daemon, "different", "fr"), [Value::Null; 0]);
    for (id, made) in [("web", &web), ("mail", &mail)] {
        let shown = daemon.json(&["show", id]);
        assert_eq!(shown["sha256"].as_str(), Some(made.fingerprint().to_string().as_str()), "{shown}");
    }
    daemon.stop();

    // And where it was never read whole, the authority beside it is not taken for it.
    fs::remove_dir_all(folder.join("state")).unwrap();
    configure(folder, &declared);
    let daemon = Daemon::run(folder);
    assert_eq!(daemon.json(&["show", "web"])["validity"], "unreadable");
    assert_eq!(over(&daemon), [Value::Null; 0]);
    daemon.stop();
}

#[test]
fn a_source_that_gets_another_name_or_a_file_that_is_declared_no_more_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::create_dir_all(folder.join("swept")).unwrap();
    let web = folder.join("swept/web.pem");
    let over = Made::issued("web.example", (2020, 2021), &authority("TEST AC"));
    fs::write(&web, over.certificate.pem() + &over.key.serialize_pem()).unwrap();
    fs::set_permissions(&web, Permissions::from_mode(0o600)).unwrap();
    let other = certificate("other", "cert = \"other.pem\"");
    let declared = certificate("web", "cert = \"swept/web.pem\"");
    configure(folder, &(source("files", &["swept"]) + &declared + &other));
    let daemon = Daemon::run(folder);
    let ends = |daemon: &Daemon| findings(daemon, "expired", "fr").len();
    assert_eq!(ends(&daemon), 1);
    // What is damaged keeps what was read of it, whoever looks at it from now on.
    fs::write(&web, "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n").unwrap();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    for (name, declared) in [("files", ""), ("renamed", ""), ("renamed", declared.as_str())] {
        let seq = daemon.last_seq();
        configure(folder, &(source(name, &["swept"]) + declared + &other));
        assert_eq!(daemon.vigie(&["reload"]).code, 0);
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
        assert_eq!(ends(&daemon), 1, "{name} {declared}");
        let gone = |event: &Value| event["seq"].as_i64() > Some(seq) && event["action"] == "location_gone";
        assert!(!daemon.audit().iter().any(gone), "{name} {declared}");
    }
    daemon.stop();
}

#[test]
fn a_certificate_that_signed_itself_keeps_its_end_too() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let mut parameters = CertificateParams::new(vec!["web.example".to_owned()]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (parameters.not_before, parameters.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let made = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("web.pem"), made.pem()).unwrap();
    configure(folder, &certificate("web", "cert = \"web.pem\""));
    let daemon = Daemon::run(folder);
    assert_eq!(findings(&daemon, "expired", "fr").len(), 1);
    fs::write(folder.join("web.pem"), "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n").unwrap();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!(findings(&daemon, "expired", "fr").len(), 1);
    daemon.stop();
}

#[test]
fn an_anchor_that_is_not_read_is_told_and_what_is_beside_it_is_not() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let root = authority("TEST AC");
    let leaf = Made::issued("web.example", (2026, 2029), &root);
    fs::create_dir_all(folder.join("anchors")).unwrap();
    fs::write(folder.join("web.pem"), leaf.certificate.pem()).unwrap();
    let declared = "[trust]\nanchors = [\"anchors\"]\n".to_owned() + &certificate("web", "cert = \"web.pem\"");
    configure(folder, &declared);
    let daemon = Daemon::run(folder);
    let told = |daemon: &Daemon| {
        assert_eq!(daemon.vigie(&["reload"]).code, 0);
        assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
        findings(daemon, "anchor_missing", "fr")
    };
    let none = told(&daemon);
    assert_eq!((none.len(), &none[0]["facts"]["kind"]), (1, &"none".into()));
    assert!(text(&none[0]).starts_with("Aucune autorité de confiance n'est lue"), "{}", none[0]);

    let anchor = folder.join("anchors/chain.pem");
    fs::write(&anchor, leaf.certificate.pem() + &root.pem()).unwrap();
    fs::write(folder.join("anchors/LISEZMOI"), "Les autorités de l'établissement").unwrap();
    assert_eq!(told(&daemon), [Value::Null; 0], "the authority of the chain is taken");
    assert_eq!(findings(&daemon, "unknown_issuer", "fr"), [Value::Null; 0]);
    fs::write(&anchor, root.pem() + "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n").unwrap();
    let part = told(&daemon);
    assert_eq!((part.len(), &part[0]["facts"]["reason"]), (1, &"read_in_part".into()));
    fs::write(&anchor, root.pem()).unwrap();
    fs::write(folder.join("anchors/leaf.pem"), leaf.certificate.pem()).unwrap();
    let other = told(&daemon);
    assert_eq!((other.len(), &other[0]["facts"]["reason"]), (1, &"not_a_ca".into()));
    assert!(text(&other[0]).contains("leaf.pem n'est pas pris"), "{}", other[0]);
    daemon.stop();
}
