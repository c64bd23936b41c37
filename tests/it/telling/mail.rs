//! Mail, against a real relay, read by Python's `email`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vigie::domain::notice::{Digest, Moment, NoticeKind, SendOutcome};
use vigie::notify::render::Renderer;

use super::{alerts, answer, channel, expiring, id, notice, now, runtime, verdict};
use crate::support::daemon::VIGIE;
use crate::support::sinks::{Identity, Sink, read_mail};
use crate::support::tls_server;

fn config(port: u16, more: &str) -> String {
    format!("[notify.smtp]\nhost = \"localhost\"\nport = {port}\nfrom = \"vigie@ch-exemple.fr\"\n{more}")
}

fn trusting(identity: &Identity) -> String {
    format!("ca_file = \"{}\"\n", identity.ca_file().display())
}

fn send(config: &str, to: &str) -> SendOutcome {
    runtime().block_on(channel(config).send(to, &alerts(vec![expiring("dmp", 12)])))
}

fn raw(line: &Value) -> Vec<u8> {
    STANDARD.decode(line["raw"].as_str().expect("the message")).expect("base64")
}

fn password(folder: &Path, password: &str) -> String {
    let path = folder.join("password");
    fs::write(&path, format!("{password}\n")).expect("written");
    format!("user = \"vigie\"\npassword_file = \"{}\"\n", path.display())
}

