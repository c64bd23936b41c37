//! The real daemon killed at every commit point, one after the other, while its messages leave to a real relay and to a real target
//! that lose and refuse some: every one arrives, and each loss costs one repeat at the most, under the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::watch::missing;
use crate::support::daemon::{Daemon, wait_for};
use crate::support::die_at::{Failpoint, Moment};
use crate::support::made_certificate::trusted;
use crate::support::sinks::{Identity, Sink};

/// Events, and messages where each goes to an address of its own.
const EVENTS: usize = 500;
/// Commits of one life up to which each is a point to die at: the start, the scan, the judgement, and then message after message.
const POINTS: u32 = 10;
/// Live targets; what is told to one is told to each.
const TARGETS: usize = 5;
/// What befalls a conversation with the relay, each so many times.
const FAULTS: [&str; 8] = ["drop", "greet421", "rcpt450", "hang", "rcpt452", "421", "strip", "451"];
const EACH: usize = 2;

fn config(folder: &Path, rest: &str) -> String {
    format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         token_file = \"{state}/token\"\n\
         [schedule]\njitter = \"0s\"\n\
         {trust}[alerts]\nhour = 0\nretry = [\"1s\"]\nper_hour = 1000\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n{rest}",
        state = folder.join("state").display(),
        trust = trusted(folder),
    )
}

/// In memory where there is such a place: a process that is killed leaves what it wrote to the kernel, whatever is under it.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

fn write(folder: &Path, rest: &str) {
    fs::create_dir_all(folder.join("state")).expect("a folder");
    fs::write(folder.join("vigie.toml"), config(folder, rest)).expect("written");
}

/// Every point at which a life can end, in order.
fn points() -> impl Iterator<Item = (u32, Moment)> {
    (1..=POINTS).flat_map(|at| [(at, Moment::Written), (at, Moment::Next)])
}

fn delivered(daemon: &Daemon) -> usize {
    daemon.audit().iter().filter(|event| event["action"] == "delivered").count()
}

/// The journal of the relay by address and message: each time it came, and what was said to it.
fn by_message(received: &[Value]) -> BTreeMap<(String, String), Vec<&Value>> {
    let mut by: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
    for line in received {
        let to = line["to"][0].as_str().expect("an address").to_owned();
        by.entry((to, line["id"].as_str().expect("an id").to_owned())).or_default().push(line);
    }
    by
}

#[test]
fn killed_at_every_commit_point_it_loses_no_mail() {
    let folder = folder();
    let identity = Identity::localhost();
    let relay = Sink::smtp(Some(&identity), &["--tls", "starttls"]);
    // One of the mailboxes does not exist: somebody else hears of it in its place.
    let mails: String = (1..EVENTS).map(|number| format!("\"u{number}@x.fr\", ")).collect();
    let rest = format!(
        "[notify.smtp]\nhost = \"localhost\"\nport = {port}\nca_file = \"{ca}\"\ntimeout = \"5s\"\nfrom = \"vigie@x.fr\"\n\
         [[person]]\nid = \"at-1\"\nmails = [\"never-u0@x.fr\", {mails}]\n\
         [[person]]\nid = \"mandataire\"\nmails = [\"mandataire@x.fr\"]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n\
         [[mandate]]\nperson = \"mandataire\"\nstructure = \"chex\"\nrole = \"mandataire\"\n{declared}",
        port = relay.port,
        ca = identity.ca_file().display(),
        declared = missing(1),
    );
    write(folder.path(), &rest);
    // Something goes wrong, and then some go well.
    let script: Vec<Value> =
        FAULTS.repeat(EACH).iter().flat_map(|fault| [json!(fault), json!(null), json!(null)]).collect();
    relay.script(&script);
    let failpoint = Failpoint::build();
    let mut kills = 0;
    for (at, moment) in points() {
        failpoint.run(folder.path(), at, moment);
        kills += 1;
    }
    let killed_at = relay.count();
    assert!((1..EVENTS).contains(&killed_at), "{killed_at} messages by then: the points are not among the messages");
    let daemon = Daemon::run(folder.path());
    for wanted in (killed_at..=EVENTS).step_by(50) {
        wait_for("more messages", || (relay.count() >= wanted).then_some(()));
    }
    wait_for("the last answers", || {
        let status = daemon.json(&["status"]);
        (status["deliveries"]["pending"] == 0).then_some(())
    });
    let received = relay.received();
    let messages = by_message(&received);
    let addresses: BTreeSet<&String> = messages.keys().map(|(to, _)| to).collect();
    assert_eq!(addresses.len(), EVENTS, "one is lost");
    assert!(addresses.contains(&"mandataire@x.fr".to_owned()), "nobody heard what a mailbox refused");
    assert_eq!(messages.len(), EVENTS, "one id for each address, whatever happened");
    let (mut lost, mut repeats) = (0, 0);
    for (message, times) in &messages {
        assert!(times.iter().all(|line| line["raw"] == times[0]["raw"]), "{message:?} was not the same each time");
        // The relay had it, and its answer never came: each such time allows one more.
        let answers_lost = times.iter().filter(|line| !line["fault"].is_null()).count();
        let answered = times.len() - answers_lost;
        assert!(answered >= 1, "{message:?} was never taken");
        lost += answers_lost;
        repeats += answered - 1;
    }
    // Some befall a conversation that is cut before, or the mailbox that does not exist.
    assert!((1..=2 * EACH).contains(&lost), "{lost} answers lost");
    assert!(repeats <= kills, "{repeats} repeats for {kills} kills");
    assert_eq!(delivered(&daemon), EVENTS, "each is written down once");
    let status = daemon.json(&["status"]);
    assert_eq!((&status["deliveries"]["pending"], &status["deliveries"]["failed"]), (&0.into(), &1.into()));
}

