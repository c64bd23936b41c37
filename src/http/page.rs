//! The pages: server-rendered, French first, no script. They read the snapshot the API reads.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Shared;
use super::access::{is_browser, note_failed_sign_in};
use super::answer::{InWords, blocking, store_problem, texts};
use super::asked::{self, Id, Query};
use super::page_alerts::{self, AlertSection};
use super::page_cards::{self, CardSection};
use super::problem::ApiProblem;
use super::refusals::Refused;
use crate::domain::finding::{FindingRecord, Severity};
use crate::domain::lang::Lang;
use crate::domain::line::harmless;
use crate::domain::time::Timestamp;
use crate::engine::listing::{Entry, Row};
use crate::engine::snapshot::{Snapshot, Worst};
use crate::engine::speaking;
use crate::locale::Texts;
use crate::store::Told;

/// Findings and rows a page shows before it sends the reader to the list.
const MOST: usize = 200;

struct Frame {
    lang: &'static str,
    other_lang: Option<&'static str>,
    other_lang_name: &'static str,
    title: String,
    node: String,
    footer: String,
}

struct Words {
    todo: String,
    nothing_to_do: String,
    since: String,
    certificates: String,
    certificate: String,
    product: String,
    state: String,
    end: String,
    days_left: String,
    impacts: String,
    lists: String,
    issuer: String,
    number: String,
    entries: String,
    sources: String,
    source: String,
    last_run: String,
    seen: String,
    errors: String,
    back: String,
    locations: String,
    nowhere: String,
    sign_in: String,
    token: String,
    token_help: String,
    enter: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    words: Words,
    worst: &'static str,
    headline: String,
    last_scan: String,
    store_failure: Option<String>,
    counts: Vec<(String, usize)>,
    findings: Vec<FindingLine>,
    more_findings: Option<String>,
    rows: Vec<CertificateLine>,
    more_rows: Option<String>,
    cards: Option<CardSection>,
    sources: Vec<SourceLine>,
    alerts: AlertSection,
    lists: Vec<ListLine>,
}

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    frame: Frame,
    words: Words,
    name: String,
    findings: Vec<FindingLine>,
    facts: Vec<(String, String)>,
    locations: Vec<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    words: Words,
    error: Option<String>,
    token_file: String,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
    explanation: String,
    back: String,
}

struct FindingLine {
    severity: &'static str,
    severity_word: String,
    title: String,
    subject: String,
    link: Option<String>,
    text: String,
    reference: String,
    since: String,
}

struct CertificateLine {
    name: String,
    link: String,
    product: String,
    validity: String,
    severity: &'static str,
    end: String,
    days_left: String,
    impacts: String,
}

struct ListLine {
    issuer: String,
    number: String,
    state: String,
    severity: &'static str,
    until: String,
    entries: u64,
}

struct SourceLine {
    name: String,
    state: String,
    severity: &'static str,
    last_run: String,
    seen: u64,
    errors: u64,
}

pub(super) async fn overview(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<InWords>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let texts = texts(&snapshot, query.lang);
    let alerts: Vec<i64> =
        page_alerts::shown(&snapshot).iter().map(|alert| speaking(&snapshot.alerts, alert).id).collect();
    // The page is there while the database is not; who was told is what it then does not say.
    let told = shared.store.told(&alerts).await.map_err(|error| store_problem(&error)).ok();
    blocking(move || render(&overview_of(&snapshot, told.as_ref(), &texts, now))).await
}

