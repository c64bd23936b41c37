//! `vigie crl`: revocation lists in files, without the daemon, and those the daemon follows.

mod followed;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::exit::{Exit, Stop};
use super::lists::{Problem, certificates, lists_in, read_list, refusal};
use super::table::{Table, visible};
use super::verify::{verdict_in_json, verdict_in_words};
use super::{Session, print_json};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::revocation::{Status, Verdict, Why};
use crate::domain::time::Timestamp;
use crate::pki::crl::scope::PointName;
use crate::pki::crl::{Crl, ReadError, Watch};
use crate::pki::path::PathCertificate;
use crate::pki::revocation::SKEW;
use crate::pki::signature::{Accepted, SignatureProblem};

/// What can be done with lists.
#[derive(Debug, clap::Subcommand)]
pub enum CrlCommand {
    /// Les listes suivies par le service
    List,
    /// Demander toutes les listes maintenant
    Fetch,
    /// Faire prendre au service une liste d'un fichier, ou celles d'un dossier (réseau sans sortie)
    Import {
        /// La liste (DER ou PEM), ou un dossier de listes, lisible par le service
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Oublier une liste : l'autorité a recommencé ses numéros, ou n'existe plus
    Forget {
        /// Son nom, une de ses adresses, ou l'émetteur de celle qui fut importée (« crl list »)
        #[arg(value_name = "NAME|ADDRESS")]
        list: String,
    },
    /// Ce que disent des listes, sans vérifier leur signature
    Show(ShowArgs),
    /// Vérifier une liste : signature, fraîcheur, et l'état de numéros de série
    Verify(VerifyArgs),
}

/// Arguments of `vigie crl show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Listes de révocation (DER, PEM ou PKCS#7)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Arguments of `vigie crl verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// Certificat de l'autorité qui signe la liste
    #[arg(long, value_name = "CERT")]
    issuer: PathBuf,
    /// Numéros de série en hexadécimal, un par ligne
    #[arg(long, value_name = "FILE")]
    serials: Option<PathBuf>,
    /// Juger à cet instant (RFC 3339) plutôt que maintenant
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Accepter les signatures SHA-1
    #[arg(long)]
    allow_sha1: bool,
    /// La liste (DER ou PEM)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(command: &CrlCommand, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    match command {
        CrlCommand::List => followed::list(session),
        CrlCommand::Fetch => followed::fetch(session),
        CrlCommand::Import { file } => followed::import(file, session),
        CrlCommand::Forget { list } => followed::forget(list, session),
        CrlCommand::Show(args) => show(args, session),
        CrlCommand::Verify(args) => verify(args, session),
    }
}

fn show(args: &ShowArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let now = SystemClock::new().now();
    let mut lists: Vec<(String, Crl)> = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for path in &args.files {
        match lists_in(path, &mut |reader| read_list(reader, &mut |_| {})) {
            Ok(found) => lists.extend(found.into_iter().map(|crl| (path.display().to_string(), crl))),
            Err(ReadError::Refused(refused)) => problems.push(refusal(path, &refused)),
            Err(ReadError::Io(error)) => {
                problems.push(Problem {
                    path: path.display().to_string(),
                    reason: "unreadable",
                    message: error.to_string(),
                });
            }
        }
    }
    if session.common.json {
        let items: Vec<Value> = lists.iter().map(|(path, crl)| facts(path, crl, now)).collect();
        print_json(session, &json!({ "items": items, "errors": problems }))?;
    } else {
        let columns = ["issuer", "number", "entries", "this-update", "next-update", "freshness", "place"];
        let mut table = Table::new(columns.map(|column| session.texts.word(&format!("crl-column-{column}"))).to_vec());
        for (path, crl) in &lists {
            table.row(vec![
                crl.issuer.text().to_string(),
                crl.number.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
                crl.entries.to_string(),
                crl.this_update.to_string(),
                crl.next_update.map_or_else(|| "-".to_owned(), |next| next.to_string()),
                session.texts.say("crl-freshness", &[("freshness", freshness(crl, now).into())]),
                path.clone(),
            ]);
        }
        if !lists.is_empty() {
            table.write(session.out)?;
        }
        for problem in &problems {
            writeln!(session.err, "{}: {} ({})", visible(&problem.path), visible(&problem.message), problem.reason)?;
        }
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::No })
}

