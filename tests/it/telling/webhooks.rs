//! Webhooks, against a real HTTPS server that misbehaves.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use vigie::config::WebhookKind;
use vigie::domain::notice::{NoticeKind, SendOutcome};
use vigie::notify::webhook::shipped_templates;
use vigie::pki::mac::hmac_sha256;

use super::{NOW, alerts, answer, channel, channels, expiring, id, notice, runtime, verdict};
use crate::support::sinks::{Identity, Sink};

fn config(port: u16, more: &str) -> String {
    format!("[[notify.webhook]]\nname = \"astreinte\"\nurl = \"https://localhost:{port}/hook?key=canary\"\n{more}")
}

fn trusting(identity: &Identity) -> String {
    format!("ca_file = \"{}\"\n", identity.ca_file().display())
}

fn send(config: &str) -> SendOutcome {
    runtime().block_on(channel(config).send("", &alerts(vec![expiring("dmp", 12)])))
}

#[test]
fn a_cloud_event_arrives_signed() {
    let identity = Identity::localhost();
    let target = Sink::https(Some(&identity));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("secret"), "k3y\n").expect("written");
    let secret = format!("secret_file = \"{}\"\n", folder.path().join("secret").display());
    let outcome = send(&config(target.port, &(trusting(&identity) + &secret)));
    assert_eq!(outcome, SendOutcome::Delivered { answer: "HTTP 200 taken".to_owned() });

    let received = target.received();
    let request = &received[0];
    let header = |name: &str| request["headers"][name].as_str().unwrap_or_default();
    let body = request["body"].as_str().expect("a body");
    assert_eq!(header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!(header("idempotency-key"), id());
    let tag = hmac_sha256(b"k3y", format!("{NOW}.{body}").as_bytes());
    let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header("x-vigie-signature"), format!("t={NOW},v1={tag}"));

    let event: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["id"], id());
    assert_eq!(event["type"], "fr.vigie.alert.step");
    assert_eq!(event["source"], "urn:vigie:srv-pki-1");
    assert_eq!(event["subject"], "certificate:dmp");
    assert_eq!(event["time"], "2026-11-22T08:00:00Z");
    let item = &event["data"]["items"][0];
    assert_eq!((&item["code"], &item["days_left"]), (&"expiring".into(), &12.into()));
    assert_eq!(item["certificate"]["offer"], "ORG");
    assert_eq!(item["facts"]["path"], "/etc/drimbox/client.pem");
    assert_eq!(event["data"]["audit"]["seq"], 1234);

    let several = alerts((0..300).map(|n| expiring(&format!("c{n}"), 12)).collect());
    let channel = channel(&config(target.port, &trusting(&identity)));
    assert_eq!(verdict(&runtime().block_on(channel.send("", &several))), "delivered");
    let event: Value = serde_json::from_str(target.received()[1]["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(event["data"]["items"].as_array().map(Vec::len), Some(300));
    let (test, digest) =
        (notice(NoticeKind::Test, Vec::new()), notice(NoticeKind::Digest(Default::default()), Vec::new()));
    for (notice, kind) in [(test, "fr.vigie.test"), (digest, "fr.vigie.digest")] {
        runtime().block_on(channel.send("", &notice));
        let event: Value =
            serde_json::from_str(target.received().last().expect("one")["body"].as_str().expect("a body"))
                .expect("JSON");
        assert_eq!(event["type"], kind);
    }
}

#[test]
fn every_answer_has_its_meaning() {
    let identity = Identity::localhost();
    let target = Sink::https(Some(&identity));
    let channel = channel(&config(target.port, &trusting(&identity)));
    let runtime = runtime();
    let ask = |step: Value| {
        target.script(&[step]);
        runtime.block_on(channel.send("", &alerts(vec![expiring("dmp", 12)])))
    };
    for (status, wanted) in [
        (204, "delivered"),
        (500, "later http_server_error"),
        (503, "later http_server_error"),
        (404, "later http_client_error"),
        (403, "later unauthorized"),
        (400, "refused payload_refused"),
        (410, "refused gone"),
    ] {
        assert_eq!(verdict(&ask(json!({"status": status}))), wanted, "{status}");
    }
    let wait = |outcome: SendOutcome| match outcome {
        SendOutcome::Later { reason, after, .. } => (reason, after),
        other => panic!("{other:?}"),
    };
    let busy = |after: &str| json!({"status": 429, "headers": {"Retry-After": after}});
    assert_eq!(wait(ask(busy("90"))), ("rate_limited", Some(Duration::from_secs(90))));
    assert_eq!(wait(ask(busy("Sun, 22 Nov 2026 08:02:00 GMT"))), ("rate_limited", Some(Duration::from_secs(120))));
    assert_eq!(wait(ask(busy("31536000"))), ("rate_limited", Some(Duration::from_secs(6 * 3600))));
    assert_eq!(wait(ask(busy("soon"))), ("rate_limited", None));
    let long = ask(json!({"status": 500, "body": "\u{1b}[2J".repeat(100_000)}));
    assert!(answer(&long).chars().count() <= 301 && !answer(&long).contains('\u{1b}'), "{long:?}");
    // The same id on every attempt.
    assert!(target.received().iter().all(|request| request["id"] == id()));
}

#[test]
fn a_redirect_is_not_followed() {
    let identity = Identity::localhost();
    let (target, thief) = (Sink::https(Some(&identity)), Sink::https(Some(&identity)));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("secret"), "k3y").expect("written");
    let secret = format!("secret_file = \"{}\"\n", folder.path().join("secret").display());
    let channel = channel(&config(target.port, &(trusting(&identity) + &secret)));
    for status in [301, 302, 303, 307, 308] {
        let there = format!("https://localhost:{}/", thief.port);
        target.script(&[json!({"status": status, "headers": {"Location": there}})]);
        let outcome = runtime().block_on(channel.send("", &alerts(vec![expiring("dmp", 12)])));
        assert_eq!(verdict(&outcome), "later redirect");
    }
    assert_eq!(target.received().len(), 5);
    assert!(thief.received().is_empty());
}

