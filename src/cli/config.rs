//! `vigie config check`: everything wrong with the configuration, each with its place and its cure.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::Session;
use super::exit::Exit;
use crate::config::{self, Diagnostics, Level};
use crate::domain::lang::Lang;
use crate::domain::line::harmless;
use crate::locale::Texts;

/// Checks the configuration of the command line.
pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let (usable, said) = match config::load(&session.common.config) {
        Ok(loaded) => (true, loaded.warnings),
        Err(said) => (false, said),
    };
    let file = &session.common.config;
    if session.common.json {
        tell_machine(file, usable, &said, session.lang, session.out)?;
    } else {
        tell(file, usable, &said, &session.texts, session.out)?;
    }
    Ok(if usable { Exit::Done } else { Exit::BadInput })
}

fn tell(file: &Path, usable: bool, said: &Diagnostics, texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", harmless(said.render(texts.lang())))?;
    let (errors, warnings) = counts(said);
    let values =
        [("file", file.display().to_string().into()), ("errors", errors.into()), ("warnings", warnings.into())];
    writeln!(out, "{}", texts.say(if usable { "config-accepted" } else { "config-refused" }, &values))?;
    out.flush()
}

fn tell_machine(file: &Path, usable: bool, said: &Diagnostics, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let (errors, warnings) = counts(said);
    let document = json!({
        "file": file.to_string_lossy(),
        "valid": usable,
        "counts": {"errors": errors, "warnings": warnings},
        "diagnostics": said.0.iter().map(|diagnostic| diagnostic.to_json(lang)).collect::<Vec<_>>(),
    });
    writeln!(out, "{document}")?;
    out.flush()
}

fn counts(said: &Diagnostics) -> (usize, usize) {
    (said.of(Level::Error).count(), said.of(Level::Warning).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn run(text: &str, options: &[&str]) -> (u8, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("vigie.toml");
        std::fs::write(&file, text).expect("a file");
        let (code, said) = check(&file, options, &mut Vec::new());
        (code, said.replace(&folder.path().display().to_string(), ""))
    }

    fn check(file: &Path, options: &[&str], err: &mut dyn Write) -> (u8, String) {
        let mut out = Vec::new();
        let args = ["vigie", "config", "check", "--config"].iter().map(Into::into);
        let args = args.chain([file.as_os_str().to_owned()]).chain(options.iter().map(Into::into));
        let code = cli::main(args, &mut out, err);
        (code, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn says_place_key_and_cure() {
        let (code, said) = run("[http]\nlisten = \"8440\"\n", &["--lang", "fr"]);
        assert_eq!(code, 65);
        insta::assert_snapshot!(said);
        let (code, said) = run("[http]\nlisten = \"0.0.0.0:8440\"\n", &["--lang", "en"]);
        assert_eq!(code, 0);
        insta::assert_snapshot!(said);
    }

    #[test]
    fn json_is_one_document() {
        let (code, said) = run("[http]\nlisten = 8440\n", &["--lang", "en", "--json"]);
        assert_eq!(code, 65);
        let document: serde_json::Value = serde_json::from_str(&said).expect("one document");
        insta::assert_json_snapshot!(document);
    }

    #[test]
    fn a_missing_file_is_refused() {
        let (code, said) = check(Path::new("/nowhere/vigie.toml"), &["--lang", "fr"], &mut Vec::new());
        assert_eq!(code, 65);
        assert!(said.starts_with("/nowhere/vigie.toml: erreur : lecture impossible"), "{said}");
    }

    #[test]
    fn who_cannot_be_told_is_an_io_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let args = ["vigie", "config", "check", "--config", "/nowhere/vigie.toml"];
        assert_eq!(cli::main(args.map(Into::into), &mut Closed, &mut Vec::new()), 74);
    }
}
