//! The command line itself: its help in both languages, and what is wrong with one that cannot be understood.

use std::ffi::OsString;
use std::io::Write;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::exit::Exit;
use super::help_en::HELP_EN;
use super::{Cli, check};
use crate::domain::lang::Lang;
use crate::locale::Texts;

/// Options of every command that take a value: what follows them is no command.
const WITH_VALUE: [&str; 3] = ["--config", "--lang", "--socket"];

/// The words the library would say in English.
struct Words {
    usage: &'static str,
    commands: &'static str,
    arguments: &'static str,
    options: &'static str,
    help: &'static str,
    version: &'static str,
}

impl Words {
    const fn of(lang: Lang) -> Self {
        match lang {
            Lang::Fr => Self {
                usage: "Utilisation :",
                commands: "Commandes :",
                arguments: "Arguments :",
                options: "Options :",
                help: "Afficher cette aide",
                version: "Afficher la version",
            },
            Lang::En => Self {
                usage: "Usage:",
                commands: "Commands:",
                arguments: "Arguments:",
                options: "Options:",
                help: "Show this help",
                version: "Show the version",
            },
        }
    }
}

/// The command line, its help in `lang`.
pub(super) fn command(lang: Lang) -> Command {
    let words = Words::of(lang);
    let help = Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help).help(words.help);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help(words.version);
    in_words(Cli::command().arg(help).arg(version), lang, &words)
}

fn in_words(command: Command, lang: Lang, words: &Words) -> Command {
    let Words { usage, commands, arguments, options, .. } = words;
    let mut template = format!("{{before-help}}{{about-with-newline}}\n{usage} {{usage}}\n");
    if command.has_subcommands() {
        template.push_str(&format!("\n{commands}\n{{subcommands}}\n"));
    }
    if command.get_positionals().next().is_some() {
        template.push_str(&format!("\n{arguments}\n{{positionals}}\n"));
    }
    template.push_str(&format!("\n{options}\n{{options}}{{after-help}}"));
    let about = command.get_about().map(|text| said(text, lang));
    let mut command = command.help_template(template);
    if let Some(about) = about {
        command = command.about(about);
    }
    command
        .mut_args(|arg| match arg.get_help().map(|text| said(text, lang)) {
            Some(text) => arg.help(text),
            None => arg,
        })
        .mut_subcommands(|command| in_words(command, lang, words))
}

/// The text of the sources, which is French, in `lang`.
fn said(text: &StyledStr, lang: Lang) -> String {
    let text = text.to_string();
    match lang {
        Lang::Fr => text,
        Lang::En => HELP_EN.iter().find(|(fr, _)| *fr == text).map_or(text, |(_, en)| (*en).to_owned()),
    }
}

/// The language the command line asks for, as far as it can be seen without understanding the rest.
pub(super) fn lang_of(args: &[OsString]) -> Option<Lang> {
    let texts: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    let after = texts.iter().zip(texts.iter().skip(1)).find(|(name, _)| **name == "--lang").map(|(_, value)| *value);
    after.or_else(|| texts.iter().find_map(|text| text.strip_prefix("--lang=")))?.parse().ok()
}

/// Help, or what is wrong with the command line. `check` answers whom asked in his own codes.
pub(super) fn tell(
    error: &clap::Error,
    args: &[OsString],
    texts: &Texts,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let (written, exit) = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => (write!(out, "{}", error.render()), Exit::Done),
        _ if name_of(args) == Some("check") => {
            let json = args.iter().any(|arg| arg == "--json");
            return check::misused(&why(error, texts), json, out).code();
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => (write!(err, "{}", error.render()), Exit::Usage),
        _ => {
            let help = texts.say("usage-help", &[("command", path_of(args).into())]);
            (writeln!(err, "vigie: {}\n{help}", why(error, texts)), Exit::Usage)
        }
    };
    if written.is_ok() { exit.code() } else { Exit::Io.code() }
}

