//! `vigie config check`: everything wrong with the configuration, each with its place and its cure.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use crate::config::{self, Diagnostics, Level};
use crate::domain::lang::Lang;

/// The configuration can be used; warnings do not matter.
const DONE: u8 = 0;
/// The configuration is refused.
const BAD_CONFIGURATION: u8 = 65;
/// `out` cannot be written to.
const IO_ERROR: u8 = 74;

/// Checks `file` and the `conf.d` beside it and tells `out`: for people, or with `json` as one document. Returns the exit code.
pub fn check(file: &Path, json: bool, lang: Lang, out: &mut dyn Write) -> u8 {
    let (usable, said) = match config::load(file) {
        Ok(loaded) => (true, loaded.warnings),
        Err(said) => (false, said),
    };
    let told = if json { tell_machine(file, usable, &said, lang, out) } else { tell(file, usable, &said, lang, out) };
    match told {
        Err(_) => IO_ERROR, // nobody is left to tell
        Ok(()) if usable => DONE,
        Ok(()) => BAD_CONFIGURATION,
    }
}

fn tell(file: &Path, usable: bool, said: &Diagnostics, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", said.render(lang))?;
    let (errors, warnings) = counts(said);
    let file = file.display();
    match (lang, usable) {
        (Lang::Fr, true) => writeln!(out, "{file} : configuration valable, {warnings} avertissement(s)"),
        (Lang::Fr, false) => {
            writeln!(out, "{file} : configuration refusée, {errors} erreur(s), {warnings} avertissement(s)")
        }
        (Lang::En, true) => writeln!(out, "{file}: configuration accepted, {warnings} warning(s)"),
        (Lang::En, false) => writeln!(out, "{file}: configuration refused, {errors} error(s), {warnings} warning(s)"),
    }?;
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

    fn run(text: &str, json: bool, lang: Lang) -> (u8, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("vigie.toml");
        std::fs::write(&file, text).expect("a file");
        let mut out = Vec::new();
        let code = check(&file, json, lang, &mut out);
        let said = String::from_utf8(out).expect("text").replace(&folder.path().display().to_string(), "");
        (code, said)
    }

    #[test]
    fn says_place_key_and_cure() {
        let (code, said) = run("[http]\nlisten = \"8440\"\n", false, Lang::Fr);
        assert_eq!(code, 65);
        insta::assert_snapshot!(said);
        let (code, said) = run("[http]\nlisten = \"0.0.0.0:8440\"\n", false, Lang::En);
        assert_eq!(code, 0);
        insta::assert_snapshot!(said);
    }

    #[test]
    fn json_is_one_document() {
        let (code, said) = run("[http]\nlisten = 8440\n", true, Lang::En);
        assert_eq!(code, 65);
        let document: serde_json::Value = serde_json::from_str(&said).expect("one document");
        insta::assert_json_snapshot!(document);
    }

    #[test]
    fn a_missing_file_is_refused() {
        let mut out = Vec::new();
        assert_eq!(check(Path::new("/nowhere/vigie.toml"), false, Lang::Fr, &mut out), 65);
        assert!(String::from_utf8_lossy(&out).starts_with("/nowhere/vigie.toml: erreur : lecture impossible"));
    }

    #[test]
    fn who_cannot_be_told_is_an_io_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(check(Path::new("/nowhere/vigie.toml"), true, Lang::Fr, &mut Closed), 74);
    }
}
