//! Hooks: real scripts, bounded and given what they were promised.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use vigie::domain::notice::{NoticeItem, NoticeKind, SendOutcome};
use vigie::notify::hook::executables;

use super::{answer, channels, expiring, id, notice, runtime, verdict};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(folder.hooks()).expect("made");
        fs::set_permissions(folder.hooks(), Permissions::from_mode(0o755)).expect("closed");
        folder
    }

    fn hooks(&self) -> PathBuf {
        self.0.path().join("hooks.d")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn hook(&self, name: &str, script: &str, mode: u32) {
        let path = self.hooks().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("made executable");
    }

    fn send(&self, kind: NoticeKind, ids: &[&str]) -> Vec<(String, SendOutcome)> {
        self.send_items(kind, ids.iter().map(|id| expiring(id, 12)).collect())
    }

    fn send_items(&self, kind: NoticeKind, items: Vec<NoticeItem>) -> Vec<(String, SendOutcome)> {
        let text = format!(
            "state_dir = \"{}\"\n[notify.hooks]\nfolder = \"{}\"\ntimeout = \"2s\"\n",
            self.path("state").display(),
            self.hooks().display()
        );
        let notice = notice(kind, items);
        let runtime = runtime();
        let sent = channels(&text).into_iter().map(|hook| {
            let outcome = runtime.block_on(hook.send("", &notice));
            (hook.name().to_owned(), outcome)
        });
        sent.collect()
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("written by the hook").lines().map(str::to_owned).collect()
}

#[test]
fn a_hook_gets_its_facts_and_nothing_of_ours() {
    let folder = Folder::new();
    let (seen, json, text) = (folder.path("seen"), folder.path("json"), folder.path("text"));
    let script = format!(
        "env > {}; cp \"$VIGIE_JSON_FILENAME\" {}; cp \"$VIGIE_TEXT_FILENAME\" {}; pwd; echo taken",
        seen.display(),
        json.display(),
        text.display()
    );
    folder.hook("10-glpi", &script, 0o755);
    let sent = folder.send(NoticeKind::Alerts, &["dmp"]);
    assert_eq!(sent, [("hook:10-glpi".to_owned(), SendOutcome::Delivered { answer: "/ taken".to_owned() })]);
    let seen = lines(&seen);
    for wanted in [
        "VIGIE_EVENT=alert.step",
        &format!("VIGIE_EVENT_ID={}", id()),
        "VIGIE_ID=dmp",
        "VIGIE_PROFILE=ORG/AUTH_CLI",
        "VIGIE_RULE=expiring",
        "VIGIE_SUBJECT=certificate:dmp",
        "VIGIE_SEVERITY=critical",
        "VIGIE_COUNT=1",
        "VIGIE_CERT_PATH=/etc/drimbox/client.pem",
        "VIGIE_KEY_PATH=/etc/drimbox/client.key",
        "VIGIE_CHAIN_PATH=/etc/drimbox/chain.pem",
        "VIGIE_NOT_AFTER_RFC3339=2026-12-04T08:00:00Z",
        "VIGIE_IMPACTS=DMP, INSi",
        "VIGIE_SUMMARY=[Vigie] Critique : dmp expire le 04/12/2026 (dans 12 jours)",
    ] {
        assert!(seen.iter().any(|line| line == wanted), "{wanted} is not among {seen:#?}");
    }
    // What is not known is not there: no file holds both, and nothing was replaced.
    let unknown = ["VIGIE_FULLCHAIN_PATH", "VIGIE_OLD_CERT_PATH"];
    assert!(!seen.iter().any(|line| unknown.iter().any(|name| line.starts_with(name))), "{seen:#?}");
    assert!(!seen.iter().any(|line| line.starts_with("HOME=") || line.starts_with("CARGO")), "{seen:#?}");
    let message: serde_json::Value = serde_json::from_slice(&fs::read(json).expect("copied")).expect("JSON");
    assert_eq!(message["items"][0]["certificate"]["id"], "dmp");
    assert!(fs::read_to_string(text).expect("copied").contains("pfc.eservices.esante.gouv.fr"));
    // Nothing stays behind.
    assert_eq!(fs::read_dir(folder.path("state").join("hooks")).expect("the folder").count(), 0);
}

#[test]
fn paths_are_those_of_the_certificate_and_of_nothing_else() {
    let folder = Folder::new();
    let seen = folder.path("seen");
    let script = "echo \"$VIGIE_CERT_PATH $VIGIE_KEY_PATH $VIGIE_FULLCHAIN_PATH $VIGIE_OLD_CERT_PATH\"";
    folder.hook("paths", &format!("{script} >> {}", seen.display()), 0o700);
    let mut replaced = expiring("dmp", 12);
    replaced.finding.key.code = "superseded_in_use".into();
    replaced.certificate.as_mut().expect("declared").files.fullchain = Some("/etc/drimbox/client.pem".to_owned());
    // Of a certificate that is not declared there is the place it was found at; of a key nothing is known of a certificate.
    let strange = NoticeItem { certificate: None, ..expiring("dmp", 12) };
    let mut key = strange.clone();
    key.finding.facts.retain(|(name, _)| name != "sha256");
    for item in [replaced, strange, key] {
        folder.send_items(NoticeKind::Alerts, vec![item]);
    }
    let client = "/etc/drimbox/client.pem";
    let all = [format!("{client} /etc/drimbox/client.key {client} {client}"), format!("{client}   "), "   ".to_owned()];
    assert_eq!(lines(&seen), all);
}

#[test]
fn several_alerts_are_one_run_and_other_events_are_told_by_name() {
    let folder = Folder::new();
    let seen = folder.path("seen");
    folder.hook("all", &format!("echo \"$VIGIE_EVENT $VIGIE_COUNT $VIGIE_CERT_PATH\" >> {}", seen.display()), 0o700);
    folder.send(NoticeKind::Alerts, &["a", "b"]);
    folder.send(NoticeKind::Test, &[]);
    folder.send(NoticeKind::Digest(Default::default()), &[]);
    assert_eq!(lines(&seen), ["alert.step 2 ", "test 0 ", "digest 0 "]);
}

#[test]
fn a_hook_is_bounded_and_dies_with_what_it_started() {
    let folder = Folder::new();
    let (pid, late) = (folder.path("pid"), folder.path("late"));
    folder.hook(
        "slow",
        &format!("sh -c 'echo $$ > {}; sleep 30; touch {}' & wait", pid.display(), late.display()),
        0o755,
    );
    let sent = folder.send(NoticeKind::Test, &[]);
    assert_eq!(verdict(&sent[0].1), "later timeout");
    let pid = lines(&pid)[0].clone();
    let gone = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
    for _ in 0..200 {
        if !gone() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(!gone(), "the grandchild lives");
    assert!(!late.exists());
}

#[test]
fn failure_and_noise_are_told_in_one_line() {
    let folder = Folder::new();
    folder.hook("fails", "echo why >&2; exit 3", 0o755);
    folder.hook("loud", "head -c 1000000 /dev/zero | tr '\\0' '\\033'; echo", 0o755);
    folder.hook("never", "exit 0", 0o644);
    folder.hook(".hidden", "exit 0", 0o755);
    folder.hook("backup~", "exit 0", 0o755);
    let sent = folder.send(NoticeKind::Test, &[]);
    let names: Vec<&str> = sent.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hook:fails", "hook:loud"]);
    assert_eq!(verdict(&sent[0].1), "later hook_failed");
    assert!(answer(&sent[0].1).contains("exit status: 3") && answer(&sent[0].1).contains("why"), "{sent:?}");
    assert_eq!(verdict(&sent[1].1), "delivered");
    assert!(answer(&sent[1].1).chars().count() <= 301 && !answer(&sent[1].1).contains('\u{1b}'));
}

#[test]
fn what_others_may_write_is_not_run() {
    let folder = Folder::new();
    folder.hook("open", "exit 0", 0o757);
    folder.hook("shared", "exit 0", 0o775);
    folder.hook("good", "exit 0", 0o755);
    let (good, unfit) = executables(&folder.hooks());
    assert_eq!(good, [folder.hooks().join("good")]);
    assert_eq!(unfit.len(), 2);
    if rustix::process::geteuid().is_root() {
        chown(folder.hooks().join("good"), Some(12_345), None).expect("given away");
        assert!(executables(&folder.hooks()).0.is_empty());
    }
    fs::set_permissions(folder.hooks(), Permissions::from_mode(0o777)).expect("opened");
    let (good, unfit) = executables(&folder.hooks());
    assert!(good.is_empty() && unfit[0].path == folder.hooks(), "{unfit:?}");
    let (none, missing) = executables(Path::new("/no/such/hooks.d"));
    assert!(none.is_empty() && missing.len() == 1);
}
