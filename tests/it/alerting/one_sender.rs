//! One PostgreSQL database, several daemons: one of them sends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::watch::missing;
use crate::support::daemon::{Daemon, VIGIE, wait_for};
use crate::support::made_certificate::trusted;
use crate::support::postgres::Postgres;
use crate::support::sinks::Sink;

fn write(folder: &Path, url: &str, relay: u16, events: usize) {
    let state = folder.join("state");
    fs::create_dir_all(&state).expect("a folder");
    let text = format!(
        "node = \"node-one\"\nstate_dir = \"{state}\"\n[store]\nurl = \"{url}\"\n\
         [http]\nsocket = \"{state}/api.sock\"\nlisten = \"127.0.0.1:0\"\ntoken_file = \"{state}/token\"\n\
         [schedule]\njitter = \"0s\"\n{trust}[alerts]\nhour = 0\nper_hour = 100\n\
         [notify.smtp]\nhost = \"127.0.0.1\"\nport = {relay}\ntls = \"none\"\nfrom = \"vigie@x.fr\"\n\
         [[structure]]\nid = \"chex\"\nname = \"CH\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         [[person]]\nid = \"at-1\"\nmails = [\"at-1@x.fr\"]\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n{declared}",
        state = state.display(),
        trust = trusted(folder),
        declared = missing(events),
    );
    fs::write(folder.join("vigie.toml"), text).expect("written");
}

/// A daemon that is not to start.
fn refused(folder: &Path) -> Output {
    let config = folder.join("vigie.toml");
    Command::new(VIGIE).args(["run".as_ref(), "--config".as_ref(), config.as_os_str()]).output().expect("vigie runs")
}

#[test]
fn the_second_daemon_of_a_database_is_refused_until_the_first_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = Postgres::start();
    let url = runtime.block_on(server.database());
    let relay = Sink::smtp(None, &[]);
    let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write(one.path(), &url, relay.port, 1);
    write(two.path(), &url, relay.port, 1);
    let first = Daemon::run(one.path());
    wait_for("the first mail", || (relay.count() == 1).then_some(()));
    let second = refused(two.path());
    assert_eq!(second.status.code(), Some(74));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("used by another daemon (vigie on node-one)"), "{said}");

    // The server throws everybody out: the daemon takes its lock again before it sends, and loses nothing.
    let thrown = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    runtime.block_on(server.run(&url, thrown));
    write(one.path(), &url, relay.port, 2);
    wait_for("a reload", || (first.vigie(&["reload"]).code == 0).then_some(()));
    wait_for("the second mail", || (relay.count() == 2).then_some(()));
    assert_eq!(refused(two.path()).status.code(), Some(74), "it is held again");

    // Killed: the next one may, and says nothing again.
    drop(first);
    write(two.path(), &url, relay.port, 3);
    let second = Daemon::run(two.path());
    wait_for("the third mail", || (relay.count() == 3).then_some(()));
    assert_eq!(second.json(&["status"])["alerts"]["open"], 3);
    let ids: std::collections::BTreeSet<String> = relay.received().iter().map(|line| line["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);
}
