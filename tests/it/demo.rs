//! The demonstration from outside: what was planted is what is found, nothing more; and the daemon behind it lives, reloads, stops
//! and comes back as a daemon should.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use rustix::process::Signal;
use serde_json::{Value, json};
use vigie::domain::lang::Lang;
use vigie::locale::Texts;

use crate::support::daemon::{Daemon, wait_for};

/// What is planted: rule, subject, severity. `{…}` stands for what is only known once the demonstration is made.
const PLANTED: &[(&str, &str, &str)] = &[
    ("expired", "certificate:insi", "critical"),
    ("expiring", "certificate:pacs", "warning"),
    ("expiring", "certificate:bal-applicative", "warning"),
    ("expiring", "certificate:cachet", "warning"),
    ("expiring", "certificate:medecin-sign", "critical"),
    ("expiring", "certificate:ror", "critical"),
    // None of those five has a successor yet; for the last three it is time to have one.
    ("no_successor", "certificate:cachet", "warning"),
    ("no_successor", "certificate:medecin-sign", "critical"),
    ("no_successor", "certificate:ror", "critical"),
    ("missing", "certificate:mssante", "critical"),
    ("undeclared", "sha256:{inbox/essai-editeur.pem}", "warning"),
    ("key_readable", "{folder}/tls/scellement.key", "critical"),
    ("key_reused", "spki:{dmp}", "warning"),
    ("structure_mismatch", "certificate:laboratoire", "warning"),
    ("served_differs", "certificate:messagerie @ tls://{messagerie}", "warning"),
];

/// The alert step each of the five has reached.
const STEPS: [(&str, &str); 5] =
    [("pacs", "2m"), ("bal-applicative", "45d"), ("cachet", "30d"), ("medecin-sign", "15d"), ("ror", "7d")];

#[test]
fn what_is_planted_is_found_and_nothing_else() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("demo");
    let daemon = Daemon::demo(&folder);

    judged(&daemon, &folder);
    answered(&daemon, &folder);
    page(&daemon);
    refused_reload(&daemon, &folder);
    audit_holds(&daemon);

    let before = since(&daemon);
    let last = daemon.last_seq();
    let (status, log) = daemon.stop();
    assert!(status.success(), "{status}:\n{log}");
    assert!(log.contains("http://127.0.0.1:") && log.contains("vigie.toml list"), "{log}");

    let daemon = Daemon::demo(&folder);
    assert_eq!(since(&daemon), before, "the same findings, since the same time");
    let again: Vec<Value> = daemon.audit().into_iter().filter(|event| event["seq"].as_i64() > Some(last)).collect();
    let actions: BTreeSet<&str> = again.iter().filter_map(|event| event["action"].as_str()).collect();
    assert_eq!(
        actions,
        BTreeSet::from(["start", "stop", "scan"]),
        "nothing is opened, closed or seen again: {again:?}"
    );
    audit_holds(&daemon);
}

#[test]
fn files_only() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("demo");
    let vigie = |arguments: &[&str]| {
        let said = std::process::Command::new(crate::support::daemon::VIGIE).args(arguments).output().expect("it runs");
        (said.status.code(), String::from_utf8_lossy(&said.stdout).into_owned())
    };
    let dir = folder.to_str().expect("a plain path");
    let (code, said) = vigie(&["demo", "--lang", "en", "--no-serve", "--dir", dir]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("fictional structure") && !said.contains("http://"), "{said}");
    let config = folder.join("vigie.toml");
    let (code, said) = vigie(&["--config", config.to_str().expect("a plain path"), "config", "check"]);
    assert_eq!(code, Some(0), "{said}");
    let declared = fs::read_to_string(folder.join("conf.d/20-certificates.toml")).expect("the declaration");
    assert!(declared.contains("usage = \"CONF\"") && !declared.contains("endpoints"), "{declared}");
    let (code, _) = vigie(&["demo", "--no-serve", "--dir", dir]);
    assert_eq!(code, Some(65), "what is there is not written over");
}

