//! `vigie.toml` and `conf.d`.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{Level, load};
use crate::domain::lang::Lang;

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Self(folder)
    }

    fn main(&self) -> PathBuf {
        self.0.path().join("vigie.toml")
    }

    /// The diagnostics, without the name of the folder.
    fn said(&self) -> String {
        let all = load(&self.main()).map_or_else(|said| said, |loaded| loaded.warnings);
        all.render(Lang::En).replace(&format!("{}/", self.0.path().display()), "")
    }
}

const CHEX: &str = "[[structure]]\nid = \"chex\"\nname = \"CHEX\"\nkind = \"public_hospital\"\nsiren = \"123456782\"\n";

#[test]
fn parts_are_joined_in_name_order() {
    let folder = Folder::with(&[
        ("vigie.toml", "lang = \"en\"\n[scan]\nmax_depth = 3\n"),
        (
            "conf.d/20-b.toml",
            "[[source]]\nkind = \"tls\"\nname = \"b\"\nendpoints = [\"tls://x.fr\"]\n[scan]\nmax_files = 7\n",
        ),
        ("conf.d/10-a.toml", &format!("{CHEX}[[source]]\nkind = \"smart_card\"\nname = \"a\"\n")),
        ("conf.d/.hidden.toml", "nonsense"),
        ("conf.d/notes.txt", "nonsense"),
    ]);
    let config = load(&folder.main()).expect("valid").config;
    assert_eq!(config.sources.iter().map(|source| source.name()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((config.lang, config.scan.max_depth, config.scan.max_files), (Lang::En, 3, 7));
    assert_eq!(config.declaration.structures.len(), 1);
    assert_eq!(config.file, folder.main());
}

#[test]
fn a_key_set_in_two_files_names_both_places() {
    let folder = Folder::with(&[
        ("vigie.toml", "lang = \"en\"\n[http]\nhosts = [\"a.fr\"]\n"),
        ("conf.d/a.toml", "lang = \"fr\"\n[http]\n\n  hosts = [\"b.fr\"]\n"),
        ("conf.d/b.toml", "http = 3\n"),
    ]);
    insta::assert_snapshot!(folder.said());
}

#[test]
fn references_and_duplicates_reach_over_files() {
    let certificate = |id: &str| {
        format!(
            "[[certificate]]\nid = \"{id}\"\nstructure = \"chex\"\noffer = \"ORG\"\nusage = \"SIGN\"\ncert = \"{id}.pem\"\n"
        )
    };
    let folder = Folder::with(&[
        ("vigie.toml", &certificate("one")),
        ("conf.d/a.toml", &certificate("two")),
        ("conf.d/z.toml", CHEX),
    ]);
    let config = load(&folder.main()).expect("valid").config;
    let paths: Vec<PathBuf> = config
        .declaration
        .certificates
        .values()
        .map(|certificate| certificate.certificate_path().expect("a path").to_string().into())
        .collect();
    // Relative to the file that names them.
    assert_eq!(paths, [folder.0.path().join("one.pem"), folder.0.path().join("conf.d/two.pem")]);

    let folder = Folder::with(&[
        ("vigie.toml", &certificate("one")),
        ("conf.d/a.toml", &certificate("one").replace("one.pem", "../one.pem")),
        ("conf.d/z.toml", &CHEX.replace("chex", "chx")),
    ]);
    insta::assert_snapshot!(folder.said());
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_still_checked() {
    let folder = Folder::with(&[(
        "vigie.toml",
        "lnag = \"fr\"\n[[card]]\nnumber = \"2600301752\"\nkind = \"CPE\"\nholder = \"x\"\n",
    )]);
    fs::create_dir_all(folder.0.path().join("conf.d/folder.toml")).expect("a folder");
    fs::write(folder.0.path().join("conf.d/latin1.toml"), b"name = \"\xe9\"").expect("a file");
    fs::write(folder.0.path().join("conf.d/huge.toml"), vec![b'#'; (4 << 20) + 1]).expect("a file");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        folder.0.path().join("conf.d/pipe.toml"),
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .expect("a FIFO");
    insta::assert_snapshot!(folder.said());
}

#[test]
fn no_main_file() {
    let said = load(Path::new("/nowhere/vigie.toml")).expect_err("no file");
    assert_eq!(said.0.len(), 1);
    assert_eq!((said.0[0].reason(), said.0[0].place.line), ("unreadable", 0));
}

#[test]
fn a_syntax_error_hides_what_it_may_have_caused_and_nothing_else() {
    let folder = Folder::with(&[
        (
            "vigie.toml",
            "[http]\nlisten = \"x\"\ntoken_file = \"a\nsocket = \"b\"\nlisten = 3\n[[card]]\nholder = \"gone\"\n",
        ),
        ("conf.d/a.toml", "[store]\nurl = \"mysql://x\"\n[[mandate]]\nperson = \"at-1\"\nrole = \"kontakt\"\n"),
        ("conf.d/b.toml", "[scan]\nmax_depth = 1\nmax_depth = 2\n"),
    ]);
    insta::assert_snapshot!(folder.said());
}

#[test]
fn secrets_are_named_and_never_read() {
    let folder = Folder::with(&[
        (
            "vigie.toml",
            "[store]\nurl = \"postgres://vigie@db/vigie\"\npassword_file = \"secret\"\n\
             [notify.smtp]\nhost = \"smtp.fr\"\nfrom = \"a@b.fr\"\nuser = \"vigie\"\npassword_file = \"gone\"\n",
        ),
        ("secret", "s3cret"),
    ]);
    let loaded = load(&folder.main()).expect("valid");
    assert_eq!(loaded.config.store.password_file, Some(folder.0.path().join("secret")));
    assert!(!format!("{loaded:?}").contains("s3cret"));
    assert!(loaded.warnings.of(Level::Error).next().is_none());
    let reasons: Vec<_> = loaded.warnings.0.iter().map(|said| said.reason()).collect();
    assert_eq!(reasons, ["secret_file_missing"]);
}

#[test]
fn a_path_that_goes_up_is_shown_where_it_leads() {
    let folder = Folder::with(&[
        ("vigie.toml", ""),
        (
            "conf.d/a.toml",
            "[[source]]\nkind = \"file\"\nname = \"a\"\npaths = [\"../tls/x.pem\", \"a/../b\", \"link/../c\", \"../../../../../../../..\"]\n",
        ),
    ]);
    let root = folder.0.path();
    std::os::unix::fs::symlink("/etc", root.join("conf.d/link")).expect("a link");
    let config = load(&folder.main()).expect("valid").config;
    let crate::config::SourceConfig::File { paths, .. } = &config.sources[0] else { panic!("a file source") };
    // Behind what is not there, or is a link, the system alone knows where it leads.
    let wanted = ["tls/x.pem", "conf.d/a/../b", "conf.d/link/../c"].map(|path| root.join(path));
    assert_eq!((&paths[..3], &paths[3]), (&wanted[..], &PathBuf::from("/")));
}
