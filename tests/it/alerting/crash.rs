//! The real daemon killed again and again while its messages leave to a real relay that loses some: every one arrives, and each
//! loss costs one repeat at the most, under the same id.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::watch::missing;
use crate::support::daemon::{Daemon, wait_for};
use crate::support::sinks::Sink;

/// Messages, one to each address.
const MESSAGES: usize = 500;
/// Messages after which the daemon is killed once more.
const EVERY: usize = 60;
/// Messages the relay takes and hangs up on before it says so.
const DROPPED: u32 = 5;

fn config(folder: &std::path::Path, relay: u16) -> String {
    let mut mails = String::new();
    for number in 0..MESSAGES {
        mails.push_str(&format!("\"u{number}@x.fr\", "));
    }
    format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         token_file = \"{state}/token\"\n\
         [schedule]\njitter = \"0s\"\n\
         [alerts]\nhour = 0\nretry = [\"1s\"]\n\
         [notify.smtp]\nhost = \"127.0.0.1\"\nport = {relay}\ntls = \"none\"\nfrom = \"vigie@x.fr\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[person]]\nid = \"at-1\"\nmails = [{mails}]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n{declared}",
        state = folder.join("state").display(),
        declared = missing(1),
    )
}

/// How many times each address got each message.
fn times(received: &[Value]) -> BTreeMap<(String, String), usize> {
    let mut times = BTreeMap::new();
    for line in received {
        let to = line["to"][0].as_str().expect("an address").to_owned();
        *times.entry((to, line["id"].as_str().expect("an id").to_owned())).or_default() += 1;
    }
    times
}

#[test]
fn killed_again_and_again_it_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Sink::smtp(None, &[]);
    fs::create_dir(folder.path().join("state")).expect("a folder");
    fs::write(folder.path().join("vigie.toml"), config(folder.path(), relay.port)).expect("written");
    let mut kills = 0;
    let mut daemon = Daemon::run(folder.path());
    relay.fail_data("drop", DROPPED);
    loop {
        let wanted = relay.count() + EVERY;
        let pending = |daemon: &Daemon| daemon.json(&["status"])["deliveries"]["pending"].as_i64();
        let mut looks = 0;
        wait_for("messages", || {
            looks += 1;
            (relay.count() >= wanted || (looks % 20 == 0 && pending(&daemon) == Some(0))).then_some(())
        });
        if relay.count() < wanted {
            break;
        }
        // SIGKILL, wherever it stands between two commits; what it was doing is different each time.
        drop(daemon);
        kills += 1;
        daemon = Daemon::run(folder.path());
    }
    wait_for("the last answers", || {
        let status = daemon.json(&["status"]);
        (status["deliveries"]["pending"] == 0).then_some(())
    });
    let received = relay.received();
    let times = times(&received);
    let addresses: std::collections::BTreeSet<&String> = times.keys().map(|(to, _)| to).collect();
    assert_eq!(addresses.len(), MESSAGES, "one is lost");
    assert_eq!(times.len(), MESSAGES, "one id for each address, whatever happened");
    let repeats = received.len() - times.len();
    assert!(kills >= 7, "{kills} kills");
    assert!(repeats <= kills + DROPPED as usize, "{repeats} repeats for {kills} kills and {DROPPED} hang-ups");
    let audit = daemon.audit();
    let delivered = audit.iter().filter(|event| event["action"] == "delivered").count();
    assert_eq!(delivered, MESSAGES, "each is written down once");
    let status = daemon.json(&["status"]);
    assert_eq!((&status["deliveries"]["pending"], &status["deliveries"]["failed"]), (&0.into(), &0.into()));
}
