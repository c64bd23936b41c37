//! Killed while writing: what was acknowledged is there, what was not is not there by half.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use vigie::domain::audit_event::Action;
use vigie::domain::inventory::CertificateRecord;
use vigie::domain::reconcile::Changes;
use vigie::store::{Commit, CommitReceipt, Store};

use super::records::{NOW, certificate, event, record};
use super::{open, sqlite};

/// Certificates of one commit; each has an event, and the commit one of its own.
const EACH: u32 = 40;

/// How the child is told where to write.
const FOLDER: &str = "VIGIE_TEST_WRITER_FOLDER";

/// The commit after `done` others.
async fn commit(store: &Store, done: u32) -> CommitReceipt {
    let seeds = done * EACH..(done + 1) * EACH;
    let certificates: Vec<Arc<CertificateRecord>> = seeds.clone().map(record).collect();
    let ders = seeds.map(certificate).map(|(facts, der)| (facts.fingerprint, der)).collect();
    let events =
        certificates.iter().map(|record| event(Action::CertificateSeen, &record.facts.fingerprint.to_string()));
    let commit = Commit::new(event(Action::Scan, "source:s"))
        .events(events)
        .changes(Arc::new(Changes { certificates: certificates.clone(), ders, ..Changes::default() }))
        .setting("commits", (done + 1).to_string());
    store.commit(commit, NOW).await.expect("committed")
}

/// Every commit is there whole, and none by half. Returns how many.
async fn whole_commits(store: &Store) -> u32 {
    let snapshot = store.load().await.expect("loaded");
    let report = store.verify_chain(None).await.expect("walked");
    assert_eq!(report.broken, None);
    store.check_integrity().await.expect("intact");
    let events = u32::try_from(report.verified - 1).expect("the schema's event, and those of commits");
    assert_eq!(events % (EACH + 1), 0, "half a commit");
    let commits = events / (EACH + 1);
    assert_eq!(snapshot.certificates.len(), (commits * EACH) as usize);
    assert_eq!(snapshot.settings.get("commits").cloned().unwrap_or("0".into()), commits.to_string());
    let last = snapshot.certificates.keys().next().copied();
    if let Some(fingerprint) = last {
        assert!(store.der(&fingerprint).await.expect("read").is_some());
    }
    commits
}

/// Writes three commits; as the child of the test below, writes until it is killed and says what was acknowledged.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test hands its child the folder")]
async fn a_writer_that_may_be_killed() {
    let told = std::env::var_os(FOLDER).map(PathBuf::from);
    let own = tempfile::tempdir().expect("a folder");
    let folder = told.as_deref().unwrap_or(own.path());
    let store = open(&sqlite(folder), folder).await.expect("opened");
    let done = whole_commits(&store).await;
    let rounds = if told.is_some() { u32::MAX - done } else { 3 };
    for round in 0..rounds {
        let receipt = commit(&store, done + round).await;
        println!("acknowledged {}", receipt.seq);
    }
    assert_eq!(whole_commits(&store).await, done + rounds);
}

#[tokio::test]
async fn killed_at_any_moment_it_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..10_u32 {
        let acknowledged = write_and_kill(folder.path(), round).await;
        let store = open(&sqlite(folder.path()), folder.path()).await.expect("opened after the kill");
        let commits = whole_commits(&store).await;
        assert!(
            i64::from(commits * (EACH + 1) + 1) >= acknowledged,
            "round {round}: {acknowledged} was acknowledged and {commits} commits are there"
        );
        // Left open on purpose half of the time: the next writer then finds a log.
        if round % 2 == 0 {
            store.close().await;
        }
    }
}

/// Starts a writer, kills it some acknowledgements and some microseconds later, and returns the last number it said.
async fn write_and_kill(folder: &Path, round: u32) -> i64 {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["keeping::crash::a_writer_that_may_be_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let mut said = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut last = 0;
    let mut note = |line: std::io::Result<String>| {
        let number = line.ok()?.rsplit_once("acknowledged ")?.1.trim().parse::<i64>().ok()?;
        last = number;
        Some(())
    };
    let mut heard = 0;
    while heard < 1 + round % 4 {
        let line = said.next().expect("the child speaks until it is killed");
        heard += u32::from(note(line).is_some());
    }
    if round == 0 {
        let refused = open(&sqlite(folder), folder).await.expect_err("two on one file");
        assert_eq!(refused.reason(), "store_in_use");
        assert!(refused.to_string().contains(&format!("(process {})", child.id())), "{refused}");
    }
    sleep(Duration::from_micros(u64::from(round) * 700));
    child.kill().expect("killed");
    child.wait().expect("gone");
    for line in said {
        note(line);
    }
    last
}

#[tokio::test]
async fn a_commit_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&sqlite(folder.path()), folder.path()).await.expect("opened");
    for polls in 0..25 {
        let before = whole_commits(&store).await;
        let mut given_up = Box::pin(commit(&store, before));
        let mut left = polls;
        let ended = std::future::poll_fn(|context| {
            use std::task::Poll;
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            given_up.as_mut().poll(context).map(Some)
        })
        .await;
        drop(given_up);
        let after = whole_commits(&store).await;
        if ended.is_some() {
            assert_eq!(after, before + 1, "after {polls} polls");
        } else {
            assert!(after == before || after == before + 1, "after {polls} polls");
        }
    }
}