fn overview_of(snapshot: &Snapshot, told: Option<&HashMap<i64, Told>>, texts: &Texts, now: Timestamp) -> Overview {
    let word = |key: &str| texts.word(key);
    let status = &snapshot.status;
    let listing = snapshot.listing(now);
    let mut open: Vec<&FindingRecord> = snapshot.findings.values().collect();
    open.sort_by_key(|record| std::cmp::Reverse(record.finding.severity));
    let rows: Vec<&Row> = listing.rows.iter().filter(|row| row.watched).collect();
    let counts = &status.counts;
    let date = |at: Timestamp| texts.date_time(at, snapshot.config.timezone);
    Overview {
        frame: frame(snapshot, texts, word("page-overview")),
        words: words(texts),
        worst: match status.worst {
            Worst::Ok => "ok",
            Worst::Warning => "warning",
            Worst::Critical => "critical",
            Worst::Unknown => "unknown",
        },
        headline: word(match status.worst {
            Worst::Ok => "headline-ok",
            Worst::Warning => "headline-warning",
            Worst::Critical => "headline-critical",
            Worst::Unknown => "headline-unknown",
        }),
        last_scan: match &status.last_scan {
            Some(scan) => format!("{} {}", word("last-scan"), date(scan.finished_at)),
            None => word("never-scanned"),
        },
        store_failure: status.store_failure.clone(),
        counts: [
            ("count-declared", counts.declared),
            ("count-found", counts.found),
            ("count-missing", counts.missing),
            ("count-undeclared", counts.undeclared),
            ("count-expiring", counts.expiring),
            ("count-expired", counts.expired),
            ("count-revoked", counts.revoked),
            ("count-unknown-revocation", counts.unknown_revocation),
        ]
        .map(|(key, count)| (texts.say(key, &[("count", count.into())]), count))
        .to_vec(),
        more_findings: more(texts, open.len()),
        findings: open.iter().take(MOST).map(|record| finding_line(record, snapshot, texts, now)).collect(),
        more_rows: more(texts, rows.len()),
        rows: rows
            .iter()
            .take(MOST)
            .map(|row| certificate_line(&listing.entry(row, snapshot, now), texts, snapshot))
            .collect(),
        cards: page_cards::section(snapshot, texts, now),
        lists: list_lines(snapshot, texts, now),
        sources: snapshot
            .inventory
            .sources
            .iter()
            .map(|(name, state)| SourceLine {
                name: name.to_string(),
                state: match &state.failure {
                    None => word("source-ok"),
                    Some(failure) => format!("{}: {}", word("source-failed"), failure.message),
                },
                severity: if state.failure.is_some() { "critical" } else { "ok" },
                last_run: state.last_run.map(date).unwrap_or_default(),
                seen: state.seen,
                errors: state.error_count,
            })
            .collect(),
        alerts: page_alerts::section(snapshot, told, texts, now),
    }
}

fn list_lines(snapshot: &Snapshot, texts: &Texts, now: Timestamp) -> Vec<ListLine> {
    let margin = snapshot.config.policy.crl_margin();
    let lists = snapshot.inventory.revocation.lists.values().filter(|state| state.followed).take(MOST);
    lists
        .map(|state| {
            let freshness = crate::engine::freshness(state, margin, now);
            let held = state.held.as_ref();
            let word = texts.word(&format!("crl-is-{}", freshness.replace('_', "-")));
            ListLine {
                issuer: state.issuer.to_string(),
                number: held.and_then(|held| held.number.as_deref()).unwrap_or("-").to_owned(),
                state: match &state.failure {
                    None => word,
                    Some(failure) => format!("{word} · {}", failure.message),
                },
                severity: match freshness {
                    "fresh" if state.failure.is_none() => "ok",
                    "fresh" | "near_stale" => "warning",
                    _ => "critical",
                },
                until: held
                    .and_then(|held| held.next_update)
                    .map(|next| texts.date_time(next, snapshot.config.timezone))
                    .unwrap_or_default(),
                entries: held.map_or(0, |held| held.entries),
            }
        })
        .collect()
}

pub(super) async fn certificate(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    Query(query): Query<InWords>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let texts = texts(&snapshot, query.lang);
    let browser = is_browser(&headers);
    let page = blocking(move || {
        let listing = snapshot.listing(now);
        let Some(row) = listing.find(&id) else {
            return browser.then(|| no_such_certificate(&snapshot, &texts));
        };
        let entry = listing.entry(row, &snapshot, now);
        let findings = listing.findings(row, &snapshot);
        Some(render(&CertificatePage {
            frame: frame(&snapshot, &texts, name_of(&entry)),
            words: words(&texts),
            name: name_of(&entry),
            findings: findings.into_iter().map(|record| finding_line(record, &snapshot, &texts, now)).collect(),
            facts: facts(&entry, &texts, &snapshot),
            locations: entry.locations.iter().map(|place| format!("{} ({})", place.location, place.source)).collect(),
        }))
    });
    page.await?.ok_or_else(|| ApiProblem::not_found("no such certificate"))
}

