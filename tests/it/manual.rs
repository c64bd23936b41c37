//! What the documents tell people to type does what they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vigie::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, ChainedEvent, Origin};
use vigie::domain::fingerprint::Fingerprint;
use vigie::domain::time::Timestamp;
use vigie::pki::digest::sha256;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced blocks of one language, without the indentation of the list they may stand in.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(indentation) = line.strip_suffix(&format!("```{language}")) else { continue };
        let block = lines.by_ref().take_while(|line| line.trim() != "```");
        let block: Vec<&str> = block.map(|line| line.strip_prefix(indentation).unwrap_or(line)).collect();
        found.push(block.join("\n"));
    }
    found
}

fn vigie() -> Command {
    Command::new(env!("CARGO_BIN_EXE_vigie"))
}

#[test]
fn the_declarations_shown_are_accepted_as_they_are() {
    for name in ["README.md", "docs/fr/premiers-pas.md"] {
        let shown = blocks(&document(name), "toml");
        assert!(!shown.is_empty(), "{name} shows no declaration");
        let folder = tempfile::tempdir().expect("a folder");
        let main = folder.path().join("vigie.toml");
        fs::write(&main, "").expect("the main file");
        fs::create_dir(folder.path().join("conf.d")).expect("conf.d");
        fs::write(folder.path().join("conf.d/shown.toml"), shown.join("\n")).expect("the declaration");
        let output =
            vigie().args(["--json", "--config"]).arg(&main).args(["config", "check"]).output().expect("vigie runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}");
        let said: serde_json::Value = serde_json::from_str(&said).expect("one document");
        // A declaration is shown without the ways out, which have chapters of their own.
        let odd = said["diagnostics"].as_array().expect("a list").iter().filter(|one| one["reason"] != "no_channel");
        assert_eq!(odd.count(), 0, "{name}: {said:#}");
    }
}

#[test]
fn the_readme_names_every_command() {
    let help = vigie().args(["--lang", "en", "--help"]).output().expect("vigie runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let list = help.split_once("Commands:\n").expect("a list of commands").1;
    let commands = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let readme = document("README.md");
    let missing: Vec<&str> = commands
        .filter(|command| {
            !readme.contains(&format!("| `vigie {command}")) && !readme.contains(&format!(", `vigie {command}`"))
        })
        .collect();
    assert!(missing.is_empty() && help.contains("inspect"), "not in the tables of the README: {missing:?}");
}

/// `verify.py` of the manual on events as `vigie audit show --json` gives them, changed by `tamper`: exit code and output.
fn verified(noted: Option<&str>, tamper: impl FnOnce(&mut Vec<serde_json::Value>)) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let script: PathBuf = folder.path().join("verify.py");
    let [text] = &blocks(&document("docs/manual.md"), "python")[..] else { panic!("one script in the manual") };
    fs::write(&script, text).expect("the script");
    let mut items = export();
    tamper(&mut items);
    let file = folder.path().join("export.json");
    fs::write(&file, serde_json::json!({ "items": items }).to_string()).expect("the export");
    let output = Command::new("python3").arg(&script).arg(&file).args(noted).output();
    let output = output.unwrap_or_else(|error| panic!("python3: {error}; run `make setup-test`"));
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Three events with what is awkward in JSON: quotes, control characters, accents, a character beyond the BMP, no reason.
fn export() -> Vec<serde_json::Value> {
    let mut previous = Fingerprint([0; 32]);
    let reasons = [None, Some("« é » \" \\ / \u{1} \t \u{7f} \u{2028}"), Some("\u{1f512} café")];
    let chain = reasons.into_iter().zip(1_i64..).map(|(reason, seq)| {
        let event = AuditEvent {
            at: Timestamp::from_unix(1_800_000_000 + seq),
            actor: Actor::User { uid: 1000, login: Some("marie".to_owned()) },
            origin: Origin::Socket,
            action: Action::ScanRequested,
            object: "source:dépôt".to_owned(),
            outcome: AuditOutcome::Done,
            reason: reason.map(str::to_owned),
        };
        let chained = ChainedEvent { seq, boot_id: "b".into(), node: "n".into(), event, previous };
        let canonical = chained.canonical();
        previous = sha256(&canonical);
        let mut item: serde_json::Value = serde_json::from_slice(&canonical).expect("an object");
        item["hash"] = previous.to_string().into();
        item
    });
    chain.collect()
}

#[test]
fn the_verifier_of_the_manual_finds_what_was_changed() {
    let head = export().last().and_then(|item| item["hash"].as_str().map(str::to_owned)).expect("a head");
    let (code, said) = verified(None, |_| {});
    assert_eq!((code, said.trim()), (Some(0), &*format!("intact to 3:{head}")));
    assert_eq!(verified(Some(&format!("3:{head}")), |_| {}).0, Some(0));
    let (code, said) = verified(None, |items| items[1]["actor"] = "uid:1001(paul)".into());
    assert_eq!((code, said.trim()), (Some(1), "broken at event 2"));
    assert_eq!(verified(None, |items| drop(items.remove(1))).0, Some(1));
    // A trail that was cut short, or made again from nothing, holds by itself; the noted head tells.
    assert_eq!(verified(None, |items| items.truncate(2)).0, Some(0));
    assert_eq!(verified(Some(&format!("3:{head}")), |items| items.truncate(2)).0, Some(1));
    assert_eq!(verified(Some(&format!("2:{head}")), |_| {}).0, Some(1));
    assert_eq!(verified(None, Vec::clear).0, Some(2));
}