#[test]
fn what_arrives_is_a_mail_with_everything_in_it() {
    let identity = Identity::localhost();
    let relay = Sink::smtp(Some(&identity), &["--tls", "starttls", "--login", "vigie:s3cret"]);
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(relay.port, &(trusting(&identity) + &password(folder.path(), "s3cret")));
    let outcome = send(&config, "pki@ch-exemple.fr");
    assert_eq!(verdict(&outcome), "delivered", "{outcome:?}");
    assert!(answer(&outcome).starts_with("250 "), "{outcome:?}");
    assert!(!answer(&outcome).contains('\u{1b}'), "{outcome:?}");

    let received = relay.received();
    assert_eq!(received.len(), 1);
    let line = &received[0];
    assert_eq!((&line["from"], &line["to"][0]), (&"vigie@ch-exemple.fr".into(), &"pki@ch-exemple.fr".into()));
    assert_eq!((&line["login"], &line["tls"]), (&"vigie".into(), &true.into()));

    let mail = read_mail(&raw(line));
    let header = |name: &str| {
        let all = mail["headers"].as_array().expect("headers");
        let mut found = all.iter().filter(|pair| pair[0].as_str().expect("a name").eq_ignore_ascii_case(name));
        let value = found.next().unwrap_or_else(|| panic!("no {name}"))[1].as_str().expect("text").to_owned();
        assert!(found.next().is_none(), "{name} twice");
        value
    };
    assert_eq!(mail["defects"], serde_json::json!([]));
    assert_eq!(header("Message-ID"), format!("<{}@ch-exemple.fr>", id()));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("Importance"), "high");
    assert_eq!(mail["to"], serde_json::json!(["pki@ch-exemple.fr"]));
    assert_eq!(mail["date"], "2026-11-22T08:00:00+00:00");
    assert_eq!(header("Subject"), "[Vigie] Critique : dmp expire le 04/12/2026 (dans 12 jours)");
    assert_eq!(
        mail["types"],
        serde_json::json!(["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"])
    );
    for part in ["plain", "html"] {
        let text = mail[part].as_str().expect("text").replace("&#39;", "'").replace("&quot;", "\"");
        for wanted in [
            "n'est possible que tant que le certificat est valide",
            "il faudra refaire une commande complète",
            "« Renouveler » n'est alors plus proposé",
            "Ce qui s'arrête sans lui : DMP, INSi.",
            "À faire avant le 04/12/2026 (dans 12 jours).",
            "Camille EXEMPLE (at-1, administrateur technique), avec la carte CPx n° 2600301752 ou son e-CPS",
            "mand-1 (mandataire), peut déclarer un administrateur technique",
            "https://pfc.eservices.esante.gouv.fr/",
            "offre ORG (personne morale), structure « CENTRE HOSPITALIER D'EXEMPLE », usage AUTH_CLI, service applicatif « DRIMbox »",
            "cliquer « Renouveler » et confirmer, avant le 04/12/2026",
            "1234:c0ffee",
            &id(),
        ] {
            assert!(text.contains(wanted), "{part} does not say {wanted:?}:\n{text}");
        }
        // Once: the page has a title of its own besides what it shows.
        let titles = text.matches("dmp expire le 04/12/2026 (dans 12 jours)").count();
        assert_eq!(titles, if part == "html" { 2 } else { 1 }, "{text}");
        assert_eq!(text.matches("après le 04/12/2026").count(), 1, "{text}");
    }
    let event = &mail["calendar"]["events"][0];
    assert_eq!(event["start"], "2026-12-04T08:00:00+00:00");
    assert_eq!(event["alarms"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_same_notice_is_the_same_mail() {
    let relay = Sink::smtp(None, &[]);
    let config = config(relay.port, "tls = \"none\"\n");
    assert_eq!(verdict(&send(&config, "a@x.fr")), "delivered");
    assert_eq!(verdict(&send(&config, "a@x.fr")), "delivered");
    let received = relay.received();
    assert_eq!(raw(&received[0]), raw(&received[1]));
}

#[test]
fn each_recipient_is_judged_alone() {
    let relay = Sink::smtp(None, &[]);
    let config = config(relay.port, "tls = \"none\"\n");
    let outcomes = ["good@x.fr", "later-full@x.fr", "never-gone@x.fr"].map(|to| send(&config, to));
    assert_eq!(
        outcomes.each_ref().map(verdict),
        ["delivered", "later recipient_deferred", "refused recipient_refused"]
    );
    assert!(answer(&outcomes[2]).contains("no such mailbox") && !answer(&outcomes[2]).contains('\u{1b}'));
    assert_eq!(verdict(&send(&config, "not an address")), "refused address_invalid");
    assert_eq!(verdict(&send(&config, "x@x.fr\r\nBcc: y@y.fr")), "refused address_invalid");
    assert_eq!(relay.received().len(), 1);
    // What a relay says only when it hears the recipient may be about us.
    for (status, wanted) in [
        ("554_5.7.1", "later sender_refused"),
        ("550_5.7.27", "later sender_refused"),
        ("550_5.1.8", "later sender_refused"),
        ("550_5.1.7", "later sender_refused"),
        ("550_5.1.10", "refused recipient_refused"),
        ("550_5.1.1", "refused recipient_refused"),
        ("550_5.71", "refused recipient_refused"),
        ("550", "refused recipient_refused"),
    ] {
        assert_eq!(verdict(&send(&config, &format!("denied-{status}@x.fr"))), wanted, "{status}");
    }
}

#[test]
fn what_is_not_the_recipients_fault_is_tried_again() {
    let refusal = |options: &[&str], to: &str| {
        let relay = Sink::smtp(None, options);
        let outcome = send(&config(relay.port, "tls = \"none\"\n"), to);
        assert!(relay.received().is_empty());
        verdict(&outcome)
    };
    assert_eq!(refusal(&["--greeting", "421 too busy"], "a@x.fr"), "later relay_refused");
    assert_eq!(refusal(&["--greeting", "554 go away"], "a@x.fr"), "later relay_refused");
    assert_eq!(refusal(&["--mail", "550 5.7.1 you may not send"], "a@x.fr"), "later sender_refused");
    assert_eq!(refusal(&["--login", "vigie:s3cret"], "a@x.fr"), "later auth_refused");

    let relay = Sink::smtp(None, &[]);
    let config = config(relay.port, "tls = \"none\"\n");
    for (fault, wanted) in
        [("451", "later message_deferred"), ("421", "later message_deferred"), ("554", "refused message_refused")]
    {
        relay.fail_data(fault, 1);
        assert_eq!(verdict(&send(&config, "a@x.fr")), wanted);
    }
    let port = relay.port;
    drop(relay);
    assert_eq!(verdict(&send(&self::config(port, "tls = \"none\"\n"), "a@x.fr")), "later unreachable");
}

#[test]
fn a_loss_after_the_message_is_a_repeat_with_the_same_id() {
    let relay = Sink::smtp(None, &[]);
    let config = config(relay.port, "tls = \"none\"\ntimeout = \"5s\"\n");
    relay.fail_data("drop", 1);
    assert_eq!(verdict(&send(&config, "a@x.fr")), "later lost_after_data");
    assert_eq!(verdict(&send(&config, "a@x.fr")), "delivered");
    relay.fail_data("hang", 1);
    assert_eq!(verdict(&send(&config, "a@x.fr")), "later timeout_after_data");
    let ids: Vec<_> = relay.received().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|one| *one == ids[0]), "{ids:?}");
}

