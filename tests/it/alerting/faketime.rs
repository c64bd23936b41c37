//! The clock of the real daemon is set while it runs, by Debian's faketime: what was said is not said again, and every jump is
//! written down.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::watch::missing;
use crate::support::daemon::{Daemon, wait_for};
use crate::support::sinks::{Sink, read_mail};

/// Where Debian puts it, whatever the architecture.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|path| path.exists());
    found.expect("faketime is not installed: see `make setup-test`")
}

/// The clock reads the truth and so much more, from the next look on.
fn set(file: &Path, offset: &str) {
    fs::write(file.with_extension("next"), offset).expect("written");
    fs::rename(file.with_extension("next"), file).expect("renamed");
}

#[test]
fn a_clock_that_is_set_under_the_daemon_repeats_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (state, offset) = (folder.path().join("state"), folder.path().join("offset"));
    let relay = Sink::smtp(None, &[]);
    fs::create_dir(&state).expect("a folder");
    set(&offset, "+0");
    let text = format!(
        "node = \"n\"\nstate_dir = \"{state}\"\n[http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\n\
         token_file = \"{state}/token\"\n[schedule]\njitter = \"0s\"\n[alerts]\nhour = 0\nper_hour = 100\n\
         [notify.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"vigie@x.fr\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[person]]\nid = \"at-1\"\nmails = [\"at-1@x.fr\"]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n{declared}",
        state = state.display(),
        port = relay.port,
        declared = missing(2),
    );
    fs::write(folder.path().join("vigie.toml"), text).expect("written");
    let library = library();
    let environment: [(&str, &OsStr); 4] = [
        ("LD_PRELOAD", library.as_os_str()),
        ("FAKETIME_TIMESTAMP_FILE", offset.as_os_str()),
        ("FAKETIME_NO_CACHE", "1".as_ref()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".as_ref()),
    ];
    let daemon = Daemon::run_with(folder.path(), &environment);
    wait_for("the first mail", || (relay.count() == 1).then_some(()));
    // Ten years ahead, a year back, an hour each way, past 2038; the truth after each.
    let jumps = ["+3652d", "-365d", "+1h", "-1h", "+4500d"];
    for jump in jumps {
        for clock in [jump, "+0"] {
            let before = daemon.last_seq();
            set(&offset, clock);
            assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0, "{clock}");
            daemon.wait_for_event(before, |event| event["action"] == "clock_jump");
            wait_for("the messages", || (daemon.json(&["status"])["deliveries"]["pending"] == 0).then_some(()));
        }
    }
    let received = relay.received();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut openings = 0;
    for line in &received {
        *ids.entry(line["id"].to_string()).or_default() += 1;
        use base64::Engine as _;
        let raw =
            base64::engine::general_purpose::STANDARD.decode(line["raw"].as_str().expect("base64")).expect("base64");
        let mail = read_mail(&raw);
        openings += usize::from(mail["plain"].as_str().is_some_and(|text| text.contains("Nouvelle alerte")));
    }
    assert!(ids.values().all(|times| *times == 1), "{ids:?}");
    assert_eq!(openings, 1, "the opening was said again: {received:#?}");
    // What is still to come is there, and nothing was lost of the trail.
    assert_eq!(daemon.json(&["status"])["alerts"]["open"], 2);
    let sequence: Vec<i64> = daemon.audit().iter().filter_map(|event| event["seq"].as_i64()).collect();
    assert!(sequence.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap in the trail");
}
