//! The doors of alerts: lists, what was delivered, taking one on, the forecast and the calendar, asked of the real daemon as users and
//! scripts ask.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::watch::missing;
use crate::support::daemon::{Answer, Daemon, VIGIE, wait_for};
use crate::support::made_certificate::trusted;
use crate::support::sinks::{Sink, read_calendar};

const TOKEN: &str = "token-0123456789abcdef0123456789abcdef";

/// A daemon with three certificates that are nowhere, whose ways out are `ways`.
fn daemon(folder: &Path, ways: &str) -> Daemon {
    use std::os::unix::fs::PermissionsExt as _;
    let state = folder.join("state");
    fs::create_dir(&state).expect("a folder");
    fs::write(state.join("token"), TOKEN).expect("written");
    fs::set_permissions(state.join("token"), fs::Permissions::from_mode(0o600)).expect("closed");
    fs::write(folder.join("vigie.toml"), config(&state, ways)).expect("written");
    Daemon::run(folder)
}

fn config(state: &Path, ways: &str) -> String {
    format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         token_file = \"{state}/token\"\n[schedule]\njitter = \"0s\"\n{trust}[alerts]\nhour = 0\nretry = [\"1h\"]\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[person]]\nid = \"at-1\"\nmails = [\"at-1@x.fr\"]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n{ways}{declared}",
        state = state.display(),
        trust = trusted(state.parent().expect("a folder")),
        declared = missing(3),
    )
}

fn smtp(port: u16) -> String {
    format!("[notify.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"vigie@x.fr\"\n")
}

fn header() -> String {
    format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n")
}

fn get(daemon: &Daemon, path: &str) -> Value {
    let answer = daemon.get(path, &header());
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

fn ack(daemon: &Daemon, alert: &str, body: &Value) -> Answer {
    daemon.post(&format!("/api/v1/alerts/{alert}/ack"), &header(), &body.to_string())
}

fn quiet(daemon: &Daemon) {
    wait_for("the messages", || (daemon.json(&["status"])["deliveries"]["pending"] == 0).then_some(()));
}

#[test]
fn alerts_are_listed_filtered_and_paged_with_who_was_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Sink::smtp(None, &[]);
    let daemon = daemon(folder.path(), &smtp(relay.port));
    quiet(&daemon);
    let all = get(&daemon, "/api/v1/alerts");
    assert_eq!((&all["total"], &all["next_cursor"]), (&3.into(), &Value::Null));
    let first = &all["items"][0];
    assert_eq!(
        (&first["code"], &first["state"], &first["certificate"]),
        (&"missing".into(), &"open".into(), &"c0".into())
    );
    assert_eq!((&first["told"], &first["waiting"]), (&json!(["at-1@x.fr"]), &json!([])));
    assert_eq!(first["reached"], "administrators");
    assert!(first["said"][0]["mark"].is_string() && first["title"].as_str().is_some_and(|title| !title.is_empty()));

    assert_eq!(get(&daemon, "/api/v1/alerts?certificate=c1")["total"], 1);
    assert_eq!(get(&daemon, "/api/v1/alerts?code=expired")["total"], 0);
    assert_eq!(get(&daemon, "/api/v1/alerts?severity=critical")["total"], 3);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&daemon, &format!("/api/v1/alerts?limit=1{cursor}"));
        seen.push(page["items"][0]["id"].as_i64().expect("a number"));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3]);
    for (path, said) in [
        ("/api/v1/alerts?severity=loud", "severity"),
        ("/api/v1/alerts?limit=0", "limit"),
        ("/api/v1/deliveries?state=lost", "state"),
        ("/api/v1/alerts/forecast?until=soon", "2027-01-31"),
        ("/api/v1/alerts/forecast?until=2999-01-01", "à moins de 1830 jours"),
    ] {
        let answer = daemon.get(path, &header());
        assert_eq!((answer.status, answer.json()["reason"].as_str()), (400, Some("bad_request")), "{path}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{path}: {answer:?}");
    }

    let deliveries = get(&daemon, "/api/v1/deliveries");
    assert_eq!(deliveries["total"], 1);
    let one = &deliveries["items"][0];
    assert_eq!((&one["channel"], &one["address"], &one["alerts"]), (&"smtp".into(), &"at-1@x.fr".into(), &3.into()));
    assert_eq!((&one["state"], &one["kind"], &one["attempts"]), (&"delivered".into(), &"alerts".into(), &1.into()));
    assert!(one["answer"].as_str().is_some_and(|answer| answer.starts_with("250 ")), "{one}");
    assert!(relay.received()[0]["id"].as_str().is_some_and(|id| id.contains(one["id"].as_str().expect("an id"))));
    assert_eq!(get(&daemon, "/api/v1/deliveries?alert=2")["total"], 1);
    assert_eq!(get(&daemon, "/api/v1/deliveries?alert=99")["total"], 0);
    assert_eq!(get(&daemon, "/api/v1/deliveries?state=failed")["total"], 0);
    assert_eq!(get(&daemon, "/api/v1/deliveries?channel=smtp&limit=1")["items"].as_array().map(Vec::len), Some(1));

    let said = daemon.vigie(&["alert", "list", "--lang", "fr"]).out;
    assert!(said.contains("avertis : at-1@x.fr"), "{said}");
    let page = daemon.get("/", &format!("Accept: text/html\r\n{}", header()));
    assert!(page.body.contains("at-1@x.fr"), "{}", page.body);
    assert_eq!(daemon.get("/api/v1/alerts", "").status, 401);
}

