//! Two daemons on one SQLite file: the second is refused, whatever way it came, until the first has ended.

use vigie::domain::audit_event::Action;
use vigie::store::Commit;

use super::records::{NOW, event};
use super::{open, sqlite};

#[tokio::test]
async fn one_daemon_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("another state folder");
    std::os::unix::fs::symlink(folder.path().join("vigie.db"), elsewhere.path().join("vigie.db")).expect("a link");
    let first = open(&sqlite(folder.path()), folder.path()).await.expect("a first start");
    for other in [folder.path(), elsewhere.path()] {
        let refused = open(&sqlite(other), elsewhere.path()).await.expect_err("two on one file");
        assert_eq!(refused.reason(), "store_in_use");
        let message = refused.to_string();
        let process = format!("(process {})", std::process::id());
        assert!(message.contains(&process) && message.contains(&*other.display().to_string()), "{message}");
    }
    assert!(!elsewhere.path().join("store.id").exists(), "nothing was begun");
    first.commit(Commit::new(event(Action::Scan, "x")), NOW).await.expect("the first goes on");

    // Closed, although somebody still shares it.
    let shared = first.clone();
    first.close().await;
    let second = open(&sqlite(folder.path()), folder.path()).await.expect("closed");
    shared.commit(Commit::new(event(Action::Scan, "x")), NOW).await.expect_err("closed for everybody");
    // Dropped without being closed.
    drop(second);
    open(&sqlite(folder.path()), folder.path()).await.expect("dropped").close().await;
}
