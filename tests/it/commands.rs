//! The command line as administrators and supervisions use it: exit codes, languages, what is said and what is not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use crate::reading::openssl::Bench;
use crate::support::daemon::{Daemon, VIGIE};
use crate::support::made_certificate::Made;

/// What a command gave.
struct Gave {
    code: i32,
    out: String,
    err: String,
}

impl Gave {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not one document ({error}): {}", self.out))
    }
}

/// A command, which has a minute: what hangs gives 124.
fn vigie(arguments: &[&str]) -> Gave {
    let mut command = Command::new("timeout");
    let said = command.args(["60", VIGIE]).args(arguments).env("LANG", "C").env_remove("LC_ALL").output();
    let said = said.expect("timeout runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Gave { code: said.status.code().unwrap_or(-1), out: text(said.stdout), err: text(said.stderr) }
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a named pipe");
}

const HEAD: &str = "node = \"commands\"\nstate_dir = \"state\"\n[http]\nsocket = \"state/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
    [trust]\nanchors = []\n[revocation]\nhosts = []\n[[source]]\nkind = \"file\"\nname = \"inbox\"\npaths = [\"inbox\"]\n\
    [[structure]]\nid = \"s\"\nname = \"S\"\nkind = \"other\"\n";

/// A configuration that declares these certificates: id, certificate, key.
fn declare(folder: &Path, declared: &[(&str, &str, &str)]) {
    for name in ["state", "inbox", "tls"] {
        fs::create_dir_all(folder.join(name)).expect("made");
    }
    let mut config = HEAD.to_owned();
    for (id, cert, key) in declared {
        config.push_str(&format!(
            "[[certificate]]\nid = \"{id}\"\nstructure = \"s\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\n\
             fqdn = \"{id}.example\"\ncert = \"{cert}\"\nkey = \"{key}\"\n"
        ));
    }
    fs::write(folder.join("vigie.toml"), config).expect("written");
}

fn install(folder: &Path, name: &str) {
    let made = Made::self_signed(&format!("{name}.example"));
    fs::write(folder.join(format!("tls/{name}.pem")), made.certificate.pem()).expect("written");
    let key = folder.join(format!("tls/{name}.key"));
    fs::write(&key, made.key.serialize_pem()).expect("written");
    fs::set_permissions(key, Permissions::from_mode(0o600)).expect("closed");
}

/// The lines of the doctor about one thing.
fn lines<'a>(doctor: &'a Value, check: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let lines = doctor["checks"].as_array().expect("checks").iter().filter(|line| line["check"] == check);
    let text = |line: &'a Value, key: &str| line[key].as_str().unwrap_or_default();
    lines.map(|line| (text(line, "level"), text(line, "message"), text(line, "cure"))).collect()
}

#[test]
fn the_doctor_waits_for_no_pipe_and_calls_no_device_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    declare(folder, &[("pipe", "tls/pipe", "tls/pipe"), ("odd", "/etc", "/dev/zero")]);
    fifo(&folder.join("tls/pipe"));
    let config = folder.join("vigie.toml");
    let said = vigie(&["doctor", "--json", "--lang", "fr", "--config", config.to_str().expect("a plain path")]);
    assert_eq!(said.code, 1, "{} {}", said.out, said.err);
    let doctor = said.json();
    let pipe = lines(&doctor, "certificate pipe");
    assert!(matches!(pipe[..], [("fail", said, _)] if said.contains("tube nommé")), "{pipe:?}");
    let odd = lines(&doctor, "certificate odd");
    assert!(odd.iter().all(|(level, ..)| *level == "fail") && odd.len() == 2, "{odd:?}");
    assert!(odd.iter().any(|(_, said, _)| said.starts_with("/dev/zero: c'est un périphérique")), "{odd:?}");
    assert!(odd.iter().any(|(_, said, _)| said.starts_with("/etc: c'est un dossier")), "{odd:?}");
}