#[test]
fn nothing_is_ever_said_in_clear() {
    let identity = Identity::localhost();
    let folder = tempfile::tempdir().expect("a folder");
    let login = password(folder.path(), "s3cret");
    // STARTTLS taken out on the way.
    let stripped = Sink::smtp(None, &[]);
    let outcome = send(&config(stripped.port, &(trusting(&identity) + &login)), "a@x.fr");
    assert_eq!(verdict(&outcome), "later starttls_missing");
    // TLS where there is none, and none where there is TLS.
    let outcome = send(&config(stripped.port, &format!("tls = \"implicit\"\n{}", trusting(&identity))), "a@x.fr");
    assert_eq!(verdict(&outcome), "later tls");
    assert!(stripped.received().is_empty());

    // Another authority, another name, a certificate that is over.
    let (other_name, over) =
        (Identity::named("relay.other.fr", (2020, 2090)), Identity::named("localhost", (2020, 2021)));
    for (shown, trusted) in [(&Identity::localhost(), &identity), (&other_name, &other_name), (&over, &over)] {
        let relay = Sink::smtp(Some(shown), &["--tls", "starttls"]);
        let outcome = send(&config(relay.port, &(trusting(trusted) + &login)), "a@x.fr");
        assert_eq!(verdict(&outcome), "later tls", "{outcome:?}");
        assert!(relay.received().is_empty());
    }
}

#[test]
fn implicit_tls_and_a_changed_password() {
    let identity = Identity::localhost();
    let relay = Sink::smtp(Some(&identity), &["--tls", "implicit", "--login", "vigie:new"]);
    let folder = tempfile::tempdir().expect("a folder");
    let login = password(folder.path(), "old");
    let channel = channel(&config(relay.port, &format!("tls = \"implicit\"\n{}{login}", trusting(&identity))));
    let runtime = runtime();
    let send = || runtime.block_on(channel.send("a@x.fr", &alerts(vec![expiring("dmp", 40)])));
    let refused = send();
    assert_eq!(verdict(&refused), "later auth_refused");
    for password in ["old", "b2xk", "dmlnaWUAb2xk"] {
        assert!(!answer(&refused).contains(password), "{refused:?}");
    }
    // The file is read at each attempt: nothing has to be reloaded.
    password(folder.path(), "new");
    assert_eq!(verdict(&send()), "delivered");
    fs::remove_file(folder.path().join("password")).expect("removed");
    assert_eq!(verdict(&send()), "later secret_unreadable");
    assert_eq!(relay.received().len(), 1);
}

/// What a client says, or its leaving.
async fn hear(stream: &mut TcpStream) -> usize {
    stream.read(&mut [0; 512]).await.unwrap_or(0)
}

#[test]
fn what_is_put_behind_starttls_is_not_listened_to() {
    let outcome = runtime().block_on(async {
        let address = tls_server::serve(|mut stream| async move {
            stream.write_all(b"220 relay\r\n").await.ok();
            hear(&mut stream).await;
            stream.write_all(b"250-relay\r\n250 starttls\r\n").await.ok();
            hear(&mut stream).await;
            stream.write_all(b"220 go\r\n250-relay\r\n250 AUTH PLAIN\r\n").await.ok();
            hear(&mut stream).await;
        })
        .await;
        let channel = channel(&config(address.port(), ""));
        channel.send("a@x.fr", &alerts(vec![expiring("dmp", 12)])).await
    });
    assert_eq!(verdict(&outcome), "later starttls_injected");
}

#[test]
fn a_relay_that_speaks_nonsense_or_nothing_is_bounded() {
    for (said, wanted) in
        [(&b"HTTP/1.1 400 Bad Request\r\n"[..], "later relay_refused"), (&[0; 9000], "later connection_lost")]
    {
        let outcome = runtime().block_on(async {
            let address = tls_server::serve(move |mut stream| async move {
                stream.write_all(said).await.ok();
                hear(&mut stream).await;
            })
            .await;
            channel(&config(address.port(), "")).send("a@x.fr", &alerts(vec![expiring("dmp", 12)])).await
        });
        assert_eq!(verdict(&outcome), wanted, "{outcome:?}");
    }
    let outcome = runtime().block_on(async {
        let address = tls_server::serve(|mut stream| async move {
            hear(&mut stream).await;
        })
        .await;
        channel(&config(address.port(), "timeout = \"5s\"\n")).send("a@x.fr", &alerts(vec![expiring("dmp", 12)])).await
    });
    assert_eq!(verdict(&outcome), "later timeout");
}