/// The findings are exactly [`PLANTED`].
fn judged(daemon: &Daemon, folder: &Path) {
    let list = daemon.json(&["list", "--all"]);
    let item = |id: &str| {
        let items = list["items"].as_array().expect("a list");
        items.iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("no {id} in {list}")).clone()
    };
    let folder = folder.to_str().expect("a plain path");
    let undeclared = daemon.json(&["inspect", &format!("{folder}/inbox/essai-editeur.pem")]);
    let messagerie = item("messagerie")["endpoints"][0].as_str().expect("an endpoint").to_owned();
    let expected: BTreeSet<(String, String, String)> = PLANTED
        .iter()
        .map(|(code, subject, severity)| {
            let subject = subject
                .replace("{folder}", folder)
                .replace("{dmp}", item("dmp")["spki_sha256"].as_str().expect("a key"))
                .replace("{inbox/essai-editeur.pem}", undeclared["items"][0]["sha256"].as_str().expect("a certificate"))
                .replace("tls://{messagerie}", &messagerie);
            ((*code).to_owned(), subject, (*severity).to_owned())
        })
        .collect();
    let findings = daemon.json(&["findings"]);
    let text = |item: &Value, key: &str| item[key].as_str().expect(key).to_owned();
    let found: BTreeSet<(String, String, String)> = findings["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| (text(item, "code"), text(item, "subject"), text(item, "severity")))
        .collect();
    assert_eq!(found, expected);
    for (id, step) in STEPS {
        let found = findings["items"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|finding| finding["code"] == "expiring" && finding["subject"] == format!("certificate:{id}"));
        assert_eq!(found.expect(id)["facts"]["step"], step, "{id}");
    }
    let cachet = item("cachet");
    assert_eq!(cachet["end"], cachet["private_key_usage_not_after"]);
    assert!(cachet["end"].as_str() < cachet["not_after"].as_str());
}

/// Exit codes and the shapes of the contract.
fn answered(daemon: &Daemon, folder: &Path) {
    let shape = |value: &Value| redacted(value, folder);
    let codes = [
        (&["list"][..], 0),
        (&["findings"], 0),
        (&["show", "dmp"], 0),
        (&["diff"], 1),
        (&["status"], 1),
        (&["status", "dmp"], 1),
        (&["status", "portail"], 0),
        (&["check"], 2),
        (&["audit", "show"], 0),
        (&["show", "nobody"], 1),
    ];
    for (arguments, code) in codes {
        assert_eq!(daemon.vigie(arguments).code, code, "{arguments:?}");
    }
    let list = daemon.json(&["list"]);
    let items: BTreeMap<&str, &Value> = list["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| (item["id"].as_str().expect("an id"), item))
        .collect();
    insta::assert_json_snapshot!(
        "list",
        shape(&json!({ "items": [items["dmp"], items["mssante"], items["medecin-sign"]], "total": list["total"] }))
    );
    let findings = daemon.json(&["findings"]);
    let of = |code: &str| {
        let items = findings["items"].as_array().expect("a list");
        items.iter().find(|item| item["code"] == code).expect("planted").clone()
    };
    insta::assert_json_snapshot!(
        "findings",
        shape(&json!({ "items": [of("expired"), of("served_differs"), of("undeclared")], "total": findings["total"] }))
    );
    let diff = daemon.json(&["diff"]);
    let subjects = |key: &str| -> Vec<&Value> {
        diff[key].as_array().expect("a list").iter().map(|item| &item["subject"]).collect()
    };
    let keys: Vec<&String> = diff.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["different", "missing", "undeclared"]);
    let count = |key: &str| subjects(key).len();
    assert_eq!((count("missing"), count("undeclared"), count("different")), (1, 1, 2), "{diff}");
    let mut status = daemon.json(&["status"]);
    // Nobody can be told without a channel; how many were to be told by now is a matter of the hour.
    let alerts = &mut status["alerts"];
    let (open, unreachable) = (alerts["open"].as_u64(), alerts["unreachable"].take().as_u64());
    assert!(unreachable > Some(0) && unreachable <= open, "{unreachable:?} of {open:?}");
    insta::assert_json_snapshot!("status", shape(&status));
    insta::assert_json_snapshot!("show", shape(&daemon.json(&["show", "messagerie"])));
    let audit = daemon.json(&["audit", "show", "--last", "1000000"]);
    let first = |action: &str, object: &str| {
        let items = audit["items"].as_array().expect("a list");
        let found = items.iter().find(|event| event["action"] == action && event["object"] == object);
        found.unwrap_or_else(|| panic!("no {action} of {object}")).clone()
    };
    let events = [
        first("start", "daemon"),
        first("scan", "source:inbox"),
        first("certificate_seen", &format!("sha256:{}", items["dmp"]["sha256"].as_str().expect("a fingerprint"))),
        first("finding_opened", "certificate:insi"),
    ];
    insta::assert_json_snapshot!("audit", shape(&json!({ "items": events, "head": audit["head"] })));
    shapes(daemon, folder);
    let check = daemon.vigie(&["check"]).out;
    assert!(
        check.starts_with("VIGIE CRITICAL - Certificat expiré : insi et 14 autres constats ; ")
            && check.contains("| days_left="),
        "{check}"
    );
    assert!(check.contains("declared=17 found=20 missing=1 undeclared=1 expiring=5 expired=1"), "{check}");
    // The API says what the commands say.
    assert_eq!(daemon.get("/api/v1/certificates?limit=1000", "").json()["items"], list["items"]);
}

