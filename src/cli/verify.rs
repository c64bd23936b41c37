//! `vigie verify`: the certification path of a certificate and the revocation status of everything on it, from files alone.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};

use super::exit::{Exit, Stop};
use super::lists::{Problem, certificates, read_lists};
use super::table::visible;
use super::{Session, print_json};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::revocation::{Status, Verdict, Why};
use crate::domain::time::Timestamp;
use crate::locale::Texts;
use crate::pki::path::{Chain, Invalid, PathCertificate, Pool, Settings};
use crate::pki::revocation::{Judge, List};
use crate::pki::signature::Accepted;

/// Arguments of `vigie verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// Juger à cet instant (RFC 3339) plutôt que maintenant
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Autorités de confiance : fichiers ou dossiers
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    trust: Vec<PathBuf>,
    /// Certificats intermédiaires : fichiers ou dossiers
    #[arg(long, value_name = "PATH", num_args = 1..)]
    untrusted: Vec<PathBuf>,
    /// Listes de révocation, complètes et delta : fichiers ou dossiers
    #[arg(long, value_name = "PATH", num_args = 1..)]
    crl: Vec<PathBuf>,
    /// Accepter les signatures SHA-1
    #[arg(long)]
    allow_sha1: bool,
    /// Le certificat à vérifier ; les autres certificats du fichier servent d'intermédiaires
    #[arg(value_name = "CERTIFICATE")]
    certificate: Option<PathBuf>,
}

impl VerifyArgs {
    /// `--crl A B CERTIFICATE` gives all three to the option: without a certificate of its own, the command takes the last value of the
    /// option that came last.
    pub(super) fn settle(&mut self, matches: &clap::ArgMatches) {
        let place = |option| matches.indices_of(option).into_iter().flatten().max();
        let options = [("trust", &mut self.trust), ("untrusted", &mut self.untrusted), ("crl", &mut self.crl)];
        let last = options.into_iter().max_by_key(|(option, _)| place(option));
        if let (None, Some((option, values))) = (&self.certificate, last)
            && (option != "trust" || values.len() > 1)
        {
            self.certificate = values.pop();
        }
    }
}

/// The answer.
struct Answer {
    path: Result<Chain, (Invalid, Option<Chain>)>,
    verdicts: Vec<Verdict>,
    overall: Verdict,
}

pub(super) fn run(args: &VerifyArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let at = args.at.unwrap_or_else(|| SystemClock::new().now());
    let Some(file) = &args.certificate else {
        return Err(Stop::because(Exit::Usage, "no_certificate_named", [], "no CERTIFICATE to verify").into());
    };
    let mut given = certificates(std::slice::from_ref(file), &session.texts)?.into_iter();
    let none = || {
        let message = format!("{}: no certificate in it", file.display());
        Stop::because(Exit::BadInput, "no_certificate", [("path", &file.display())], message)
    };
    let target = given.next().ok_or_else(none)?;
    let anchors = certificates(&args.trust, &session.texts)?;
    if anchors.is_empty() {
        return Err(Stop::because(Exit::BadInput, "no_trust", [], "no certificate under --trust").into());
    }
    let untrusted = certificates(&args.untrusted, &session.texts)?.into_iter().chain(given);
    let pool = Pool::new(
        anchors.into_iter().map(|anchor| anchor.der),
        untrusted.map(|certificate| certificate.der).chain([Arc::clone(&target.der)]),
    );
    let certificate = PathCertificate::read(Arc::clone(&target.der)).context("a certificate that was read before")?;

    let serials: Vec<&[u8]> = pool.certificates().map(|certificate| &*certificate.serial).collect();
    let mut problems: Vec<Problem> = Vec::new();
    let lists = read_lists(&args.crl, &serials, &mut |problem| problems.push(problem))?;
    let settings = Settings { at, accepted: Accepted { sha1: args.allow_sha1 } };
    let answer = judge(&pool, settings, &Arc::new(certificate), &lists);

    if session.common.json {
        let document = document(&answer, &json!(target.facts.profile), &problems);
        print_json(session, &document)?;
    } else {
        for problem in &problems {
            writeln!(session.err, "{}: {}", visible(&problem.path), visible(&problem.message))?;
        }
        tell(&answer, at, session)?;
    }
    Ok(match (&answer.path, answer.overall.status()) {
        (Err(_), _) | (_, Status::Revoked) => Exit::No,
        (Ok(_), Status::Unknown) => Exit::Unknown,
        (Ok(_), Status::Good) => Exit::Done,
    })
}

/// Among the valid paths one whose certificates are all good is preferred to one with a revoked certificate, and that to one of unknown status.
fn judge(
    pool: &Pool,
    settings: Settings,
    certificate: &Arc<PathCertificate>,
    lists: &[(crate::pki::crl::Crl, crate::pki::crl::Watch)],
) -> Answer {
    let lists = lists.iter().map(|(crl, watch)| List { crl, entries: watch });
    let judge = Judge::new(pool, settings, lists);
    let mut best: Option<Answer> = None;
    // A bound that is hit ends the search; what was found until then stands.
    let searched = pool.search(certificate, &settings, &mut |chain, result| {
        if result.is_ok() {
            let chain = chain.to_vec();
            let verdicts = judge.chain(&chain);
            let overall = Verdict::worst(&verdicts);
            let good = overall.status() == Status::Good;
            let better =
                |best: &Answer| overall.status() != Status::Unknown && best.overall.status() == Status::Unknown;
            if good || best.as_ref().is_none_or(better) {
                best = Some(Answer { path: Ok(chain), verdicts, overall });
            }
            if good {
                return std::ops::ControlFlow::Break(());
            }
        }
        std::ops::ControlFlow::Continue(())
    });
    if let (Some(best), _) = (best, searched) {
        return best;
    }
    // No path is valid. Of a chain that leads to an anchor all the same, what the lists say still tells something.
    pool.begin();
    let path = pool.path(certificate, &settings);
    let chain = match &path {
        Ok(chain) | Err((_, Some(chain))) => Some(chain.clone()),
        Err((_, None)) => None,
    };
    let verdicts = chain.map(|chain| judge.chain(&chain)).unwrap_or_default();
    let overall = Verdict::worst(&verdicts);
    Answer { path, verdicts, overall }
}