#[test]
fn the_doctor_says_what_the_service_sees_where_it_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    declare(folder, &[("web", "tls/web.pem", "tls/web.key"), ("gone", "tls/gone.pem", "tls/web.key")]);
    install(folder, "web");
    let key = folder.join("tls/web.key");
    let config = folder.join("vigie.toml");
    let doctor = || {
        let said = vigie(&["doctor", "--json", "--lang", "fr", "--config", config.to_str().expect("a plain path")]);
        said.json()
    };
    // Nobody answers: as whoever asks, and that is said.
    let alone = doctor();
    assert!(
        matches!(lines(&alone, "certificate web")[..], [("ok", said, _)] if said.contains("pas forcément celui du service")),
        "{alone:#}"
    );

    // A service that may not read what whoever asks may read.
    let daemon = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&key, Some(65_534), Some(65_534)).expect("given away");
        let options = ["--bounding-set=-dac_override,-dac_read_search".as_ref()];
        Daemon::run_by(folder, "setpriv", &options)
    } else {
        fs::set_permissions(&key, Permissions::from_mode(0o000)).expect("closed");
        let daemon = Daemon::run(folder);
        fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("opened");
        daemon
    };
    let seen = doctor();
    let web = lines(&seen, "certificate web");
    assert!(
        matches!(web[..], [("fail", said, cure)] if said.contains("tls/web.key : l'accès est refusé (permission_denied")
            && cure.contains("setfacl -m u:") && cure.contains("read-all.conf")),
        "{seen:#}"
    );
    let gone = lines(&seen, "certificate gone");
    assert!(gone.iter().any(|(level, said, _)| *level == "warn" && said.contains("ne trouve pas")), "{seen:#}");

    // Declared since, and not reloaded.
    declare(folder, &[("web", "tls/web.pem", "tls/web.key"), ("new", "tls/new.pem", "tls/web.key")]);
    let seen = doctor();
    assert!(
        matches!(lines(&seen, "certificate new")[..], [("warn", _, cure)] if cure.contains("vigie reload")),
        "{seen:#}"
    );
    drop(daemon);
}

#[test]
fn check_keeps_to_its_codes_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    declare(folder, &[("web", "tls/web.pem", "tls/web.key"), ("gone", "tls/a|b.pem", "tls/a|b.pem")]);
    install(folder, "web");
    let daemon = Daemon::run(folder);
    let check = |options: &[&str]| {
        let said = daemon.vigie(&[&["check", "--lang", "fr"], options].concat());
        (said.code, said.out)
    };
    for options in [&["-w", "-1"][..], &["-w", "10", "-c", "20"], &["--nope"], &["-w", "soon"], &["-w", "99999999d"]] {
        let (code, said) = check(options);
        assert_eq!(code, 3, "{options:?}: {said}");
        assert!(said.starts_with("VIGIE UNKNOWN - ") && said.lines().count() == 1, "{options:?}: {said}");
    }
    assert_eq!(daemon.json(&["check", "-w", "x"])["state"], "UNKNOWN");
    let (code, said) = check(&["--warning", "60d", "--critical", "15"]);
    assert_eq!(code, 2, "{said}");
    let (text, figures) = said.split_once(" | ").expect("figures");
    assert!(text.starts_with("VIGIE CRITICAL - Certificat déclaré introuvable : gone et "), "{said}");
    assert!(figures.starts_with("days_left=") && figures.contains(";60:;15: declared=2 "), "{said}");
    assert!(!text.contains('|') && text.chars().count() < 300, "{said}");

    // A file that was named and is not there names no daemon.
    let said = vigie(&["check", "--config", "/nonexistent/vigie.toml"]);
    assert_eq!(said.code, 3, "{}", said.out);
    assert!(said.out.contains("/nonexistent/vigie.toml"), "{}", said.out);
}

#[test]
fn a_named_configuration_that_is_not_there_is_refused() {
    for command in ["list", "status", "findings", "reload", "diff"] {
        let said = vigie(&["--lang", "fr", "--config", "/nonexistent/vigie.toml", command]);
        assert_eq!(said.code, 65, "{command}: {}", said.err);
        assert_eq!(said.err, "vigie: /nonexistent/vigie.toml: ce chemin n'existe pas\n", "{command}");
    }
}

