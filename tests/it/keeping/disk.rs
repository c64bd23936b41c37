//! A disk that refuses writes for a while: refused with a reason, and written again as soon as it takes them.

use std::process::Command;

use rustix::process::{Resource, getrlimit, setrlimit};
use vigie::domain::audit_event::Action;
use vigie::store::{Commit, CommitReceipt, Store, StoreError};

use super::records::{NOW, event};
use super::{open, sqlite};

/// Set in the child, which may limit itself: a limit holds for a whole process.
const CHILD: &str = "VIGIE_TEST_LIMITED";

async fn commit(store: &Store, size: usize) -> Result<CommitReceipt, StoreError> {
    let told = Commit::new(event(Action::Scan, "source:s")).setting("big", "x".repeat(size));
    store.commit(told, NOW).await
}

/// The largest size a file may have stands for a disk: what is beyond it is refused by the kernel in the middle of a commit.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test tells its child that it is one")]
async fn writing_resumes_when_the_disk_takes_it() {
    if std::env::var_os(CHILD).is_none() {
        let name = "keeping::disk::writing_resumes_when_the_disk_takes_it";
        let program = std::env::current_exe().expect("this program");
        // The signal that goes with the refusal would end the child; ignored, it stays ignored in what the shell becomes.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program)
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .expect("a child");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&sqlite(folder.path()), folder.path()).await.expect("opened");
    store.load().await.expect("loaded");
    let free = getrlimit(Resource::Fsize);
    for round in 0..2_i64 {
        let small = commit(&store, 1000).await.expect("committed");
        let mut full = free;
        full.current = Some(1 << 20);
        setrlimit(Resource::Fsize, full).expect("limited");
        for _ in 0..3 {
            let refused = commit(&store, 3 << 20).await.expect_err("beyond the limit");
            assert_eq!(refused.reason(), "store_failed");
            assert!(refused.to_string().contains("disk I/O error"), "{refused}");
        }
        assert_eq!(store.audit_head().await.expect("read").seq, small.seq, "nothing of it is there");
        setrlimit(Resource::Fsize, free).expect("freed");
        let receipt = commit(&store, 3 << 20).await.expect("written again");
        assert_eq!(receipt.seq, 3 + 2 * round);
    }
    let report = store.verify_chain(None).await.expect("walked");
    assert_eq!((report.verified, report.broken), (5, None));
    store.check_integrity().await.expect("whole");
    store.close().await;
}
