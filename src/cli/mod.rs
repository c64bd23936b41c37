//! One file per subcommand; the composition root.

mod account;
mod alert;
mod audit;
mod calendar;
mod card;
mod check;
mod client;
mod config;
pub mod crl;
pub mod demo;
mod diff;
mod doctor;
pub mod exit;
mod findings;
mod help_en;
pub mod inspect;
mod list;
mod lists;
mod oppose;
mod pkcs11_objects;
mod reload;
mod run;
mod scan;
mod show;
mod status;
mod table;
mod usage;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{FromArgMatches, Parser, Subcommand};
use serde_json::value::RawValue;

use crate::domain::lang::Lang;
use crate::locale::Texts;
use exit::Exit;

/// Vigie garde en vie les certificats logiciels et les cartes CPx des structures de santé.
#[derive(Debug, Parser)]
#[command(
    name = "vigie",
    version,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// Fichier de configuration
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/vigie/vigie.toml")]
    pub config: PathBuf,
    /// The file was named: it is that one or none.
    #[arg(skip)]
    pub config_named: bool,
    /// Un document JSON sur la sortie standard, rien d'autre
    #[arg(long, global = true)]
    pub json: bool,
    /// Langue : fr ou en (défaut : celle du système, sinon fr)
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Socket du service (défaut : celle de la configuration)
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Faire tourner le service
    Run,
    /// Lire des fichiers et dossiers, sans rien juger
    Inspect(inspect::InspectArgs),
    /// Lire et juger : des chemins (sans le service), ou --now (par le service)
    Scan(scan::ScanArgs),
    /// Chemin de certification et état de révocation d'un certificat, à partir de fichiers
    Verify(verify::VerifyArgs),
    /// Listes de révocation (CRL)
    #[command(subcommand)]
    Crl(crl::CrlCommand),
    /// Suivre une opposition de carte ou une demande de révocation jusqu'à sa publication
    Oppose(oppose::OpposeArgs),
    /// La configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Vérifier tout ce dont le service dépend
    Doctor,
    /// Une structure fictive et son service, pour essayer
    Demo(demo::DemoArgs),
    /// Les certificats déclarés et trouvés
    List(list::ListArgs),
    /// Un certificat en détail
    Show(show::ShowArgs),
    /// L'état du service, ou d'un certificat
    Status(status::StatusArgs),
    /// Ce que les règles disent
    Findings(findings::FindingsArgs),
    /// Sonde Nagios : 0 ok, 1 avertissement, 2 critique, 3 inconnu
    Check(check::CheckArgs),
    /// Déclaré contre trouvé : manquants, non déclarés, différents
    Diff,
    /// Les échéances, en calendrier iCalendar (.ics)
    Calendar,
    /// Les cartes CPx et leurs lecteurs
    #[command(subcommand)]
    Card(card::CardCommand),
    /// Relire la configuration
    Reload,
    /// Les alertes : liste, prise en charge, essai, prévision
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Le journal d'audit
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Complétion pour un interpréteur de commandes
    Completions {
        /// bash, zsh, fish, elvish ou powershell
        shell: clap_complete::Shell,
    },
    /// La page de manuel, au format roff
    Man,
    /// Ce qu'un module PKCS#11 montre sans code (le service s'en sert)
    #[command(hide = true, name = crate::sources::smart_card::pkcs11::COMMAND)]
    Pkcs11Objects(pkcs11_objects::Pkcs11Args),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Dire toutes les fautes de la configuration, avec fichier, ligne, clé et remède
    Check,
}

/// What a command works with.
pub struct Session<'a> {
    /// Common options.
    pub common: Common,
    /// Language of what is printed.
    pub lang: Lang,
    /// Texts in that language.
    pub texts: Texts,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
}

/// Runs the command line and gives the exit code of the contract.
pub fn main(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let texts = Texts::new(usage::lang_of(&args).unwrap_or_else(lang_of_locale));
    let cli = match parse(&args, texts.lang()) {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error, &args, &texts, out, err),
    };
    let lang = cli.common.lang.unwrap_or_else(lang_of_locale);
    let mut session = Session { common: cli.common, lang, texts, out, err };
    match dispatch(cli.command, &mut session) {
        Ok(exit) => exit.code(),
        Err(error) => {
            let exit = exit::of(&error);
            // A reader that went away (`vigie list | head`) is not an error to report.
            if !exit::is_broken_pipe(&error)
                && writeln!(session.err, "vigie: {}", exit::in_words(&error, &session.texts)).is_err()
            {
                return Exit::Io.code();
            }
            exit.code()
        }
    }
}

fn parse(args: &[OsString], lang: Lang) -> Result<Cli, clap::Error> {
    let matches = usage::command(lang).try_get_matches_from(args)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.common.config_named = matches.value_source("config") == Some(ValueSource::CommandLine);
    if let (Command::Verify(args), Some((_, matches))) = (&mut cli.command, matches.subcommand()) {
        args.settle(matches);
    }
    Ok(cli)
}

fn dispatch(command: Command, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Run => run::run(session),
        Command::Inspect(args) => inspect::run(&args, session),
        Command::Scan(args) => scan::run(&args, session),
        Command::Verify(args) => verify::run(&args, session),
        Command::Crl(command) => crl::run(&command, session),
        Command::Oppose(args) => oppose::run(&args, session),
        Command::Config(ConfigCommand::Check) => config::run(session),
        Command::Doctor => doctor::run(session),
        Command::Demo(args) => demo::run(&args, session),
        Command::List(args) => list::run(&args, session),
        Command::Show(args) => show::run(&args, session),
        Command::Status(args) => status::run(&args, session),
        Command::Findings(args) => findings::run(&args, session),
        Command::Check(args) => Ok(check::run(&args, session)),
        Command::Diff => diff::run(session),
        Command::Calendar => calendar::run(session),
        Command::Card(command) => card::run(&command, session),
        Command::Reload => reload::run(session),
        Command::Alert(command) => alert::run(&command, session),
        Command::Audit(command) => audit::run(&command, session),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut usage::command(session.lang), "vigie", &mut session.out);
            Ok(Exit::Done)
        }
        Command::Pkcs11Objects(args) => pkcs11_objects::run(&args, session),
        Command::Man => {
            clap_mangen::Man::new(usage::command(session.lang)).render(&mut session.out)?;
            Ok(Exit::Done)
        }
    }
}

/// The language of the locale: English when it says so, French in every other case.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn lang_of_locale() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    if locale.is_some_and(|locale| locale.starts_with("en")) { Lang::En } else { Lang::Fr }
}

/// Writes one JSON document.
fn print_json(session: &mut Session<'_>, value: &serde_json::Value) -> anyhow::Result<Exit> {
    serde_json::to_writer_pretty(&mut *session.out, value)?;
    writeln!(session.out)?;
    Ok(Exit::Done)
}

/// Writes a list as one JSON document, each item on a line of its own and as the service wrote it.
fn print_items(session: &mut Session<'_>, items: &[Box<RawValue>]) -> anyhow::Result<Exit> {
    write!(session.out, "{{\"items\":[")?;
    for (index, item) in items.iter().enumerate() {
        write!(session.out, "{}{item}", if index == 0 { "\n" } else { ",\n" })?;
    }
    writeln!(session.out, "\n],\"total\":{}}}", items.len())?;
    Ok(Exit::Done)
}