/// What each target, by its path, heard of each declared certificate: the ids of the messages, of those answered with 200 alone.
fn heard(received: &[Value]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut heard: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for request in received.iter().filter(|request| request["status"] == 200) {
        let event: Value = serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON");
        assert_eq!(event["id"], request["id"], "one id in the header and in the body");
        for item in event["data"]["items"].as_array().expect("items") {
            let key = (text(&request["path"]), text(&item["certificate"]["id"]));
            heard.entry(key).or_default().insert(text(&request["id"]));
        }
    }
    heard
}

#[test]
fn killed_at_every_commit_point_it_loses_no_event_of_targets_that_flap() {
    let folder = folder();
    let identity = Identity::localhost();
    let (target, thief) = (Sink::https(Some(&identity)), Sink::https(Some(&identity)));
    fs::write(folder.path().join("secret"), "k3y-of-the-target\n").expect("written");
    let there = format!("https://localhost:{}/", thief.port);
    let faults = [
        json!({"status": 500}),
        json!({"hang": true, "status": 599}),
        json!({"status": 302, "headers": {"Location": there}}),
        json!({"status": 429, "headers": {"Retry-After": "1"}}),
        json!({"status": 307, "headers": {"Location": there}}),
    ];
    let faults: Vec<Value> = std::iter::repeat_n(faults, EACH).flatten().collect();
    target.script(&faults);
    let webhook = |name: &str, port: u16| {
        format!(
            "[[notify.webhook]]\nname = \"{name}\"\nurl = \"https://localhost:{port}/{name}\"\ntimeout = \"1s\"\n\
             secret_file = \"{secret}\"\nca_file = \"{ca}\"\n",
            secret = folder.path().join("secret").display(),
            ca = identity.ca_file().display(),
        )
    };
    // Nobody listens on the port of the last one any more.
    let live: String = (0..TARGETS).map(|number| webhook(&format!("t{number}"), target.port)).collect();
    let ways = format!(
        "{live}{}[[person]]\nid = \"at-1\"\n[[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n",
        webhook("dead", Sink::https(None).port)
    );
    let failpoint = Failpoint::build();
    let (mut kills, lives) = (0, points().count());
    for (at, moment) in points() {
        kills += 1;
        // Each life finds more to tell, the last one everything.
        write(folder.path(), &format!("{ways}{}", missing(EVENTS * kills / lives)));
        failpoint.run(folder.path(), at, moment);
    }
    let daemon = Daemon::run(folder.path());
    let token = fs::read_to_string(folder.path().join("state/token")).expect("the token");
    let left = |state: &str| {
        let answer = daemon.get(
            &format!("/api/v1/deliveries?limit=1000&state={state}"),
            &format!("Authorization: Bearer {}\r\n", token.trim()),
        );
        let items = answer.json()["items"].as_array().cloned().expect("items");
        items.iter().filter(|item| item["channel"] != "webhook:dead").count()
    };
    wait_for("the last answers", || {
        ["pending", "sending", "failed"].iter().all(|state| left(state) == 0).then_some(())
    });
    let received = target.received();
    let heard = heard(&received);
    assert_eq!(heard.len(), EVENTS * TARGETS, "one is lost");
    let twice: Vec<_> = heard.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(twice.is_empty(), "told under two ids: {twice:?}");
    for number in 0..TARGETS {
        let path = format!("/t{number}");
        let to_it = || received.iter().filter(|request| request["path"] == path);
        let mut bodies: BTreeMap<&str, (&Value, usize)> = BTreeMap::new();
        for request in to_it() {
            let (body, taken) = bodies.entry(request["id"].as_str().expect("an id")).or_insert((&request["body"], 0));
            assert_eq!(*body, &request["body"], "{path}: not the same each time");
            *taken += usize::from(request["status"] == 200);
        }
        // What was answered well comes again after a kill alone, once for each.
        let repeats: usize = bodies.values().map(|(_, taken)| taken.saturating_sub(1)).sum();
        assert!(repeats <= kills, "{path}: {repeats} repeats for {kills} kills");
        assert!(bodies.values().all(|(_, taken)| *taken > 0), "{path}: something was never taken");
    }
    assert!(thief.received().is_empty(), "what was signed for one host went to another");
    let status = daemon.json(&["status"]);
    let failing = |name: &str| status["channels"][format!("webhook:{name}")]["failing_since"].is_string();
    assert!(failing("dead") && !failing("t0"), "{status:#}");
}