#[test]
fn scan_in_json_is_inspect_with_findings() {
    let bench = Bench::new();
    fs::create_dir(bench.path("tree")).expect("made");
    bench.key("tree/k.pem", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    bench.self_signed("tree/c.pem", "tree/k.pem", "/C=FR/CN=x", "keyUsage=critical,digitalSignature");
    bench.run("req -new -config req.cnf -key tree/k.pem -subj /CN=x -out tree/r.csr");
    bench.write("tree/readme.txt", "hello");
    bench.write("tree/cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    let tree = bench.path("tree");
    let tree = tree.to_str().expect("a plain path");
    let inspected = vigie(&["inspect", "--json", tree]).json();
    // A fingerprint to compare with the one somebody gave.
    let table = vigie(&["inspect", tree]).out;
    let sha256 = inspected["items"][0]["sha256"].as_str().expect("a certificate");
    assert!(table.contains(&format!("\n  SHA-256 {sha256}\n")), "{table}");
    let said = vigie(&["scan", "--json", tree]);
    assert_eq!(said.code, 1);
    let scanned = said.json();
    assert_eq!((&scanned["counts"], &scanned["errors"]), (&inspected["counts"], &inspected["errors"]));
    let (items, plain) = (scanned["items"].as_array().expect("items"), inspected["items"].as_array().expect("items"));
    assert_eq!(items.len(), plain.len());
    for (item, plain) in items.iter().zip(plain) {
        for (name, value) in plain.as_object().expect("an object") {
            assert_eq!(&item[name], value, "{name}");
        }
    }
    let kinds: Vec<&str> = items.iter().filter_map(|item| item["kind"].as_str()).collect();
    assert_eq!(kinds, ["certificate", "private_key", "csr"]);
    assert!(items[0]["days_left"].is_i64() && items[0]["findings"].is_array(), "{scanned:#}");
    let codes = |scanned: &Value| -> Vec<String> {
        let all = scanned["findings"].as_array().expect("findings").iter();
        all.filter_map(|finding| finding["code"].as_str()).map(str::to_owned).collect()
    };
    assert!(!codes(&scanned).contains(&"weak_key".to_owned()), "{scanned:#}");

    // The policy of the configuration is what judges; one that was named and is broken judges nothing.
    bench.write("vigie.toml", "[policy]\nmin_rsa_bits = 3072\n");
    let config = bench.path("vigie.toml");
    let config = config.to_str().expect("a plain path");
    let strict = vigie(&["scan", "--json", "--config", config, tree]).json();
    assert!(codes(&strict).contains(&"weak_key".to_owned()), "{strict:#}");
    bench.write("vigie.toml", "[policy\n");
    let said = vigie(&["scan", "--json", "--config", config, tree]);
    assert_eq!((said.code, said.out.as_str()), (65, ""), "{}", said.err);

    let said = vigie(&["verify", "--lang", "fr", "--trust", tree, &format!("{tree}/k.pem")]);
    assert_eq!(said.code, 65);
    assert_eq!(said.err, format!("vigie: {tree}/k.pem ne contient pas de certificat\n"));

    // What is not there is one more error, for both.
    for command in ["scan", "inspect"] {
        let said = vigie(&[command, "--json", "/nonexistent", tree]);
        assert_eq!(said.code, 1, "{command}: {}", said.err);
        let errors = said.json()["errors"].as_array().expect("errors").clone();
        assert!(
            errors.contains(&json!({
                "path": "/nonexistent", "reason": "not_found", "message": "the path does not exist"
            })),
            "{command}: {errors:?}"
        );
    }
    assert_eq!(vigie(&["scan", "/nonexistent"]).code, 1);
}

#[test]
fn filters_that_mean_nothing_are_refused_and_none_such_is_not_all_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    declare(folder, &[("gone", "tls/gone.pem", "tls/gone.key")]);
    let daemon = Daemon::run(folder);
    let config = folder.join("vigie.toml");
    let vigie = |arguments: &[&str]| {
        let config = ["--lang", "fr", "--config", config.to_str().expect("a plain path")];
        vigie(&[&config, arguments].concat())
    };
    let said = vigie(&["findings", "--code", "fooo"]);
    assert_eq!((said.code, said.out.as_str()), (64, ""), "{}", said.err);
    assert!(said.err.contains("« fooo »") && said.err.contains("expiring"), "{}", said.err);
    let said = vigie(&["findings", "--code", "expired"]);
    assert_eq!((said.code, said.out.as_str()), (0, "Aucun constat de cette sorte.\n"), "{}", said.err);
    assert_eq!(vigie(&["findings", "--severity", "fatal"]).code, 64);
    let said = vigie(&["list", "--structure", "nope"]);
    assert_eq!((said.code, said.out.as_str()), (64, ""), "{}", said.err);
    assert!(said.err.contains("« nope » ; il y a : s"), "{}", said.err);
    assert_eq!(vigie(&["list", "--structure", "s"]).code, 0);
    let said = vigie(&["show", "nope"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.err, "vigie: aucun certificat ne porte le nom « nope » : vigie list les montre tous\n");
    drop(daemon);
}

#[test]
fn what_the_sources_could_not_read_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    declare(folder, &[]);
    for number in 0..12 {
        fifo(&folder.join(format!("inbox/{number:02}.pem")));
    }
    let daemon = Daemon::run(folder);
    for arguments in [&["scan", "--now"][..], &["status"]] {
        let said = daemon.vigie(&[&["--lang", "fr"], arguments].concat()).out;
        assert!(said.contains("12 choses n'ont pu être lues :\n"), "{arguments:?}: {said}");
        assert!(said.contains("inbox/00.pem: c'est un tube nommé, pas un fichier (fifo)\n"), "{arguments:?}: {said}");
        assert!(!said.contains("inbox/11.pem") && said.contains("2 de plus : vigie status --errors"), "{said}");
    }
    let said = daemon.vigie(&["status", "--errors", "--lang", "fr"]).out;
    assert!(said.contains("inbox/11.pem") && !said.contains("de plus"), "{said}");
    assert!(said.contains("0  révoqué") && said.contains("0  de révocation inconnue"), "{said}");
}

#[test]
fn inspect_is_bounded_and_shows_names_as_they_are() {
    let bench = Bench::new();
    let path = |name: &str| bench.path(name).to_str().expect("a plain path").to_owned();
    bench.key("k.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    fifo(&bench.path("pipe"));
    bench.write("long", "x".repeat(5000));
    for (file, why) in [("/dev/zero", "périphérique"), (&*path("pipe"), "tube nommé"), (&*path("long"), "trop gros")]
    {
        let said = vigie(&["inspect", "--lang", "fr", "--password-file", file, &path("k.pem")]);
        assert_eq!(said.code, 65, "{file}: {}", said.err);
        assert!(said.err.contains(why), "{file}: {}", said.err);
    }
    let bad = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    bench.write("bad.pem", bad.repeat(5000));
    let said = vigie(&["inspect", "--json", &path("bad.pem")]).json();
    let errors = said["errors"].as_array().expect("errors");
    assert!(errors.len() <= 2, "one line a reason, not {}", errors.len());
    assert!(errors[0]["message"].as_str().is_some_and(|said| said.contains("more like it")), "{errors:?}");

    let odd = bench.path("a\u{202e}b.pem");
    fs::copy(bench.path("k.pem"), &odd).expect("copied");
    let said = vigie(&["inspect", odd.to_str().expect("UTF-8")]).out;
    assert!(said.contains("a\\u{202e}b.pem") && !said.contains('\u{202e}'), "{said}");
}

#[test]
fn a_negative_serial_number_is_shown_as_openssl_shows_it() {
    let bench = Bench::new();
    bench.key("k.pem", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    for (serial, name) in [("-5", "minus"), ("251", "plus"), ("-256", "wide"), ("0", "zero")] {
        let file = format!("{name}.pem");
        bench.write("req.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
        bench.run(&format!("req -x509 -config req.cnf -key k.pem -subj /CN=x -set_serial {serial} -out {file}"));
        let path = bench.path(&file);
        let said = vigie(&["inspect", "--json", path.to_str().expect("a plain path")]).json();
        let openssl = bench.run(&format!("x509 -in {file} -noout -serial"));
        let openssl = String::from_utf8(openssl).expect("text").trim().replace("serial=", "").to_lowercase();
        assert_eq!(said["items"][0]["serial_number"], openssl.as_str(), "{serial}");
    }
}

#[test]
fn the_demonstration_in_json_is_one_document() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("demo");
    let folder = folder.to_str().expect("a plain path");
    let said = vigie(&["demo", "--json", "--no-serve", "--dir", folder]);
    assert_eq!(said.code, 0, "{}", said.err);
    let config = format!("{folder}/vigie.toml");
    assert_eq!(said.json(), json!({ "folder": folder, "config": config, "page": null, "card": false }));
    let again = vigie(&["demo", "--lang", "fr", "--no-serve", "--dir", folder]);
    assert_eq!(again.code, 65);
    assert!(again.err.contains("contient déjà une configuration"), "{}", again.err);
}

#[test]
fn paths_are_shown_without_detours() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = fs::canonicalize(folder.path()).expect("a folder");
    declare(&folder, &[]);
    fs::create_dir(folder.join("conf.d")).expect("made");
    std::os::unix::fs::symlink(folder.join("tls"), folder.join("conf.d/link")).expect("linked");
    let more = |id: &str, path: &str| {
        format!(
            "[[certificate]]\nid = \"{id}\"\nstructure = \"s\"\noffer = \"SERV\"\nusage = \"SSL_SERV\"\n\
             fqdn = \"{id}.example\"\ncert = \"{path}\"\n"
        )
    };
    let both = more("plain", "../tls/plain.pem") + &more("linked", "link/../linked.pem");
    fs::write(folder.join("conf.d/10.toml"), both).expect("written");
    let daemon = Daemon::run(&folder);
    let path = |id: &str| daemon.json(&["show", id])["path"].as_str().expect("a path").to_owned();
    let folder = folder.to_str().expect("a plain path");
    assert_eq!(path("plain"), format!("{folder}/tls/plain.pem"));
    // Behind a link, only the system knows where `..` leads.
    assert_eq!(path("linked"), format!("{folder}/conf.d/link/../linked.pem"));
}

#[test]
fn a_reload_says_in_french_what_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    declare(folder, &[("web", "tls/web.pem", "tls/web.key"), ("old", "tls/old.pem", "tls/old.key")]);
    install(folder, "web");
    let daemon = Daemon::run(folder);
    declare(folder, &[("web", "tls/other.pem", "tls/web.key"), ("new", "tls/new.pem", "tls/new.key")]);
    let said = daemon.vigie(&["reload", "--lang", "fr"]);
    assert_eq!(
        said.out,
        "certificate[old] : retiré\ncertificate[new] : ajouté\ncertificate[web] : modifié (keystore)\n"
    );
}
