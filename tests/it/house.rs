//! The import table of `ARCHITECTURE.md`, held against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module, the modules of ours it may import, the outside names it may not say.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], PURE_AND_PKI),
    ("pki", &["domain"], PURE),
    ("policy", &["domain"], PURE_AND_PKI),
    ("locale", &["domain"], PURE_AND_PKI),
    ("clock", &["domain"], &[]),
    ("telemetry", &[], &[]),
    ("tls", &[], &["sqlx", "reqwest", "axum", "pcsc", "x509_parser", "rcgen", "aws_lc_rs"]),
    ("config", &["domain", "policy"], &["sqlx", "reqwest", "axum", "pcsc", "x509_parser", "rcgen", "aws_lc_rs"]),
    (
        "sources",
        &["domain", "pki", "config", "clock"],
        &["sqlx", "reqwest", "axum", "x509_parser", "rcgen", "aws_lc_rs"],
    ),
    (
        "revocation",
        &["domain", "pki", "config", "clock", "tls"],
        &["sqlx", "axum", "pcsc", "x509_parser", "rcgen", "aws_lc_rs"],
    ),
    (
        "store",
        &["domain", "pki", "config", "clock"],
        &["reqwest", "axum", "pcsc", "x509_parser", "rcgen", "aws_lc_rs", "rustls"],
    ),
    (
        "notify",
        &["domain", "pki", "locale", "config", "clock", "tls"],
        &["sqlx", "axum", "pcsc", "x509_parser", "rcgen", "aws_lc_rs"],
    ),
    (
        "engine",
        &["domain", "policy", "pki", "sources", "notify", "revocation", "store", "config", "clock"],
        &["sqlx", "reqwest", "axum", "pcsc", "x509_parser", "rcgen", "aws_lc_rs"],
    ),
    (
        "http",
        &["domain", "store", "engine", "config", "locale", "clock"],
        &["sqlx", "reqwest", "pcsc", "x509_parser", "rcgen", "aws_lc_rs"],
    ),
];

const PURE: &[&str] = &[
    "tokio",
    "sqlx",
    "reqwest",
    "axum",
    "pcsc",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "rustix",
    "SystemTime",
    "Instant::now",
    "Utc::now",
];
const PURE_AND_PKI: &[&str] = &[
    "tokio",
    "sqlx",
    "reqwest",
    "axum",
    "pcsc",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "rustix",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "x509_parser",
    "rcgen",
    "aws_lc_rs",
    "rustls",
];

fn sources(module: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let single = root.join(format!("{module}.rs"));
    if single.exists() {
        return vec![single];
    }
    let mut found = Vec::new();
    let mut folders = vec![root.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a module of the table exists") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// Source text without comments: what is said about another module is not an import.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable source");
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_module_keeps_to_the_import_table() {
    let modules: Vec<&str> = TABLE.iter().map(|(module, ..)| *module).chain(["cli"]).collect();
    let mut broken = Vec::new();
    for (module, allowed, banned) in TABLE {
        for path in sources(module) {
            let code = code(&path);
            for other in &modules {
                let imports = code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{other};"));
                if other != module && imports && !allowed.contains(other) {
                    broken.push(format!("{} imports {other}", path.display()));
                }
            }
            for name in *banned {
                let named = code.match_indices(name).any(|(at, _)| {
                    let before = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
                    let after =
                        code[at + name.len()..].starts_with("::") || name.contains("::") || *name == "SystemTime";
                    before && after
                });
                if named {
                    broken.push(format!("{} names {name}", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "the import table is broken:\n{}", broken.join("\n"));
}

#[test]
fn every_module_of_the_crate_is_in_the_table() {
    let listed: Vec<&str> = TABLE.iter().map(|(module, ..)| *module).chain(["cli"]).collect();
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    for line in lib.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let module = line.split(';').next().expect("a module name");
        assert!(listed.contains(&module), "{module} is not in the import table");
    }
}

/// The table as `ARCHITECTURE.md` shows it: module, what it may import, what it may not name, groups of names spelled out.
#[test]
fn the_architecture_document_shows_this_table() {
    let document =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let group = |name: &str| {
        let line = document.lines().find(|line| line.starts_with(&format!("- *{name}*:")));
        quoted(line.expect("the names of the group"), '`')
    };
    let mut shown = BTreeMap::new();
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let [_, module, allowed, banned, _] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let groups = quoted(banned, '*').into_iter().flat_map(|name| group(&name));
        let banned: BTreeSet<String> = groups.chain(quoted(banned, '`')).collect();
        let allowed: BTreeSet<String> = quoted(allowed, '`').into_iter().collect();
        shown.insert(quoted(module, '`').concat(), (allowed, banned));
    }
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let held: BTreeMap<_, _> =
        TABLE.iter().map(|(module, allowed, banned)| (module.to_string(), (set(allowed), set(banned)))).collect();
    assert_eq!(shown, held);
}

/// What stands between pairs of `mark`.
fn quoted(text: &str, mark: char) -> Vec<String> {
    text.split(mark).skip(1).step_by(2).map(str::to_owned).collect()
}