#[test]
fn nobody_is_said_to_be_told_before_a_message_was_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut relay = Sink::smtp(None, &["--greeting", "421 too busy"]);
    let daemon = daemon(folder.path(), &smtp(relay.port));
    wait_for("a failure", || get(&daemon, "/api/v1/deliveries?state=failed")["items"][0]["reason"].as_str().map(drop));
    let first = get(&daemon, "/api/v1/alerts")["items"][0].clone();
    assert_eq!((&first["reached"], &first["told"]), (&Value::Null, &json!([])));
    assert_eq!(first["waiting"], json!(["at-1@x.fr"]));
    let said = daemon.vigie(&["alert", "list", "--lang", "fr"]).out;
    assert!(said.contains("en attente : at-1@x.fr") && !said.contains("avertis"), "{said}");
    let page = daemon.get("/?lang=fr", &format!("Accept: text/html\r\n{}", header())).body;
    assert!(page.contains("en attente : at-1@x.fr"), "{page}");
    let status = daemon.vigie(&["status", "--lang", "fr"]).out;
    for wanted in ["Alertes : 3 ouvertes", "1 message en attente", "Voie smtp : échoue depuis le", "(relay_refused)"] {
        assert!(status.contains(wanted), "{wanted}: {status}");
    }
    // Tried again an hour later only; whoever wants to know sends a test, and hears what is wrong with it.
    let test = daemon.vigie(&["alert", "test", "--to", "at-1@x.fr", "--lang", "fr"]);
    assert_eq!(test.code, 1);
    assert!(test.out.contains("smtp at-1@x.fr: échec (relay_refused): "), "{}", test.out);
    relay = Sink::smtp(None, &[]);
    fs::write(folder.path().join("vigie.toml"), config(&folder.path().join("state"), &smtp(relay.port)))
        .expect("written");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    let test = daemon.vigie(&["alert", "test", "--to", "at-1@x.fr"]);
    assert_eq!(test.code, 0, "{}", test.out);
    assert_eq!(relay.received().len(), 1);
}