/// What cannot be understood, in one sentence.
fn why(error: &clap::Error, texts: &Texts) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(several)) => several.join(", "),
        _ => String::new(),
    };
    let key = match error.kind() {
        ErrorKind::UnknownArgument => "usage-unknown-argument",
        ErrorKind::InvalidSubcommand => "usage-unknown-command",
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_empty() => "usage-no-value",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "usage-value",
        ErrorKind::MissingRequiredArgument => "usage-missing",
        ErrorKind::MissingSubcommand => "usage-no-command",
        ErrorKind::ArgumentConflict => "usage-conflict",
        _ => return error.render().to_string().trim_start_matches("error: ").trim_end().to_owned(),
    };
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let near = near.map(text).into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let unknown = match error.kind() {
        ErrorKind::InvalidSubcommand => text(ContextKind::InvalidSubcommand),
        _ => text(ContextKind::InvalidArg),
    };
    let allowed = match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => text(ContextKind::ValidValue),
    };
    let mut said = texts.say(
        key,
        &[
            ("argument", unknown.into()),
            ("value", text(ContextKind::InvalidValue).into()),
            ("other", text(ContextKind::PriorArg).into()),
        ],
    );
    if !allowed.is_empty() {
        said.push_str(&format!(" ({allowed})"));
    }
    if !near.is_empty() {
        said.push_str(&texts.say("usage-near", &[("near", near.into())]));
    }
    said
}

/// The command a line asks for, understood or not.
fn name_of(args: &[OsString]) -> Option<&str> {
    names(args).next()
}

/// `vigie crl show`, as far as it names commands there are.
fn path_of(args: &[OsString]) -> String {
    let mut command = Cli::command();
    let mut path = vec!["vigie".to_owned()];
    for name in names(args) {
        let Some(found) = command.find_subcommand(name).cloned() else { break };
        path.push(name.to_owned());
        command = found;
    }
    path.join(" ")
}

/// The arguments that are neither options nor their values.
fn names(args: &[OsString]) -> impl Iterator<Item = &str> {
    let mut value = false;
    args.iter().skip(1).filter_map(|arg| arg.to_str()).filter(move |text| {
        let is_value = std::mem::replace(&mut value, WITH_VALUE.contains(text));
        !is_value && !text.starts_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn texts_of(command: &Command, into: &mut Vec<String>) {
        if command.is_hide_set() {
            return;
        }
        into.extend(command.get_about().map(ToString::to_string));
        into.extend(command.get_arguments().filter_map(|arg| arg.get_help()).map(ToString::to_string));
        command.get_subcommands().for_each(|command| texts_of(command, into));
    }

    #[test]
    fn every_text_of_the_help_has_its_english() {
        let mut texts = Vec::new();
        texts_of(&Cli::command(), &mut texts);
        let missing: Vec<&String> = texts.iter().filter(|text| !HELP_EN.iter().any(|(fr, _)| fr == text)).collect();
        assert!(texts.len() > 60 && missing.is_empty(), "without English in help_en.rs: {missing:#?}");
        let unused: Vec<_> = HELP_EN.iter().filter(|(fr, _)| !texts.iter().any(|text| text == fr)).collect();
        assert!(unused.is_empty(), "{unused:#?}");
    }

    fn said(line: &str) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = cli::main(line.split(' ').map(Into::into), &mut out, &mut err);
        (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
    }

    #[test]
    fn help_speaks_the_language_asked_for() {
        let (code, fr, _) = said("vigie --lang fr inspect --help");
        assert_eq!(code, 0);
        assert!(fr.contains("Utilisation : vigie inspect") && fr.contains("Fichiers et dossiers à lire"), "{fr}");
        assert!(!fr.contains("Usage") && !fr.contains("Print"), "{fr}");
        let (_, en, _) = said("vigie inspect --help --lang=en");
        assert!(en.contains("Usage: vigie inspect") && en.contains("Files and folders to read"), "{en}");
        let (_, en, _) = said("vigie --help --lang en");
        assert!(en.contains("Commands:\n") && en.contains("Run the service") && !en.contains("certificats"), "{en}");
        assert_eq!(said("vigie --lang fr --version").1, format!("vigie {}\n", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn what_cannot_be_understood_is_said_in_the_language() {
        for (line, wanted) in [
            ("vigie --lang fr lsit", "vigie: commande inconnue : lsit, peut-être « list »\n"),
            ("vigie --lang fr list --al", "vigie: option inconnue : --al, peut-être « --all »\n"),
            ("vigie --lang fr list --within-days abc", "vigie: valeur refusée pour --within-days <DAYS> : « abc »"),
            ("vigie --lang fr show", "vigie: il manque : <ID>\n"),
            ("vigie --lang fr alert", "Utilisation : vigie alert"),
            ("vigie --lang en lsit", "vigie: unknown command: lsit, perhaps \"list\"\n"),
        ] {
            let (code, out, err) = said(line);
            assert_eq!((code, out.as_str()), (64, ""), "{line}");
            assert!(err.contains(wanted), "{line}: {err}");
            assert!(!err.contains("error:"), "{line}: {err}");
        }
        assert!(said("vigie --lang fr crl shwo").2.contains("vigie crl --help"));
    }
}