fn verify(args: &VerifyArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let now = args.at.unwrap_or_else(|| SystemClock::new().now());
    let none = || Stop::new(Exit::BadInput, format!("{}: no certificate in it", args.issuer.display()));
    let issuer =
        certificates(std::slice::from_ref(&args.issuer), &session.texts)?.into_iter().next().ok_or_else(none)?;
    let issuer = PathCertificate::read(issuer.der).context("a certificate that was read before")?;
    let serials = args.serials.as_deref().map(read_serials).transpose()?.unwrap_or_default();

    let mut watch = Watch::new(serials.iter().map(|(_, octets)| &**octets));
    let mut file = fs::File::open(&args.file).with_context(|| args.file.display().to_string())?;
    let crl = match read_list(&mut file, &mut |listed| watch.see(listed)) {
        Ok(crl) => crl,
        Err(ReadError::Io(error)) => return Err(error).with_context(|| args.file.display().to_string()),
        Err(ReadError::Refused(refused)) => {
            return Err(Stop::new(Exit::BadInput, format!("{}: {refused}", args.file.display())).into());
        }
    };
    let signed = signature(&crl, &issuer, Accepted { sha1: args.allow_sha1 });
    let fresh = freshness(&crl, now);
    let statuses: Vec<(&str, Verdict)> =
        serials.iter().map(|(text, octets)| (text.as_str(), status(&crl, &watch, octets, signed, fresh))).collect();

    if session.common.json {
        let mut document = facts(&args.file.display().to_string(), &crl, now);
        let said = statuses.iter().map(|(text, verdict)| {
            let mut said = verdict_in_json(verdict);
            if let Some(said) = said.as_object_mut() {
                said.insert("serial_number".to_owned(), (*text).into());
            }
            said
        });
        if let Some(document) = document.as_object_mut() {
            document.insert("signature".to_owned(), signed.map_or_else(Why::as_str, |()| "valid").into());
            document.insert("serials".to_owned(), said.collect());
        }
        print_json(session, &document)?;
    } else {
        let texts = &session.texts;
        let signature = match signed {
            Ok(()) => texts.word("crl-signature-valid"),
            Err(why) => texts.say("revocation-why", &[("why", why.as_str().into()), ("until", "-".into())]),
        };
        let number = crl.number.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let freshness = texts.say("crl-freshness", &[("freshness", fresh.into())]);
        let next = crl.next_update.map_or_else(|| "-".to_owned(), |next| next.to_string());
        let entries = usize::try_from(crl.entries).unwrap_or(usize::MAX);
        writeln!(session.out, "{}", visible(&crl.issuer.text()))?;
        writeln!(session.out, "{signature}")?;
        writeln!(
            session.out,
            "{}",
            texts.say(
                "crl-summary",
                &[
                    ("number", number.into()),
                    ("freshness", freshness.into()),
                    ("next", next.into()),
                    ("entries", entries.into())
                ]
            )
        )?;
        for (text, verdict) in &statuses {
            let word = texts.word(&format!("revocation-{}", verdict.status()));
            writeln!(session.out, "{text}  {word}  {}", verdict_in_words(verdict, texts))?;
        }
    }
    let any = |status| statuses.iter().any(|(_, verdict)| verdict.status() == status);
    Ok(if signed.is_err() || any(Status::Revoked) {
        Exit::No
    } else if fresh != FRESH || any(Status::Unknown) {
        Exit::Unknown
    } else {
        Exit::Done
    })
}

const FRESH: &str = "fresh";

fn freshness(crl: &Crl, now: Timestamp) -> &'static str {
    match crl.next_update {
        _ if crl.this_update > now.plus_seconds(SKEW) => Why::NotYetValid.as_str(),
        None => Why::NoNextUpdate.as_str(),
        Some(next) if now > next => Why::Stale.as_str(),
        Some(_) => FRESH,
    }
}

/// Name, right to sign lists, and signature. The path of the certificate is `vigie verify`'s business.
fn signature(crl: &Crl, issuer: &PathCertificate, accepted: Accepted) -> Result<(), Why> {
    if crl.issuer != issuer.subject {
        return Err(Why::SignerUntrusted);
    }
    let sign = crate::domain::certificate::KeyUsage::CRL_SIGN;
    if issuer.extensions.key_usage.is_some_and(|usage| !usage.contains(sign)) {
        return Err(Why::SignerWithoutCrlSign);
    }
    crl.verify(&issuer.public_key_info, accepted).map_err(|problem| match problem {
        SignatureProblem::Unsupported => Why::UnsupportedAlgorithm,
        SignatureProblem::Wrong => Why::BadSignature,
    })
}