fn document(answer: &Answer, profile: &Value, problems: &[Problem]) -> Value {
    let (status, reason, chain) = match &answer.path {
        Ok(chain) => ("valid", None, Some(chain)),
        Err((reason, chain)) => ("invalid", Some(reason.as_str()), chain.as_ref()),
    };
    let chain: Vec<&PathCertificate> = chain.into_iter().flatten().map(|certificate| &**certificate).collect();
    let each = chain.iter().zip(&answer.verdicts).map(|(certificate, verdict)| {
        let mut said = verdict_in_json(verdict);
        if let Some(said) = said.as_object_mut() {
            said.insert("sha256".to_owned(), json!(certificate.fingerprint));
        }
        said
    });
    let each: Vec<Value> = each.collect();
    let mut revocation = verdict_in_json(&answer.overall);
    if let Some(revocation) = revocation.as_object_mut() {
        revocation.insert("certificates".to_owned(), each.into());
    }
    json!({
        "path": {
            "status": status, "reason": reason,
            "chain": chain.iter().map(|certificate| certificate.fingerprint).collect::<Vec<_>>(),
        },
        "revocation": revocation,
        "profile": profile,
        "problems": problems,
    })
}

/// `status`, `reason`, `revoked_at`, `why`, and the list.
pub(super) fn verdict_in_json(verdict: &Verdict) -> Value {
    let list = verdict.list();
    let (revocation, why) = match verdict {
        Verdict::Good(_) => (None, "not_listed"),
        Verdict::Revoked { revocation, stale: false, .. } => (Some(revocation), "listed"),
        Verdict::Revoked { revocation, stale: true, .. } => (Some(revocation), "listed_in_stale_list"),
        Verdict::Unknown { why, .. } => (None, why.as_str()),
    };
    json!({
        "status": verdict.status(),
        "reason": revocation.and_then(|revocation| revocation.reason),
        "revoked_at": revocation.map(|revocation| revocation.revoked_at),
        "invalidity_date": revocation.and_then(|revocation| revocation.invalidity_date),
        "why": why,
        "issuer": list.map(|list| &*list.issuer),
        "crl_number": list.and_then(|list| list.crl_number.as_deref()),
        "this_update": list.map(|list| list.this_update),
        "next_update": list.and_then(|list| list.next_update),
    })
}

/// A line on the path, one on the status, and one for each certificate of the chain.
fn tell(answer: &Answer, at: Timestamp, session: &mut Session<'_>) -> anyhow::Result<()> {
    let texts = &session.texts;
    let (line, chain) = match &answer.path {
        Ok(chain) => (texts.say("verify-path-valid", &[("at", at.to_string().into())]), Some(chain)),
        Err((reason, chain)) => {
            let why = texts.say("path-invalid", &[("reason", reason.as_str().into())]);
            (texts.say("verify-path-invalid", &[("at", at.to_string().into()), ("why", why.into())]), chain.as_ref())
        }
    };
    writeln!(session.out, "{line}")?;
    writeln!(session.out, "{}", verdict_in_words(&answer.overall, texts))?;
    for (place, certificate) in chain.into_iter().flatten().enumerate() {
        let verdict = answer.verdicts.get(place);
        let word = verdict.map_or_else(
            || texts.word("verify-anchor"),
            |verdict| texts.word(&format!("revocation-{}", verdict.status())),
        );
        writeln!(session.out, "  {word:<12} {}", visible(&certificate.subject.text()))?;
    }
    Ok(())
}

/// One sentence.
pub(super) fn verdict_in_words(verdict: &Verdict, texts: &Texts) -> String {
    let number = |list: Option<&crate::domain::revocation::ListRef>| {
        let number = list.and_then(|list| list.crl_number.as_deref());
        number.unwrap_or("-").to_owned()
    };
    let date = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    match verdict {
        Verdict::Good(list) => {
            texts.say("verify-good", &[("number", number(Some(list)).into()), ("until", date(list.next_update).into())])
        }
        Verdict::Revoked { revocation, list, stale } => {
            let reason = revocation.reason.map_or("none", |reason| reason.as_str());
            let reason = texts.say("revocation-reason", &[("reason", reason.into())]);
            texts.say(
                "verify-revoked",
                &[
                    ("at", revocation.revoked_at.to_string().into()),
                    ("reason", reason.into()),
                    ("number", number(Some(list)).into()),
                    ("stale", if *stale { "yes" } else { "no" }.into()),
                ],
            )
        }
        Verdict::Unknown { why, list } => {
            let why = why_in_words(*why, list.as_ref().and_then(|list| list.next_update), texts);
            texts.say("verify-unknown", &[("why", why.into()), ("number", number(list.as_ref()).into())])
        }
    }
}

fn why_in_words(why: Why, until: Option<Timestamp>, texts: &Texts) -> String {
    let until = until.map_or_else(|| "-".to_owned(), |until| until.to_string());
    texts.say("revocation-why", &[("why", why.as_str().into()), ("until", until.into())])
}
