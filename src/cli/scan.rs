//! `vigie scan`: paths are read and judged here and now, without a daemon; `--now` has the daemon read its sources.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::exit::{Exit, Stop};
use super::inspect::Report;
use super::table::{Table, visible};
use super::{Session, client, print_json, status};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, ScanConfig};
use crate::domain::finding::{Finding, Severity};
use crate::domain::inventory::{Inventory, ItemError};
use crate::domain::observation::Problem;
use crate::domain::reconcile::reconcile;
use crate::locale::Texts;
use crate::pki::issuer_links::{Authorities, Known, issuer_links};
use crate::policy::{self, Settings, View};
use crate::sources::file::FileSource;
use crate::sources::file::pattern::Root;

/// What to scan.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["now", "paths"])))]
pub struct ScanArgs {
    /// Demander au service de lire ses sources maintenant
    #[arg(long)]
    now: bool,
    /// Fichiers, dossiers ou motifs à lire et juger, sans le service
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Seulement les certificats IGC-Santé, ceux dont la clé est là, et ceux qui ont un constat
    #[arg(long, requires = "paths")]
    ours: bool,
}

pub(super) fn run(args: &ScanArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    if args.now { by_the_daemon(session) } else { here(args, session) }
}

fn by_the_daemon(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let report = client::post(session, "/api/v1/scan")?;
    if session.common.json {
        return print_json(session, &report);
    }
    let count = |key: &str| report.get(key).and_then(Value::as_i64).unwrap_or(0);
    let line = session.texts.say(
        "scan-report",
        &[
            ("seen", count("seen").into()),
            ("new", count("new_certificates").into()),
            ("changed", count("changed_locations").into()),
            ("errors", count("errors").into()),
            ("opened", count("findings_opened").into()),
            ("closed", count("findings_closed").into()),
        ],
    );
    writeln!(session.out, "{line}")?;
    status::source_errors(status::FEW, session)?;
    Ok(Exit::Done)
}

/// The configuration as far as it bears on judging: one that was named must be good; the usual one need not be there.
fn settings(session: &mut Session<'_>) -> anyhow::Result<(Settings, ScanConfig, chrono_tz::Tz)> {
    let file = &session.common.config;
    match config::load(file) {
        Ok(loaded) => Ok((loaded.config.policy, loaded.config.scan, loaded.config.timezone)),
        Err(mistakes) if session.common.config_named => {
            Err(Stop::new(Exit::BadInput, mistakes.render(session.lang).trim_end()).into())
        }
        Err(_) => {
            if file.exists() {
                let values = [("file", file.display().to_string().into())];
                writeln!(session.err, "{}", session.texts.say("scan-policy-ignored", &values))?;
            }
            Ok((Settings::default(), ScanConfig::default(), chrono_tz::Europe::Paris))
        }
    }
}