/// The status of a serial number of this issuer. Without its certificate nothing is known of its scope: a list that leaves some out
/// cannot say "good".
fn status(crl: &Crl, watch: &Watch, serial: &[u8], signed: Result<(), Why>, fresh: &str) -> Verdict {
    let list = crl.reference();
    let unknown = |why| Verdict::Unknown { why, list: Some(list.clone()) };
    if let Err(why) = signed {
        return unknown(why);
    }
    if crl.unknown_critical {
        return unknown(Why::UnknownCriticalExtension);
    }
    if fresh == Why::NotYetValid.as_str() {
        return unknown(Why::NotYetValid);
    }
    let lifted = Some(crate::domain::revocation::Reason::RemoveFromCrl);
    if let Some(revocation) = watch.find(None, serial).filter(|revocation| revocation.reason != lifted) {
        return Verdict::Revoked { revocation: *revocation, list, stale: fresh != FRESH };
    }
    if crl.is_delta() {
        return unknown(Why::DeltaWithoutBase);
    }
    if crl.scope.as_ref().is_some_and(|scope| scope.is_partial()) {
        return unknown(Why::OutOfScope);
    }
    match crl.next_update {
        _ if fresh == FRESH => Verdict::Good(list),
        None => unknown(Why::NoNextUpdate),
        Some(_) => unknown(Why::Stale),
    }
}

fn facts(path: &str, crl: &Crl, now: Timestamp) -> Value {
    let number = |number: Option<&crate::pki::crl::CrlNumber>| number.map(ToString::to_string);
    let scope = crl.scope.as_ref().map(|scope| {
        let names = match &scope.name {
            Some(PointName::Full(names)) => names.iter().filter_map(|name| name.uri()).collect(),
            _ => Vec::new(),
        };
        json!({
            "distribution_point": scope.name.is_some(), "uris": names, "only_user": scope.only_user, "only_ca": scope.only_ca,
            "only_attribute": scope.only_attribute, "only_some_reasons": scope.reasons.is_some(), "indirect": scope.indirect,
        })
    });
    let freshest: Vec<&str> = crl.freshest.iter().flat_map(|point| point.uris()).collect();
    json!({
        "path": path, "issuer": &*crl.issuer.text(), "this_update": crl.this_update, "next_update": crl.next_update,
        "freshness": freshness(crl, now), "crl_number": number(crl.number.as_ref()),
        "delta": crl.is_delta(), "base_crl_number": number(crl.base_number.as_ref()), "entries": crl.entries,
        "bytes": crl.layout.bytes, "signature_algorithm": &*crl.signature_algorithm, "identity": crl.identity,
        "unknown_critical_extension": crl.unknown_critical, "scope": scope, "freshest_crl": freshest,
    })
}

/// Hexadecimal, one a line; colons, a leading `0x` and what follows a `#` are let pass.
fn read_serials(path: &Path) -> anyhow::Result<Vec<(String, Box<[u8]>)>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let digits: String = line.trim_start_matches("0x").chars().filter(|c| *c != ':').collect();
        let octets = octets(&digits).ok_or_else(|| {
            let message = format!("{}:{}: not a serial number in hexadecimal: {line:?}", path.display(), number + 1);
            Stop::new(Exit::BadInput, message)
        })?;
        found.push((digits.to_lowercase(), octets));
    }
    Ok(found)
}

fn octets(digits: &str) -> Option<Box<[u8]>> {
    let even = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    let values: Option<Vec<u8>> =
        even.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let values = values.filter(|values| !values.is_empty() && values.len() <= 512)?;
    let pairs = values.chunks_exact(2);
    // What people write is a magnitude: the zero before it keeps it one.
    Some([0].into_iter().chain(pairs.map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_in_every_spelling() {
        assert_eq!(octets("0a1"), Some([0, 0, 0xa1].into()));
        assert_eq!(octets("A1ff"), Some([0, 0xa1, 0xff].into()));
        assert_eq!(octets(""), None);
        assert_eq!(octets("xy"), None);
        assert_eq!(octets(&"0".repeat(600)), None);
    }
}