#[test]
fn an_alert_is_taken_on_by_whoever_the_token_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Sink::smtp(None, &[]);
    let daemon = daemon(folder.path(), &smtp(relay.port));
    quiet(&daemon);
    let now = get(&daemon, "/api/v1/status")["now"].as_str().expect("an instant").to_owned();
    let today: chrono::NaiveDate = now[..10].parse().expect("a day");
    let in_days = |days| (today + chrono::Days::new(days)).to_string();
    let (good, far) = (in_days(20), in_days(40));
    // What is refused and why, in the language of the configuration or the one asked for.
    for (alert, body, status, reason, french, english) in [
        ("99", json!({"until": good, "reason": "x"}), 404, "not_found", "aucune alerte ouverte", "no open alert"),
        ("x", json!({"until": good, "reason": "x"}), 404, "not_found", "aucune alerte ouverte", "no open alert"),
        ("1", json!({"until": good, "reason": " "}), 400, "reason_wanted", "donnez une raison", "give a reason"),
        ("1", json!({"until": "2020-01-01", "reason": "x"}), 400, "date_past", "à venir", "must be ahead"),
        ("1", json!({"until": "2999-01-01", "reason": "x"}), 400, "date_too_late", "ne peut dépasser", "not be later"),
        ("1", json!({"until": far, "reason": "x"}), 403, "administrator_wanted", "au-delà du", "only a technical"),
        ("1", json!({"until": "demain", "reason": "x"}), 400, "bad_request", "la date s'écrit", "the date is written"),
        ("1", json!({"reason": "x"}), 400, "bad_request", "until", "until"),
        ("1", json!({"until": good, "reason": "x", "by": "somebody"}), 400, "bad_request", "by", "by"),
    ] {
        for (lang, said) in [("", french), ("?lang=fr", french), ("?lang=en", english)] {
            let answer = daemon.post(&format!("/api/v1/alerts/{alert}/ack{lang}"), &header(), &body.to_string());
            let problem = answer.json();
            assert_eq!((answer.status, problem["reason"].as_str()), (status, Some(reason)), "{body}: {problem}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{body}{lang}: {problem}");
        }
    }
    let english = daemon.vigie(&["alert", "ack", "99", "--until", &good, "--reason", "x", "--lang", "en"]);
    assert_eq!(english.code, 1);
    // A configuration in English answers in English.
    let file = folder.path().join("vigie.toml");
    let french = fs::read_to_string(&file).expect("read");
    fs::write(&file, format!("lang = \"en\"\n{french}")).expect("written");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    let refused = [
        ack(&daemon, "1", &json!({"until": far, "reason": "x"})),
        daemon.post("/api/v1/alerts/test", &header(), &json!({"to": ["stranger@x.fr"]}).to_string()),
        daemon.get("/api/v1/alerts/forecast?until=soon", &header()),
        daemon.get("/api/v1/alerts/forecast?until=2999-01-01", &header()),
    ];
    let details: Vec<String> = refused.iter().map(|answer| answer.json()["detail"].to_string()).collect();
    for (detail, said) in details.iter().zip(["only a technical", "neither that of", "is written", "must lie within"]) {
        assert!(detail.contains(said), "{details:?}");
    }
    fs::write(&file, french).expect("written");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    let no_token = daemon.post("/api/v1/alerts/1/ack", "Content-Type: application/json\r\n", "{}");
    assert_eq!(no_token.status, 401);

    let seq = daemon.last_seq();
    let answer = ack(&daemon, "1", &json!({"until": good, "reason": "commande passée"}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let taken = answer.json();
    let token = daemon.wait_for_event(seq, |event| event["action"] == "alert_acknowledged");
    let actor = token["actor"].as_str().expect("an actor").to_owned();
    assert!(actor.starts_with("token:") && !actor.contains(TOKEN), "{actor}");
    assert_eq!((&token["object"], &token["outcome"]), (&"alert:1".into(), &"done".into()));
    assert_eq!((&taken["state"], &taken["acknowledgement"]["by"]), (&"acknowledged".into(), &actor.as_str().into()));
    assert_eq!(taken["acknowledgement"]["reason"], "commande passée");
    let refused = daemon.audit();
    let refused =
        refused.iter().filter(|event| event["action"] == "alert_acknowledged" && event["outcome"] == "refused");
    assert!(refused.count() >= 4, "what was refused is written down too");

    // Over the socket: the user of the command.
    let said = daemon.vigie(&["alert", "ack", "2", "--until", &good, "--reason", "en cours", "--json"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.json()["acknowledgement"]["by"].as_str().is_some_and(|by| by.starts_with("uid:")), "{}", said.out);
    let status = daemon.vigie(&["status", "--lang", "fr"]).out;
    assert!(status.contains("3 ouvertes, dont 2 prises en charge"), "{status}");
}

#[test]
fn the_forecast_and_the_calendar_are_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Sink::smtp(None, &[]);
    let daemon = daemon(folder.path(), &smtp(relay.port));
    quiet(&daemon);
    // A schedule of every second costs the forecast nothing.
    let text = fs::read_to_string(folder.path().join("vigie.toml")).expect("read");
    let often = text.replace("jitter = \"0s\"", "jitter = \"0s\"\nevaluate = \"* * * * * *\"");
    fs::write(folder.path().join("vigie.toml"), often).expect("written");
    assert_eq!(daemon.vigie(&["reload"]).code, 0);
    let forecast = get(&daemon, "/api/v1/alerts/forecast");
    let items = forecast["items"].as_array().expect("messages");
    let of = |kind: &str| items.iter().filter(|item| item["kind"] == kind).count();
    // Every Monday, and every first of the month, of a year.
    assert!(
        (50..=54).contains(&of("alerts")) && (11..=13).contains(&of("digest")),
        "{} {}",
        of("alerts"),
        of("digest")
    );
    assert!(items.windows(2).all(|pair| pair[0]["at"].as_str() <= pair[1]["at"].as_str()), "in order");
    let said = daemon.vigie(&["alert", "forecast", "--lang", "fr"]);
    assert!(said.code == 0 && said.out.contains("bilan mensuel") && said.out.contains("rappel"), "{}", said.out);

    let calendar = daemon.get("/calendar.ics", &header());
    assert_eq!(calendar.status, 200);
    assert!(calendar.head.contains("content-type: text/calendar"), "{}", calendar.head);
    assert_eq!(read_calendar(&calendar.body)["version"], "2.0");
    assert_eq!(daemon.get("/calendar.ics", "").status, 401);
    assert_eq!(daemon.get("/calendar.ics?lang=de", &header()).status, 400);
}

#[test]
fn without_a_channel_everybody_is_warned_that_nobody_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = daemon(folder.path(), "");
    let status = daemon.vigie(&["status", "--lang", "fr"]).out;
    assert!(
        status.contains("Aucune voie n'est configurée") && status.contains("dont 3 que personne ne peut recevoir"),
        "{status}"
    );
    let test = daemon.post("/api/v1/alerts/test", &header(), "{}");
    assert_eq!((test.status, test.json()["reason"].as_str()), (409, Some("no_channel")));
    assert!(test.json()["detail"].as_str().is_some_and(|detail| detail.contains("aucune voie n'est configurée")));
    let checked = daemon.vigie(&["config", "check", "--lang", "fr"]);
    assert!(checked.code == 0 && checked.out.contains("aucune voie n'est configurée"), "{}", checked.out);
    let reasons = daemon.json(&["config", "check"])["diagnostics"].clone();
    assert_eq!(reasons[0]["reason"], "no_channel", "{reasons}");
    let doctor = daemon.vigie(&["doctor", "--lang", "fr"]).out;
    assert!(doctor.contains("aucune voie n'est configurée"), "{doctor}");

    // A folder of hooks that is not there, and one that others may write.
    let hooks = folder.path().join("hooks.d");
    let ways = format!("[notify.hooks]\nfolder = \"{}\"\n", hooks.display());
    fs::write(folder.path().join("vigie.toml"), config(&folder.path().join("state"), &ways)).expect("written");
    let reason = || {
        let said = daemon.json(&["config", "check"])["diagnostics"].clone();
        let said = said.as_array().expect("a list").iter().find(|one| one["reason"] == "hooks_folder").cloned();
        said.map(|one| one["message"].as_str().expect("text").to_owned()).unwrap_or_default()
    };
    assert!(reason().contains("aucun exécutable n'est lancé"), "{}", reason());
    fs::create_dir(&hooks).expect("made");
    let mode = |mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hooks, fs::Permissions::from_mode(mode)).expect("set");
    };
    mode(0o777);
    assert!(reason().contains("d'autres peuvent écrire dans ce dossier (mode 777)"), "{}", reason());
    mode(0o755);
    assert_eq!(reason(), "");
}