fn no_such_certificate(snapshot: &Snapshot, texts: &Texts) -> Response {
    let mut response = render(&Missing {
        frame: frame(snapshot, texts, texts.word("no-such-certificate")),
        explanation: texts.word("no-such-certificate-why"),
        back: texts.word("back"),
    });
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn facts(entry: &Entry<'_>, texts: &Texts, snapshot: &Snapshot) -> Vec<(String, String)> {
    let date = |at: Timestamp| texts.date_time(at, snapshot.config.timezone);
    let profile = entry.profile;
    let structure = profile.and_then(|profile| profile.structure.as_ref());
    let lines = [
        ("validity", Some(texts.word(&format!("validity-{}", entry.validity.as_str())))),
        ("revocation", entry.revocation.map(|status| texts.word(&format!("revocation-is-{status}")))),
        ("structure", entry.structure.map(ToString::to_string)),
        ("product", Some(product(entry)).filter(|text| !text.is_empty())),
        ("impacts", Some(entry.impacts.join(", ")).filter(|text| !text.is_empty())),
        ("subject", entry.subject.map(str::to_owned)),
        ("issuer", entry.issuer.map(str::to_owned)),
        ("serial-number", entry.serial_number.clone()),
        ("not-before", entry.not_before.map(date)),
        ("not-after", entry.not_after.map(date)),
        ("private-key-usage", entry.private_key_usage_not_after.map(date)),
        ("days-left", entry.days_left.map(|days| days.to_string())),
        ("environment", profile.and_then(|profile| profile.environment).map(|word| word.to_string())),
        ("gamme", profile.and_then(|profile| profile.gamme).map(|word| word.to_string())),
        ("structure-number", structure.map(|found| found.id.to_string())),
        ("key", entry.key.clone()),
        ("signature-algorithm", entry.signature_algorithm.map(str::to_owned)),
        ("san", Some(entry.san.join(", ")).filter(|text| !text.is_empty())),
        ("sha256", entry.sha256.map(|fingerprint| fingerprint.to_string())),
        ("spki-sha256", entry.spki_sha256.map(|fingerprint| fingerprint.to_string())),
        ("path", entry.path.clone()),
        ("endpoints", Some(entry.endpoints.join(", ")).filter(|text| !text.is_empty())),
        ("first-seen", entry.first_seen.map(date)),
    ];
    lines.into_iter().filter_map(|(key, value)| Some((texts.word(&format!("fact-{key}")), value?))).collect()
}

pub(super) async fn login_form(State(shared): State<Arc<Shared>>) -> Response {
    let mut form = sign_in(&shared, None);
    // Asked for by its own address nothing was refused.
    *form.status_mut() = StatusCode::OK;
    form
}

/// The sign-in form, as an answer to a page request of nobody.
pub(super) fn sign_in(shared: &Shared, error: Option<&str>) -> Response {
    let snapshot = shared.handle.snapshot();
    let texts = Texts::new(snapshot.config.lang);
    let page = Login {
        frame: Frame { other_lang: None, footer: String::new(), ..frame(&snapshot, &texts, texts.word("sign-in")) },
        words: words(&texts),
        error: error.map(|key| texts.word(key)),
        token_file: snapshot.config.http.token_file.display().to_string(),
    };
    let mut response = render(&page);
    *response.status_mut() = if error.is_some() { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    response
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

pub(super) async fn login(State(shared): State<Arc<Shared>>, body: Body) -> Response {
    let body = match asked::body(body).await {
        Ok(body) => body,
        Err(problem) => {
            note_failed_sign_in(&shared, Refused::Noise, &problem);
            return problem.into_response();
        }
    };
    let given = serde_urlencoded::from_bytes::<Credentials>(&body).map(|form| form.token).unwrap_or_default();
    if !shared.token.matches(given.trim()) {
        note_failed_sign_in(&shared, Refused::Attempt, &ApiProblem::unauthorized());
        return sign_in(&shared, Some("wrong-token"));
    }
    match random_hex() {
        Ok(secret) => {
            let cookie = shared.sessions.open(secret, shared.clock.monotonic());
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Err(error) => {
            tracing::error!(error = %error, "no randomness for a session");
            ApiProblem::internal().into_response()
        }
    }
}

pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("pages/vigie.css")).into_response()
}

fn random_hex() -> Result<String, rustix::io::Errno> {
    let mut bytes = [0; 32];
    let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    if filled < bytes.len() {
        return Err(rustix::io::Errno::AGAIN);
    }
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        // Names are what anybody wrote into a certificate or a folder.
        Ok(text) => Html(harmless(text)).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a page could not be rendered");
            ApiProblem::internal().into_response()
        }
    }
}