/// The other documents of the contract, each by one of its items.
fn shapes(daemon: &Daemon, folder: &Path) {
    let masked = |mut value: Value, names: &[&str]| {
        fn mask(value: &mut Value, names: &[&str]) {
            match value {
                Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match value {
                    Value::String(text) if names.contains(&name.as_str()) => *text = format!("[{name}]"),
                    value => mask(value, names),
                }),
                Value::Array(items) => items.iter_mut().for_each(|item| mask(item, names)),
                _ => {}
            }
        }
        mask(&mut value, names);
        redacted(&value, folder)
    };
    let path = |name: &str| folder.join(name).to_str().expect("a plain path").to_owned();
    let (certificate, key) = (path("tls/dmp.pem"), path("private/dmp.key"));
    fs::write(path("odd.txt"), "hello").expect("written");
    let files = [certificate.as_str(), &key, &path("odd.txt")];
    let of = |command: &str| masked(daemon.json(&[&[command], &files[..]].concat()), &["owner", "message"]);
    insta::assert_json_snapshot!("inspect", of("inspect"));
    insta::assert_json_snapshot!("scan", of("scan"));
    let mut diff = daemon.json(&["diff"]);
    for list in ["missing", "undeclared", "different"] {
        diff[list].as_array_mut().expect("a list").truncate(1);
    }
    insta::assert_json_snapshot!("diff", masked(diff, &[]));
    insta::assert_json_snapshot!("check", masked(daemon.json(&["check"]), &["text"]));
    let mut doctor = daemon.json(&["doctor"]);
    // The rest depends on the machine.
    let stable = |line: &Value| {
        ["clock", "certificate dmp", "certificate mssante"].contains(&line["check"].as_str().unwrap_or(""))
    };
    doctor["checks"].as_array_mut().expect("a list").retain(stable);
    insta::assert_json_snapshot!("doctor", masked(doctor, &["message", "cure", "worst"]));
    let mut reload = daemon.json(&["reload"]);
    let warnings = reload["warnings"].as_array_mut().expect("a list");
    warnings.iter_mut().for_each(|warning| *warning = "[warning]".into());
    insta::assert_json_snapshot!("reload", reload);
    for list in ["sources", "structures", "administrators", "nodes"] {
        let answer = daemon.get(&format!("/api/v1/{list}"), "");
        insta::assert_json_snapshot!(list, masked(answer.json(), &[]));
    }
    let problems = [
        daemon.get("/api/v1/certificates/nobody", ""),
        daemon.get("/api/v1/certificates?limit=abc", ""),
        daemon.post("/api/v1/scan", "Content-Type: application/json\r\n", "{}"),
    ];
    let problems: Vec<Value> = problems.iter().map(|answer| masked(answer.json(), &["detail"])).collect();
    insta::assert_json_snapshot!("problems", problems);
    let metrics = daemon.get("/metrics", "").body;
    for wanted in [
        "vigie_certificate_renewal_timestamp_seconds{id=\"dmp\"} ",
        "x509_source_errors_total{source_kind=\"file\",source_name=\"inbox\"} 0\n",
        "filename=\"dmp.pem\"",
    ] {
        assert!(metrics.contains(wanted), "{wanted}: {metrics}");
    }
}

/// The first page, in French, without a script.
fn page(daemon: &Daemon) {
    let page = daemon.get("/", "Accept: text/html\r\n");
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    let headline = Texts::new(Lang::Fr).word("headline-critical");
    assert!(page.body.contains(&headline) && page.body.contains("lang=\"fr\""), "{}", page.body);
    assert!(!page.body.to_lowercase().contains("<script") && !page.body.contains("onclick"), "{}", page.body);
    for id in ["dmp", "mssante", "laboratoire"] {
        assert!(page.body.contains(id), "{id}");
    }
    let english = Texts::new(Lang::En).word("headline-critical");
    assert!(daemon.get("/?lang=en", "Accept: text/html\r\n").body.contains(&english));
    assert_eq!(daemon.get("/certificates/dmp", "Accept: text/html\r\n").status, 200);
    assert_eq!(daemon.get("/certificates/nobody", "Accept: text/html\r\n").status, 404);
}