#[test]
fn doctor_asks_the_relay() {
    let identity = Identity::localhost();
    let relay = Sink::smtp(Some(&identity), &["--tls", "starttls", "--login", "vigie:s3cret"]);
    let folder = tempfile::tempdir().expect("a folder");
    let hooks = folder.path().join("hooks.d");
    fs::create_dir(&hooks).expect("made");
    fs::write(hooks.join("open"), "#!/bin/sh\n").expect("written");
    fs::set_permissions(hooks.join("open"), Permissions::from_mode(0o777)).expect("opened");
    let file = folder.path().join("vigie.toml");
    let text = config(relay.port, &(trusting(&identity) + &password(folder.path(), "s3cret")));
    fs::write(&file, format!("state_dir = \"state\"\n{text}[notify.hooks]\nfolder = \"hooks.d\"\n")).expect("written");
    let doctor = || -> Vec<(String, String)> {
        let said = Command::new(VIGIE)
            .arg("--config")
            .arg(&file)
            .args(["doctor", "--json"])
            .env("CREDENTIALS_DIRECTORY", folder.path())
            .output()
            .expect("vigie runs");
        let report: Value = serde_json::from_slice(&said.stdout).expect("JSON");
        let lines = report["checks"].as_array().expect("lines").iter();
        let of_channels = lines.filter(|line| line["check"] == "smtp" || line["check"] == "hooks");
        of_channels
            .map(|line| (line["check"].to_string() + &line["level"].to_string(), line["message"].to_string()))
            .collect()
    };
    let said = doctor();
    let levels = |said: &[(String, String)]| said.iter().map(|line| line.0.replace('"', "")).collect::<Vec<_>>();
    assert_eq!(levels(&said), ["smtpok", "hookswarn", "hooksok"], "{said:?}");
    assert!(said[0].1.contains("relay.test"), "{said:?}");
    // The same secret as systemd hands it over.
    let with_file = fs::read_to_string(&file).expect("read");
    let path = folder.path().join("password").display().to_string();
    fs::write(&file, with_file.replace(&path, "credential:password")).expect("written");
    assert_eq!(levels(&doctor())[0], "smtpok");
    password(folder.path(), "wrong");
    let said = doctor();
    assert_eq!(levels(&said)[0], "smtpfail");
    assert!(said[0].1.contains("auth_refused") && !said[0].1.contains("wrong"), "{said:?}");
    assert!(relay.received().is_empty());
}

#[test]
fn a_storm_is_one_mail_that_lists_everything() {
    let relay = Sink::smtp(None, &[]);
    let config = config(relay.port, "tls = \"none\"\n");
    let items =
        |count: i64| (0..count).map(|n| expiring(&format!("certificate-{n:05}"), 5 + n % 40)).collect::<Vec<_>>();
    for count in [214, 10_000] {
        let outcome = runtime().block_on(channel(&config).send("a@x.fr", &alerts(items(count))));
        assert_eq!(verdict(&outcome), "delivered", "{outcome:?}");
        let received = relay.received();
        let line = received.last().expect("a mail");
        let mail = read_mail(&raw(line));
        let plain = mail["plain"].as_str().expect("text");
        let listed: Vec<&str> = plain.lines().filter(|line| line.starts_with("- [")).collect();
        assert_eq!(listed.len(), usize::try_from(count).expect("a count"));
        for (n, line) in listed.iter().enumerate() {
            assert!(line.contains(&format!(": certificate-{n:05} ;")), "{n} is missing: {line}");
        }
        assert!(plain.lines().all(|line| line.chars().count() < 2100));
        assert!(plain.contains("Passé sa date de fin, « Renouveler » n'est plus proposé"));
        assert!(plain.contains("Que faire sur le portail de l'ANS pour ORG AUTH_CLI"));
        assert!(raw(line).len() < 10_000_000, "{} bytes", raw(line).len());
        assert_eq!(mail["html"].is_string(), count == 214);
    }
}