#[test]
fn silence_is_bounded_and_the_message_may_have_arrived() {
    let identity = Identity::localhost();
    let target = Sink::https(Some(&identity));
    let channel = channel(&config(target.port, &format!("timeout = \"1s\"\n{}", trusting(&identity))));
    target.script(&[json!({"hang": true})]);
    let outcome = runtime().block_on(channel.send("", &alerts(vec![expiring("dmp", 12)])));
    assert_eq!(verdict(&outcome), "later timeout");
    assert_eq!(target.received().len(), 1);
    assert_eq!(verdict(&runtime().block_on(channel.send("", &alerts(vec![expiring("dmp", 12)])))), "delivered");
}

#[test]
fn a_status_counts_though_its_answer_never_ends() {
    let identity = Identity::localhost();
    let target = Sink::https(Some(&identity));
    let channel = channel(&config(target.port, &format!("timeout = \"30s\"\n{}", trusting(&identity))));
    for (status, wanted) in [(200, "delivered"), (500, "later http_server_error")] {
        target.script(&[json!({"status": status, "stall": true})]);
        let notice = alerts(vec![expiring("dmp", 12)]);
        let sent = async { tokio::time::timeout(Duration::from_secs(15), channel.send("", &notice)).await };
        let outcome = runtime().block_on(sent).expect("long before the bound on the whole");
        assert_eq!(verdict(&outcome), wanted);
    }
    assert_eq!(target.received().len(), 2);
}

#[test]
fn a_slow_target_holds_up_nobody_else() {
    let identity = Identity::localhost();
    let (slow, quick) = (Sink::https(Some(&identity)), Sink::https(Some(&identity)));
    slow.script(&[json!({"delay": 10})]);
    let text = config(slow.port, &trusting(&identity))
        + &config(quick.port, &trusting(&identity)).replace("astreinte", "healthy");
    let all = channels(&text);
    let notice = alerts(vec![expiring("dmp", 12)]);
    let first = runtime().block_on(async {
        tokio::select! {
            outcome = all[0].send("", &notice) => ("slow", outcome),
            outcome = all[1].send("", &notice) => ("healthy", outcome),
        }
    });
    assert_eq!((first.0, verdict(&first.1).as_str()), ("healthy", "delivered"));
}

#[test]
fn errors_of_tls_are_told_and_the_address_is_not() {
    let identity = Identity::localhost();
    let other = Identity::named("other.fr", (2020, 2090));
    for (shown, trusted) in [(&identity, &other), (&other, &other)] {
        let target = Sink::https(Some(shown));
        let outcome = send(&config(target.port, &trusting(trusted)));
        assert_eq!(verdict(&outcome), "later tls", "{outcome:?}");
        assert!(target.received().is_empty());
        assert!(!answer(&outcome).contains("canary"), "{outcome:?}");
    }
    let target = Sink::https(None);
    let outcome = send(&config(target.port, &trusting(&identity)));
    assert!(matches!(outcome, SendOutcome::Later { .. }), "{outcome:?}");
    let port = target.port;
    drop(target);
    let outcome = send(&config(port, &trusting(&identity)));
    assert_eq!(verdict(&outcome), "later unreachable");
    assert!(!answer(&outcome).contains("canary"), "{outcome:?}");
    assert_eq!(verdict(&send(&config(port, "ca_file = \"/no/such\"\n"))), "later ca_file");
    assert_eq!(verdict(&send(&config(port, "secret_file = \"/no/such\"\n"))), "later secret_unreadable");
    assert!(!format!("{:?}", channel(&config(port, "")).name()).contains("canary"));
}

#[test]
fn a_proxy_is_asked_for_the_way() {
    // A proxy sees CONNECT and nothing else: the target speaks no HTTP to it.
    let (asked, outcome) = runtime().block_on(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let address = crate::support::tls_server::serve(move |mut stream| {
            let sender = sender.clone();
            async move {
                let mut head = vec![0; 1024];
                let read = stream.read(&mut head).await.unwrap_or(0);
                sender.send(String::from_utf8_lossy(&head[..read]).into_owned()).await.ok();
                stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.ok();
            }
        })
        .await;
        let more = format!("proxy = \"http://127.0.0.1:{}\"\n", address.port());
        let outcome = channel(&config(443, &more)).send("", &alerts(vec![expiring("dmp", 12)])).await;
        (receiver.recv().await.expect("asked"), outcome)
    });
    assert!(asked.starts_with("CONNECT localhost:443 HTTP/1.1\r\n") && !asked.contains("canary"), "{asked}");
    assert!(matches!(outcome, SendOutcome::Later { .. }), "{outcome:?}");
}