#[test]
fn the_doctor_reaches_targets_without_a_word() {
    use crate::support::sinks::Identity;
    let folder = tempfile::tempdir().expect("a folder");
    let (identity, other) = (Identity::localhost(), Identity::localhost());
    let target = Sink::https(Some(&identity));
    let closed = Sink::https(None).port;
    let webhook = |name: &str, port: u16, ca: &Path| {
        format!(
            "[[notify.webhook]]\nname = \"{name}\"\nurl = \"https://localhost:{port}/canary\"\nca_file = \"{}\"\n",
            ca.display()
        )
    };
    let ways = [
        webhook("bonne", target.port, &identity.ca_file()),
        webhook("inconnue", target.port, &other.ca_file()),
        webhook("morte", closed, &identity.ca_file()),
    ];
    let state = folder.path().join("state");
    let file = folder.path().join("vigie.toml");
    fs::create_dir(&state).expect("a folder");
    fs::write(&file, config(&state, &ways.concat())).expect("written");
    let run = std::process::Command::new(VIGIE).arg("--config").arg(&file).args(["doctor", "--json"]).output();
    let said: Value = serde_json::from_slice(&run.expect("vigie runs").stdout).expect("JSON");
    let lines: Vec<(String, String)> = said["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|line| line["check"] == "webhook")
        .map(|line| (line["level"].to_string(), line["message"].to_string()))
        .collect();
    let levels: Vec<&str> = lines.iter().map(|(level, _)| level.as_str()).collect();
    assert_eq!(levels, ["\"ok\"", "\"fail\"", "\"fail\""], "{lines:?}");
    assert!(
        lines[0].1.contains("TLSv1_3") && lines[1].1.contains("(tls)") && lines[2].1.contains("(unreachable)"),
        "{lines:?}"
    );
    assert!(!said.to_string().contains("canary"), "{said}");
    assert!(target.received().is_empty(), "nothing was sent");
}