#[test]
fn other_kinds_of_message_say_what_they_are() {
    let renderer = |lang| Renderer::new(lang, chrono_tz::Tz::Europe__Paris);
    let (fr, en) = (renderer(vigie::domain::lang::Lang::Fr), renderer(vigie::domain::lang::Lang::En));
    let digest = Digest {
        declared: 12,
        found: 11,
        open_alerts: 1,
        delivered: 40,
        failed: 0,
        ends: vec![("dmp".to_owned(), now().plus_days(40))],
    };
    let digest = notice(NoticeKind::Digest(digest), Vec::new());
    assert_eq!(fr.subject(&digest), "[Vigie] bilan mensuel : 1 alerte ouverte");
    let text = fr.message(&digest).text;
    assert!(text.contains("12 certificats déclarés, 11 trouvés, 1 alerte ouverte."), "{text}");
    assert!(text.contains("01/01/2027 (dans 40 jours) : dmp") && text.contains("1234:c0ffee"), "{text}");

    let failed = NoticeKind::ChannelFailed {
        channel: "smtp".to_owned(),
        reason: "unreachable".to_owned(),
        since: now().plus_days(-1),
        held: 3,
    };
    let failed = notice(failed, Vec::new());
    assert_eq!(en.subject(&failed), "[Vigie] Critical: messages no longer leave (smtp)");
    assert!(en.message(&failed).text.contains("3 messages are waiting or were given up."));
    assert!(fr.message(&notice(NoticeKind::Test, Vec::new())).text.contains("ce canal fonctionne"));

    // What has no end names its first.
    let mut gone = [expiring("dmp", 12), expiring("pacs", 12)];
    for item in &mut gone {
        item.finding.key.code = "missing".into();
        item.end = None;
    }
    let subject = fr.subject(&alerts(gone.into()));
    assert!(
        subject.starts_with("[Vigie] 2 alertes, dont 2 critiques ; la première : ") && subject.ends_with(" : dmp"),
        "{subject}"
    );

    let mut resolved = expiring("dmp", 12);
    resolved.moment = Moment::Resolved;
    let resolved = alerts(vec![resolved]);
    assert_eq!(fr.subject(&resolved), "[Vigie] Réglé : Certificat bientôt expiré : dmp");
    assert!(!fr.message(&resolved).text.contains("pfc.eservices"));

    let mut gone = expiring("dmp", -2);
    gone.finding.key.code = "expired".into();
    let gone = alerts(vec![gone]);
    assert!(fr.subject(&gone).contains("a expiré le 20/11/2026 : commande complète à refaire"));
    let text = fr.message(&gone).text;
    assert!(text.contains("« Demander », offre ORG") && !text.contains("cliquer « Renouveler »"), "{text}");

    let mut nobody = expiring("dmp", 12);
    nobody.actors.clear();
    assert!(
        fr.message(&alerts(vec![nobody])).text.contains("Personne dans le registre n'est administrateur technique")
    );
    let text = en.message(&alerts(vec![expiring("dmp", 12)])).text;
    assert!(
        text.contains("What stops without it: DMP, INSi.") && text.contains("service applicatif \"DRIMbox\""),
        "{text}"
    );
}

#[test]
fn what_comes_from_outside_stays_text() {
    let renderer = Renderer::new(vigie::domain::lang::Lang::Fr, chrono_tz::Tz::Europe__Paris);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 40, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let nasty = prop_oneof![
        any::<String>(),
        Just("</p><script>alert(1)</script>".to_owned()),
        Just("x\r\nBcc: thief@evil.example\r\n\r\nbody".to_owned()),
        Just("\u{1b}]0;title\u{7}\u{202e}gnp.exe".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_x?=".to_owned()),
        Just("\u{e9}".repeat(3000)),
    ];
    let hostile = (nasty.clone(), nasty.clone(), nasty);
    let relay = Sink::smtp(None, &[]);
    let channel = channel(&config(relay.port, "tls = \"none\"\n"));
    let runtime = runtime();
    runner
        .run(&hostile, |(name, path, node)| {
            let mut item = expiring("dmp", 12);
            let certificate = item.certificate.as_mut().expect("declared");
            certificate.id = name.clone();
            certificate.structure = path.clone();
            certificate.impacts = vec![node.clone()];
            item.actors[0].name = Some(name.clone());
            item.finding
                .facts
                .iter_mut()
                .filter(|(fact, _)| fact == "path")
                .for_each(|(_, value)| *value = path.clone());
            let mut notice = alerts(vec![item]);
            notice.node = node;
            let message = renderer.message(&notice);
            let harmless = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
            let one_line = harmless(&message.text) && !message.subject.contains('\n');
            prop_assert!(one_line, "not harmless");
            let html = message.html.expect("a page");
            let escaped = !html.contains("<script") && !html.contains('\u{1b}');
            prop_assert!(escaped, "not escaped");
            prop_assert_eq!(verdict(&runtime.block_on(channel.send("a@x.fr", &notice))), "delivered");
            Ok(())
        })
        .expect("every case");
    let received = relay.received();
    assert!(received.len() >= 40);
    // An outside parser sees the same headers and parts whatever was in the names.
    for line in received.iter().rev().take(12) {
        let mail = read_mail(&raw(line));
        let names: Vec<&str> =
            mail["headers"].as_array().expect("headers").iter().map(|pair| pair[0].as_str().expect("a name")).collect();
        assert!(!names.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{names:?}");
        assert_eq!(names.len(), 11, "{names:?}");
        assert_eq!(mail["types"].as_array().map(Vec::len), Some(5));
        assert_eq!(mail["defects"], serde_json::json!([]));
    }
}
