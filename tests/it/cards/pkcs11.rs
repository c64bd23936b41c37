//! PKCS#11 modules beside PC/SC: SoftHSM with certificates as public objects, and modules that crash, hang, babble. Whatever they do, the
//! daemon goes on.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use vigie::cli::demo::virtual_card::{Contents, Model};

use super::{cards, wait_for_card, wait_for_reader, watching_with};
use crate::support::daemon::{Daemon, wait_for};
use crate::support::pcscd::Pcscd;
use crate::support::virtual_card::{Person, TestCard};

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Writes down every function that is called, and passes it on.
const SPY: &str = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so";
const NUMBER: &str = "2600301752";
const CHIP: &str = "99213845";

/// A token of SoftHSM with what a card holds, under the label and the serial number a module for cards gives.
struct Token {
    folder: TempDir,
}

impl Token {
    fn new(contents: &Contents) -> Self {
        for (path, package) in [(SOFTHSM, "softhsm2"), (SPY, "opensc-pkcs11")] {
            assert!(Path::new(path).exists(), "{path} is missing: run `make setup-test`, or apt-get install {package}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("tokens")).expect("a folder");
        let conf = format!("directories.tokendir = {}/tokens\n", folder.path().display());
        fs::write(folder.path().join("conf"), conf).expect("written");
        let token = Self { folder };
        let pins = ["--so-pin", "12345678", "--pin", "1234"];
        token.run("softhsm2-util", &[&["--init-token", "--free", "--label", &contents.label], &pins[..]].concat());
        for held in &contents.certificates {
            let der = token.folder.path().join("der");
            fs::write(&der, &held.der).expect("written");
            let id = format!("{:02x}", held.id);
            let (der, module) =
                (der.to_str().expect("a plain path"), ["--module", SOFTHSM, "--login", "--pin", "1234"]);
            let object = ["--write-object", der, "--type", "cert", "--label", &held.label, "--id", &id];
            token.run("pkcs11-tool", &[&module[..], &["--token-label", &contents.label], &object].concat());
        }
        token.rename();
        token
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let said = Command::new(program).args(arguments).env("SOFTHSM2_CONF", self.conf()).output();
        let said = said.unwrap_or_else(|error| panic!("{program}: {error}; run `make setup-test`"));
        assert!(said.status.success(), "{program}: {}", String::from_utf8_lossy(&said.stderr));
    }

    /// SoftHSM makes up serial numbers of sixteen characters: the one of the chip in its place, padded.
    fn rename(&self) {
        let tokens = fs::read_dir(self.folder.path().join("tokens")).expect("tokens");
        let folder = tokens.into_iter().next().expect("a token").expect("a token").path();
        let file = folder.join("token.object");
        let mut bytes = fs::read(&file).expect("the token");
        let is_serial = |window: &[u8]| window.iter().all(u8::is_ascii_hexdigit);
        let at = bytes.windows(16).position(is_serial).expect("a serial number");
        bytes[at..at + 16].copy_from_slice(format!("{CHIP:<16}").as_bytes());
        fs::write(&file, bytes).expect("written");
    }

    fn conf(&self) -> PathBuf {
        self.folder.path().join("conf")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// A daemon that reads it through the spy, with these further keys.
    fn daemon(&self, folder: &Path, pcscd: &Pcscd) -> Daemon {
        let (conf, journal) = (self.conf(), self.journal());
        let environment: [(&str, &OsStr); 3] = [
            ("SOFTHSM2_CONF", conf.as_os_str()),
            ("PKCS11SPY", SOFTHSM.as_ref()),
            ("PKCS11SPY_OUTPUT", journal.as_os_str()),
        ];
        watching_with(folder, pcscd, &format!("pkcs11_module = \"{SPY}\"\n"), &environment)
    }
}

fn wait_for_module(daemon: &Daemon, state: &str) -> Value {
    wait_for(&format!("the module to be {state}"), || {
        let module = cards(daemon)["readers"]["pkcs11"].clone();
        (module["state"] == state).then_some(module)
    })
}

/// The module gives what we could not read of a card that is in a reader: one card, each certificate once. Nobody signs in.
#[test]
fn a_module_adds_to_the_card_and_never_signs_in() {
    let pcscd = Pcscd::start(1);
    let contents = Person::default().contents(CHIP);
    let token = Token::new(&contents);
    let card = TestCard::new(Model::Cps3, &contents);
    // Without its signature certificate, as far as we can read it.
    card.state().card.tree().0.get_mut(&vec![0x0001, 0xb002]).expect("a certificate").data.truncate(300);
    let _in = card.insert(&pcscd, 0);
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = token.daemon(folder.path(), &pcscd);
    wait_for_reader(&daemon, "A 00 00", "read");
    // The one that was read over PC/SC, which the token has too, and the one that was not.
    let whole = wait_for_card(&daemon, NUMBER, |card| card["certificates"].as_array().map(Vec::len) == Some(2));
    assert_eq!(whole["problems"][0]["reason"], "card_malformed", "what could not be read stays told");
    assert_eq!((&whole["chip_serial"], &whole["readers"]), (&json!(CHIP), &json!(["A 00 00"])));
    assert_eq!(whole["generation"], "CPS3");
    assert_eq!(cards(&daemon)["total"], 1, "the same card, not one more");
    let module = wait_for_module(&daemon, "read");
    assert_eq!((&module["module"], &module["tokens"], &module["problem"]), (&json!(SPY), &json!(1), &Value::Null));
    assert!(daemon.get("/metrics", "").body.contains("vigie_card_pkcs11_up 1"));
    // Its certificates are in the inventory under the card.
    let sha = whole["certificates"][1]["sha256"].as_str().expect("a fingerprint");
    let location = json!(format!("card:{NUMBER}@{CHIP}"));
    assert_eq!(daemon.json(&["show", sha])["locations"][0]["location"], location);
    let journal = fs::read_to_string(token.journal()).expect("what the module was asked");
    assert!(journal.contains("C_FindObjects") && journal.contains("C_GetAttributeValue"), "{journal}");
    for never in ["C_Login", "C_SetPIN", "C_InitPIN", "C_InitToken", "C_Sign", "C_CreateObject", "C_SetAttributeValue"]
    {
        assert!(!journal.contains(never), "{never}:\n{journal}");
    }
    card.assert_untouched(false);
}

/// A card no reader of ours reads is known by the module alone, and stays what it is over scans and restarts.
#[test]
fn a_card_that_only_the_module_shows_is_a_card() {
    let pcscd = Pcscd::start(1);
    let token = Token::new(&Person::default().contents(CHIP));
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = token.daemon(folder.path(), &pcscd);
    let shown = wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    assert_eq!((&shown["chip_serial"], &shown["number_from"]), (&json!(CHIP), &json!("certificate")));
    assert_eq!(shown["certificates"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["days_left"], 700);
    let inserted = || daemon.audit().iter().filter(|event| event["action"] == "card_inserted").count();
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    assert_eq!((inserted(), cards(&daemon)["total"].clone()), (1, json!(1)));
    // The same over the command that needs no daemon.
    let said =
        inspect(folder.path(), &pcscd, SPY.as_ref(), &[("SOFTHSM2_CONF", token.conf()), ("PKCS11SPY", SOFTHSM.into())]);
    assert_eq!((said.0, &said.1["items"][0]["id"], &said.1["pkcs11"]["state"]), (0, &json!(NUMBER), &json!("read")));
}

fn inspect(folder: &Path, pcscd: &Pcscd, module: &Path, environment: &[(&str, PathBuf)]) -> (i32, Value) {
    let config = folder.join("inspect.toml");
    let text = format!(
        "[[source]]\nkind = \"smart_card\"\nname = \"r\"\npkcs11_module = \"{}\"\npkcs11_timeout = \"1s\"\n",
        module.display()
    );
    fs::write(&config, text).expect("written");
    let mut command = pcscd.command(crate::support::daemon::VIGIE);
    command.args(["card", "inspect", "--json", "--config"]).arg(&config);
    let said = command.envs(environment.iter().map(|(name, value)| (name, value))).output().expect("vigie runs");
    let json = serde_json::from_slice(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    (said.status.code().expect("an exit code"), json)
}

/// A module of our own making.
fn module(folder: &Path, name: &str, body: &str) -> PathBuf {
    let (source, module) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    let head = "#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n";
    fs::write(&source, format!("{head}unsigned long C_GetFunctionList(void **list) {{ (void)list; {body} }}\n"))
        .expect("written");
    let built = Command::new("gcc").args(["-shared", "-fPIC", "-o"]).arg(&module).arg(&source).status();
    assert!(built.expect("gcc runs: see `make setup-test`").success());
    module
}

/// Each is a state of its own, told with its reason; the readers are read all the same, and nothing is left behind.
#[test]
fn modules_that_misbehave_are_told_and_ended() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let card = TestCard::cpe();
    let _in = card.insert(&pcscd, 0);
    let babble = "char a[4096]; memset(a, 'x', sizeof a); for (;;) if (write(1, a, sizeof a) < 0) return 5;";
    let open = module(folder, "open", "return 5;");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).expect("a mode");
    let text = folder.join("text.so");
    fs::write(&text, "not a library").expect("written");
    fs::set_permissions(&text, fs::Permissions::from_mode(0o644)).expect("a mode");
    for (module, reason) in [
        (module(folder, "crash", "abort();"), "pkcs11_crashed"),
        (module(folder, "leaves", "_exit(0);"), "pkcs11_malformed"),
        (module(folder, "fails", "write(1, \"hello\\n{}\\n\", 9); return 0x30;"), "pkcs11_not_loaded"),
        (module(folder, "babbles", babble), "pkcs11_limit"),
        (module(folder, "hangs", "if (fork() == 0) for (;;) pause(); for (;;) pause();"), "pkcs11_timeout"),
        (text, "pkcs11_not_loaded"),
        (folder.join("absent.so"), "pkcs11_not_loaded"),
        (open, "pkcs11_unsafe"),
    ] {
        let (code, said) = inspect(folder, &pcscd, &module, &[]);
        let state = &said["pkcs11"];
        assert_eq!(
            (code, &state["state"], &state["problem"]["reason"]),
            (2, &json!("failed"), &json!(reason)),
            "{said:#}"
        );
        let message = state["problem"]["message"].as_str().expect("a message");
        assert!(message.starts_with("PKCS#11 module: "), "{message}");
        assert_eq!(said["readers"][0]["state"], "read", "{said:#}");
        assert_eq!(processes_of(&module), 0, "{}", module.display());
    }
}

/// The daemon over a module that hangs: the card is there, scans end, the reader is free, and the end comes at once.
#[test]
fn a_module_that_hangs_holds_up_nobody() {
    let pcscd = Pcscd::start(1);
    let folder = tempfile::tempdir().expect("a folder");
    let hangs = module(folder.path(), "hangs", "for (;;) pause();");
    let keys = format!("pkcs11_module = \"{}\"\npkcs11_timeout = \"2s\"\n", hangs.display());
    let daemon = watching_with(folder.path(), &pcscd, &keys, &[]);
    let card = TestCard::cpe();
    let inserted = card.insert(&pcscd, 0);
    wait_for_card(&daemon, NUMBER, |card| card["present"] == true);
    let failed = wait_for_module(&daemon, "failed");
    assert_eq!(failed["problem"]["reason"], "pkcs11_timeout");
    assert!(daemon.get("/metrics", "").body.contains("vigie_card_pkcs11_up 0"));
    let page = daemon.get("/", "Accept: text/html\r\n").body;
    assert!(page.contains("module PKCS#11 : pas de réponse dans le délai"), "{page}");
    let doctor = daemon.json(&["doctor"]);
    let line = doctor["checks"].as_array().expect("checks").iter().find(|line| line["check"] == "pkcs11").cloned();
    assert_eq!(line.expect("a line")["level"], "warn");
    inserted.remove();
    wait_for("the card to be gone", || {
        let cards = cards(&daemon);
        (cards["items"][0]["present"] == false).then_some(())
    });
    assert_eq!(daemon.vigie(&["scan", "--now"]).code, 0);
    wait_for("the module to be asked again", || (processes_of(&hangs) > 0).then_some(()));
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    wait_for("its process to be gone", || (processes_of(&hangs) == 0).then_some(()));
    assert_eq!(log.matches("pkcs11_timeout").count(), 1, "told once:\n{log}");
    card.assert_untouched(false);
}

/// Processes that were started to read this module.
fn processes_of(module: &Path) -> usize {
    let needle = module.as_os_str().as_encoded_bytes();
    let is_one = |entry: &fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|octet| *octet == 0).any(|word| word == needle)
            && line.windows(14).any(|word| word == b"pkcs11-objects")
    };
    fs::read_dir("/proc").expect("/proc").flatten().filter(is_one).count()
}
