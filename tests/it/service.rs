//! The files systemd reads: they parse, name what exists, and leave the daemon as little as it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The exposure, in tenths, that the unit may have at most (`systemd-analyze security`, 0 is none and 100 all).
const EXPOSURE: &str = "16";
/// The same with the drop-in of those who need it.
const EXPOSURE_OF_DROP_IN: &str = "18";

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)
}

/// The unit as `make install` would leave it if the binary were `/bin/true`, with the text of `drop_in` after it.
fn unit(folder: &TempDir, drop_in: &str) -> PathBuf {
    let text = fs::read_to_string(shipped("vigie.service")).expect("the unit");
    assert!(text.contains("ExecStart=/usr/bin/vigie run"), "`make install` replaces /usr/bin/vigie");
    let path = folder.path().join("vigie.service");
    fs::write(&path, format!("{}\n{drop_in}", text.replace("/usr/bin/vigie", "/bin/true"))).expect("a copy");
    path
}

fn run(program: &str, arguments: &[&str], file: &Path) -> Output {
    let command = Command::new(program).args(arguments).arg(file).env("LC_ALL", "C").output();
    command.unwrap_or_else(|error| panic!("{program}: {error}; run `make setup-test`, or `apt-get install systemd`"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn exposed(unit: &Path, most: &str) -> Output {
    run("systemd-analyze", &["security", "--no-pager", "--offline=true", "--threshold", most], unit)
}

#[test]
fn the_unit_says_nothing_systemd_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let verify = |unit: &Path| run("systemd-analyze", &["verify", "--man=no"], unit);
    let verified = verify(&unit(&folder, ""));
    // A key it does not know is only a warning to systemd.
    assert!(verified.status.success() && said(&verified).is_empty(), "{}", said(&verified));
    let misspelt = verify(&unit(&folder, "[Service]\nWatchdogSecs=60\n"));
    assert!(said(&misspelt).contains("WatchdogSecs"), "{}", said(&misspelt));
}

#[test]
fn the_unit_leaves_the_daemon_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = exposed(&unit(&folder, ""), EXPOSURE);
    assert!(output.status.success(), "{}", said(&output));
    // What the daemon does need is not given up for the score.
    let text = fs::read_to_string(shipped("vigie.service")).expect("the unit");
    for needed in
        ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "Type=notify", "WatchdogSec=60", "Wants=pcscd.socket"]
    {
        assert!(text.lines().any(|line| line == needed), "{needed} is not in the unit");
    }
    for harmful in ["PrivateNetwork=yes", "PrivateUsers=yes", "ProcSubset=pid", "TemporaryFileSystem=/run"] {
        assert!(!text.lines().any(|line| line == harmful), "{harmful} takes away what the daemon needs");
    }
    let open =
        exposed(&unit(&folder, "[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\nNoNewPrivileges=no\n"), EXPOSURE);
    assert!(!open.status.success(), "the threshold lets everything pass: {}", said(&open));
}

#[test]
fn the_drop_in_gives_one_capability() {
    let drop_in = fs::read_to_string(shipped("vigie.service.d/read-all.conf.example")).expect("the drop-in");
    let settings: Vec<&str> =
        drop_in.lines().filter(|line| !line.starts_with('#') && !line.is_empty() && !line.starts_with('[')).collect();
    assert_eq!(settings, ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "AmbientCapabilities=CAP_DAC_READ_SEARCH"]);
    let folder = tempfile::tempdir().expect("a folder");
    let output = exposed(&unit(&folder, &drop_in), EXPOSURE_OF_DROP_IN);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_account_and_the_folders_can_be_made() {
    let root = tempfile::tempdir().expect("a folder");
    let at = format!("--root={}", root.path().display());
    fs::create_dir(root.path().join("etc")).expect("a folder");
    let users = run("systemd-sysusers", &[&at, "--dry-run"], &shipped("vigie.sysusers.conf"));
    assert!(users.status.success() && said(&users).contains("Creating user 'vigie'"), "{}", said(&users));
    // What it would have made, so that the folders find their group. `--clean` reads every line and creates nothing.
    fs::write(root.path().join("etc/passwd"), "vigie:x:999:999:Vigie:/var/lib/vigie:/usr/sbin/nologin\n")
        .expect("passwd");
    fs::write(root.path().join("etc/group"), "vigie:x:999:\n").expect("group");
    let folders = run("systemd-tmpfiles", &[&at, "--clean"], &shipped("vigie.tmpfiles.conf"));
    assert!(folders.status.success() && said(&folders).is_empty(), "{}", said(&folders));
}

#[test]
fn cards_are_for_the_daemon_alone() {
    let rules = fs::read_to_string(shipped("vigie.polkit.rules")).expect("the rules");
    let account = fs::read_to_string(shipped("vigie.sysusers.conf")).expect("the account");
    let unit = fs::read_to_string(shipped("vigie.service")).expect("the unit");
    assert!(account.lines().any(|line| line.starts_with("u vigie ")) && unit.lines().any(|line| line == "User=vigie"));
    assert!(rules.contains("subject.user == \"vigie\""));
    for action in ["org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card"] {
        assert_eq!(rules.matches(&format!("action.id == \"{action}\"")).count(), 1, "{action}");
    }
    assert_eq!(rules.matches("polkit.Result.").count(), 1, "one answer, and none for anybody else");
}