/// A broken configuration changes nothing but the audit trail; a good one is taken.
fn refused_reload(daemon: &Daemon, folder: &Path) {
    let broken = folder.join("conf.d/99-broken.toml");
    fs::write(&broken, "[http]\nsoket = \"x\"\n[[certificate]]\nid = \"dmp\"\n").expect("written");
    let before = daemon.last_seq();
    daemon.signal(Signal::HUP);
    let event = daemon.wait_for_event(before, |event| event["action"] == "reload");
    assert_eq!((&event["outcome"], &event["origin"]), (&json!("refused"), &json!("signal")), "{event}");
    assert_eq!(daemon.json(&["status"])["counts"]["declared"], 17);
    assert_eq!(daemon.vigie(&["reload"]).code, 65);

    fs::remove_file(&broken).expect("removed");
    let before = daemon.last_seq();
    daemon.signal(Signal::HUP);
    let event = daemon.wait_for_event(before, |event| event["action"] == "reload");
    assert_eq!(event["outcome"], "done", "{event}");
    // A reload reads the sources again; with the same files it finds what it found.
    daemon.wait_for_event(event["seq"].as_i64().expect("a number"), |event| event["object"] == "source:inbox");
}

/// Every event follows from the one before: the hash is SHA-256 over the event as compact JSON with its keys in order.
fn audit_holds(daemon: &Daemon) {
    let events = daemon.audit();
    let mut previous = "0".repeat(64);
    for (event, seq) in events.iter().zip(1..) {
        assert_eq!(event["seq"], seq);
        assert_eq!(event["previous"], previous.as_str(), "event {seq}");
        let mut canonical: BTreeMap<&str, &Value> =
            event.as_object().expect("an object").iter().map(|(key, value)| (key.as_str(), value)).collect();
        let hash = canonical.remove("hash").and_then(Value::as_str).expect("a hash");
        let bytes = serde_json::to_vec(&canonical).expect("JSON");
        let own: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, own, "event {seq}");
        previous = own;
    }
    let head = wait_for("a quiet moment", || {
        let head = daemon.json(&["status"])["audit"].clone();
        (head["seq"].as_u64() == Some(events.len() as u64)).then_some(head)
    });
    assert_eq!(head["head"], previous.as_str());
}

fn since(daemon: &Daemon) -> BTreeMap<(String, String), String> {
    let findings = daemon.json(&["findings"]);
    let text = |item: &Value, key: &str| item[key].as_str().expect(key).to_owned();
    let items = findings["items"].as_array().expect("a list");
    items.iter().map(|item| ((text(item, "code"), text(item, "subject")), text(item, "since"))).collect()
}

/// The shape of an answer: what differs at every run, and texts for people, are replaced.
fn redacted(value: &Value, folder: &Path) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let shown = match (name.as_str(), value) {
                    ("text" | "title" | "reference" | "boot_id", Value::String(_)) => json!(format!("[{name}]")),
                    ("days_left" | "seq", Value::Number(_)) => json!(format!("[{name}]")),
                    ("version", Value::String(_)) => json!("[version]"),
                    _ => redacted(value, folder),
                };
                (name.clone(), shown)
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| redacted(item, folder)).collect(),
        Value::String(text) => json!(plain(&text.replace(folder.to_str().expect("a plain path"), "[folder]"))),
        other => other.clone(),
    }
}

/// Without hashes, serial numbers, instants and ports.
fn plain(text: &str) -> String {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (prefix, bare) = text.split_once(':').map_or(("", text), |(_, bare)| (&text[..text.len() - bare.len()], bare));
    if is_hex(bare) && (bare.len() == 64 || bare.len() == 32) {
        return format!("{prefix}[{} hex digits]", bare.len());
    }
    if text.len() == 20 && text.ends_with('Z') && text.get(10..11) == Some("T") {
        return "[time]".to_owned();
    }
    match text.split_once("127.0.0.1:") {
        Some((before, _)) => format!("{before}127.0.0.1:[port]"),
        None => text.to_owned(),
    }
}