fn here(args: &ScanArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let (settings, bounds, timezone) = settings(session)?;
    let clock = SystemClock::new();
    let now = clock.now();
    let paths: Vec<PathBuf> = args.paths.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
    let (there, absent): (Vec<PathBuf>, Vec<PathBuf>) = paths
        .iter()
        .cloned()
        .partition(|path| path.to_string_lossy().contains(['*', '?', '[']) || std::fs::symlink_metadata(path).is_ok());
    let source = FileSource::new("scan", &there, Default::default(), bounds);
    let empty = Inventory::default();
    let gathered = source.gather(&empty, &clock);
    let mut errors = gathered.errors.clone();
    errors.extend(absent.iter().map(|path| ItemError {
        place: path.to_string_lossy().into(),
        problem: Problem { reason: "not_found".into(), message: "no such file or folder".into() },
    }));
    let failure = gathered.failure.clone().filter(|_| !there.is_empty());
    let known = |(facts, der): &(_, _)| Known { facts: Arc::clone(facts), der: Arc::clone(der) };
    let certificates: Vec<Known> = gathered.certificates.iter().map(known).collect();
    let authorities = Authorities::new(certificates.iter().filter(|known| known.facts.is_ca).cloned());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let links = issuer_links(&certificates, &authorities, threads);
    let inventory = empty.clone().after(&reconcile(&empty, vec![gathered], &links));
    let findings = policy::evaluate(&inventory, &settings, now);
    let view = View::new(&inventory, &settings, now);

    let mut by_subject: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings {
        let subject = &*finding.key.subject;
        by_subject.entry(subject.split_once(" @ ").map_or(subject, |(bare, _)| bare)).or_default().push(finding);
    }
    let mut seen: Vec<_> = view.seen.iter().collect();
    seen.sort_by_key(|seen| (seen.facts.end(), seen.facts.fingerprint));
    let said = |subject: String| by_subject.get(subject.as_str()).cloned().unwrap_or_default();
    let about = |seen: &policy::Seen<'_>| {
        let mut about = said(format!("sha256:{}", seen.facts.fingerprint));
        about.extend(said(format!("spki:{}", seen.facts.spki)));
        about
    };
    let shown: Vec<_> = seen.iter().filter(|seen| !args.ours || seen.is_ours() || !about(seen).is_empty()).collect();
    let unread = errors.iter().filter(|error| &*error.problem.reason != LINK_OUT).count();
    let in_words = |finding: &Finding| session.texts.finding_text(finding, now, timezone);

    if session.common.json {
        let roots: Vec<Root> = paths.iter().map(|path| Root::parse(path.as_os_str().as_bytes())).collect();
        let inspected = Report::of(&roots, &bounds, None);
        let by_fingerprint: HashMap<_, _> = seen.iter().map(|seen| (seen.facts.fingerprint, *seen)).collect();
        let mut items = Vec::with_capacity(inspected.items.len());
        for row in &inspected.items {
            let mut item = serde_json::to_value(row)?;
            // Only certificates are judged; a key is judged with the certificates it belongs to, or by where it lies.
            if let (Value::Object(item), Some(seen)) = (&mut item, row.sha256.and_then(|sha| by_fingerprint.get(&sha)))
            {
                let codes: Vec<&str> = about(seen).iter().map(|finding| &*finding.key.code).collect();
                let more = [
                    ("end", json!(seen.facts.end())),
                    ("days_left", json!(seen.facts.end().days_after(now))),
                    ("key_here", json!(seen.keyed)),
                    ("findings", json!(codes)),
                ];
                item.extend(more.map(|(name, value)| (name.to_owned(), value)));
            }
            items.push(item);
        }
        let findings: Vec<Value> = findings
            .iter()
            .map(|finding| {
                json!({
                    "code": &*finding.key.code, "severity": finding.severity, "subject": &*finding.key.subject,
                    "text": in_words(finding),
                })
            })
            .collect();
        let Report { errors, counts, .. } = &inspected;
        print_json(session, &json!({ "items": items, "findings": findings, "errors": errors, "counts": counts }))?;
    } else {
        if !shown.is_empty() {
            let columns = ["name", "product", "end", "days-left", "findings", "place"];
            let mut table = Table::new(columns.map(|column| session.texts.word(&format!("column-{column}"))).to_vec());
            for seen in &shown {
                let profile = &seen.facts.profile;
                let words = profile
                    .offer
                    .map(|offer| offer.as_str())
                    .into_iter()
                    .chain(profile.usage.map(|usage| usage.as_str()));
                let codes: Vec<&str> = about(seen).iter().map(|finding| &*finding.key.code).collect();
                table.row(vec![
                    seen.common_name().map_or_else(
                        || format!("sha256:{:.16}", seen.facts.fingerprint.to_string()),
                        std::borrow::Cow::into_owned,
                    ),
                    words.collect::<Vec<_>>().join(" "),
                    session.texts.date(seen.facts.end(), timezone),
                    seen.facts.end().days_after(now).to_string(),
                    codes.join(" "),
                    seen.places.first().map(|place| place.location.to_string()).unwrap_or_default(),
                ]);
            }
            table.write(session.out)?;
            writeln!(session.out)?;
        }
        for finding in &findings {
            let severity = session.texts.word(&format!("severity-{}", finding.severity));
            let title = session.texts.finding_title(&finding.key.code);
            writeln!(session.out, "[{severity}] {title} — {}", visible(&finding.key.subject))?;
            writeln!(session.out, "  {}", visible(&in_words(finding)))?;
        }
        let summary = session.texts.say(
            "scan-summary",
            &[
                ("certificates", view.seen.len().into()),
                ("shown", shown.len().into()),
                ("findings", findings.len().into()),
                ("errors", unread.into()),
                ("links", (errors.len() - unread).into()),
            ],
        );
        writeln!(session.out, "{summary}")?;
        tell_errors(&errors, session)?;
    }
    if let Some(failure) = failure {
        return Err(Stop::new(Exit::Io, failure.message.to_string()).into());
    }
    let serious = findings.iter().any(|finding| finding.severity >= Severity::Warning);
    Ok(if serious || unread > 0 { Exit::No } else { Exit::Done })
}

/// A link out of the folder was left alone on purpose; what it leads to was not asked for.
const LINK_OUT: &str = "link_out_of_root";
/// Places told one by one for each reason; the rest are counted.
const TOLD: usize = 3;

/// Why something could not be read, in the language of the texts; a reason they do not know keeps the message of the reader.
pub(super) fn reason_in_words(reason: &str, message: &str, texts: &Texts) -> String {
    texts.say("file-reason", &[("reason", reason.into()), ("message", message.into())])
}

/// The first few places of each reason, then how many more.
fn tell_errors(errors: &[ItemError], session: &mut Session<'_>) -> anyhow::Result<()> {
    let mut by_reason: BTreeMap<&str, Vec<&ItemError>> = BTreeMap::new();
    for error in errors {
        by_reason.entry(&error.problem.reason).or_default().push(error);
    }
    for (reason, errors) in by_reason {
        for error in errors.iter().take(TOLD) {
            let said = reason_in_words(reason, &error.problem.message, &session.texts);
            writeln!(session.err, "{}: {} ({reason})", visible(&error.place), visible(&said))?;
        }
        if let Some(more) = errors.len().checked_sub(TOLD).filter(|more| *more > 0) {
            writeln!(
                session.err,
                "{}",
                session.texts.say("scan-more-errors", &[("count", more.into()), ("reason", reason.into())])
            )?;
        }
    }
    Ok(())
}