fn frame(snapshot: &Snapshot, texts: &Texts, title: String) -> Frame {
    let (other_lang, other_lang_name) = match texts.lang() {
        Lang::Fr => ("en", "English"),
        Lang::En => ("fr", "Français"),
    };
    let audit = snapshot.status.audit;
    Frame {
        lang: texts.lang().as_str(),
        other_lang: Some(other_lang),
        other_lang_name,
        title,
        node: snapshot.status.node.clone(),
        footer: format!(
            "Vigie {} · {} {}:{}",
            snapshot.status.version,
            texts.word("audit-head"),
            audit.seq,
            audit.head
        ),
    }
}

fn words(texts: &Texts) -> Words {
    let word = |key: &str| texts.word(key);
    Words {
        todo: word("todo"),
        nothing_to_do: word("nothing-to-do"),
        since: word("since"),
        certificates: word("certificates"),
        certificate: word("certificate"),
        product: word("fact-product"),
        state: word("state"),
        end: word("end"),
        days_left: word("fact-days-left"),
        impacts: word("fact-impacts"),
        lists: word("lists"),
        issuer: word("fact-issuer"),
        number: word("list-number"),
        entries: word("list-entries"),
        sources: word("sources"),
        source: word("source"),
        last_run: word("last-run"),
        seen: word("seen"),
        errors: word("errors"),
        back: word("back"),
        locations: word("locations"),
        nowhere: word("nowhere"),
        sign_in: word("sign-in"),
        token: word("token"),
        token_help: word("token-help"),
        enter: word("enter"),
    }
}

fn finding_line(record: &FindingRecord, snapshot: &Snapshot, texts: &Texts, now: Timestamp) -> FindingLine {
    let finding = &record.finding;
    let subject = &*finding.key.subject;
    let bare = subject.split_once(" @ ").map_or(subject, |(bare, _)| bare);
    let id = bare.strip_prefix("certificate:").or_else(|| bare.starts_with("sha256:").then_some(bare));
    let said = texts.finding(finding, now, snapshot.config.timezone);
    let text = said.sentences();
    FindingLine {
        severity: finding.severity.as_str(),
        severity_word: texts.word(&format!("severity-{}", finding.severity)),
        title: said.title,
        subject: short(subject.strip_prefix("certificate:").unwrap_or(subject)),
        link: id.map(|id| format!("/certificates/{id}?lang={}", texts.lang())),
        text,
        reference: said.reference.unwrap_or_default(),
        since: texts.date_time(record.since, snapshot.config.timezone),
    }
}

fn certificate_line(entry: &Entry<'_>, texts: &Texts, snapshot: &Snapshot) -> CertificateLine {
    CertificateLine {
        name: name_of(entry),
        link: format!("/certificates/{}?lang={}", entry.id, texts.lang()),
        product: product(entry),
        validity: texts.word(&format!("validity-{}", entry.validity.as_str())),
        severity: entry.severity.unwrap_or(Severity::Info).as_str(),
        end: entry.end.map(|end| texts.date(end, snapshot.config.timezone)).unwrap_or_default(),
        days_left: entry.days_left.map(|days| days.to_string()).unwrap_or_default(),
        impacts: entry.impacts.join(", "),
    }
}

fn product(entry: &Entry<'_>) -> String {
    let profile = entry.profile;
    let offer = entry.offer.or_else(|| profile.and_then(|profile| profile.offer));
    let usage = entry.usage.or_else(|| profile.and_then(|profile| profile.usage));
    let words = offer.map(|offer| offer.as_str()).into_iter().chain(usage.map(|usage| usage.as_str()));
    words.collect::<Vec<_>>().join(" ")
}

/// The declared id, or a short form of the fingerprint.
fn name_of(entry: &Entry<'_>) -> String {
    short(&entry.id)
}

fn short(text: &str) -> String {
    let cut = text.split_once("sha256:").and_then(|(before, hex)| Some((before, hex.get(..16)?, hex.get(64..)?)));
    cut.map_or_else(|| text.to_owned(), |(before, head, after)| format!("{before}sha256:{head}…{after}"))
}

fn more(texts: &Texts, total: usize) -> Option<String> {
    (total > MOST).then(|| texts.say("more", &[("count", (total - MOST).to_string().into())]))
}