#[test]
fn chats_get_their_own_form() {
    let target = Sink::https(None);
    let text = |kind: &str| {
        format!("[[notify.webhook]]\nname = \"chat\"\nurl = \"http://127.0.0.1:{}/\"\nkind = \"{kind}\"\n", target.port)
    };
    let mut items: Vec<_> = (0..40).map(|n| expiring(&format!("c{n}"), 12)).collect();
    items[0].certificate.as_mut().expect("declared").structure = "``` @all <!channel> [x](http://evil)".to_owned();
    let notice = alerts(items);
    let sent = |kind: &str| -> Value {
        assert_eq!(verdict(&runtime().block_on(channel(&text(kind)).send("", &notice))), "delivered");
        serde_json::from_str(target.received().last().expect("one")["body"].as_str().expect("a body")).expect("JSON")
    };
    let mattermost = sent("mattermost");
    let said = mattermost["text"].as_str().expect("text");
    assert!(
        said.starts_with("```\n[Vigie] ")
            && said.ends_with("de plus : le courriel et « vigie alert list » les donnent tous.\n```"),
        "{said}"
    );
    assert_eq!(said.matches("```").count(), 2);
    let slack = sent("slack");
    assert!(slack["blocks"].as_array().is_some_and(|blocks| blocks.len() == 27), "{slack}");
    assert!(slack["blocks"].as_array().expect("blocks").iter().all(|block| block["text"]["type"] == "plain_text"));
    let teams = sent("teams");
    let body = teams["attachments"][0]["content"]["body"].as_array().expect("a card");
    assert!(body.iter().all(|block| block["type"] == "RichTextBlock") && body.len() == 27, "{teams}");
    assert_eq!(
        shipped_templates().map(|(kind, ..)| kind),
        [WebhookKind::Mattermost, WebhookKind::Teams, WebhookKind::Slack]
    );
}

#[test]
fn a_template_of_the_user_is_checked_and_used() {
    let target = Sink::https(None);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("glpi.json");
    let text = format!(
        "[[notify.webhook]]\nname = \"glpi\"\nurl = \"http://127.0.0.1:{}/\"\nkind = \"template\"\ntemplate = \"{}\"\n",
        target.port,
        file.display()
    );
    fs::write(&file, "{\"input\": {\"name\": {{ summary }},\n {% for item in items %}\n \"x\": {{ item.titel }},{% endfor %} \"y\": 1}}").expect("written");
    let loaded = vigie::config::from_texts(&[("/nowhere/vigie.toml".into(), text.clone())]);
    let said = loaded.expect_err("a mistake").render(vigie::domain::lang::Lang::En);
    assert!(said.contains("glpi.json:3"), "{said}");
    fs::write(
        &file,
        "{\"name\": {{ summary }}, \"ids\": {{ items | map(attribute=\"label\") | list }}, \"t\": {{ text }}}",
    )
    .expect("written");
    assert_eq!(verdict(&runtime().block_on(channel(&text).send("", &alerts(vec![expiring("dmp", 12)])))), "delivered");
    let body: Value = serde_json::from_str(target.received()[0]["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["ids"], json!(["dmp"]));
    assert!(body["t"].as_str().is_some_and(|text| text.contains("pfc.eservices")));
}

#[test]
fn the_samples_have_the_shape_of_the_messages() {
    let samples: Value = serde_json::from_str(include_str!("../../../src/config/template_samples.json")).expect("JSON");
    let target = Sink::https(None);
    let text = format!("[[notify.webhook]]\nname = \"a\"\nurl = \"http://127.0.0.1:{}/\"\n", target.port);
    let failed = NoticeKind::ChannelFailed { channel: "smtp".into(), reason: "x".into(), since: super::now(), held: 1 };
    let digest = vigie::domain::notice::Digest { ends: vec![("a".into(), super::now())], ..Default::default() };
    for (name, notice) in [
        ("alert.opened", alerts(vec![expiring("dmp", 12)])),
        ("digest", notice(NoticeKind::Digest(digest), Vec::new())),
        ("channel.failed", notice(failed, Vec::new())),
        ("test", notice(NoticeKind::Test, Vec::new())),
    ] {
        runtime().block_on(channel(&text).send("", &notice));
        let event: Value =
            serde_json::from_str(target.received().last().expect("one")["body"].as_str().expect("a body"))
                .expect("JSON");
        assert_eq!(shape(&event["data"]), shape(&samples[name]), "{name}");
    }
}

/// Keys all the way down, facts aside; of a list the first item.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), if key == "facts" { Value::Null } else { shape(value) }))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(list) => list.first().map(shape).unwrap_or_default(),
        _ => Value::Null,
    }
}
