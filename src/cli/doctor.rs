//! `vigie doctor`: everything the service depends on, one line each, with the cure.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, ToSocketAddrs as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::client;
use super::exit::Exit;
use super::table::visible;
use super::{Session, print_json};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Config, SmtpConfig, WebhookConfig};
use crate::domain::notice::SendOutcome;
use crate::domain::observation::FilePath;
use crate::notify::email::Smtp;
use crate::notify::hook;
use crate::notify::render::Renderer;
use crate::notify::webhook::Webhook;
use crate::revocation::{Denied, Gate};
use crate::sources::anchors;
use crate::sources::smart_card;

/// Before this, a clock was never set: 2026-01-01.
const BUILT_AFTER: i64 = 1_767_225_600;
/// The longest anybody waits for a relay at the terminal.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warn,
    Fail,
}

struct Line {
    level: Level,
    what: String,
    said: String,
    cure: Option<String>,
}

#[derive(Default)]
struct Report(Vec<Line>);

impl Report {
    fn ok(&mut self, what: impl Into<String>, said: impl Into<String>) {
        self.0.push(Line { level: Level::Ok, what: what.into(), said: said.into(), cure: None });
    }

    fn warn(&mut self, what: impl Into<String>, said: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Line { level: Level::Warn, what: what.into(), said: said.into(), cure: Some(cure.into()) });
    }

    fn fail(&mut self, what: impl Into<String>, said: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Line { level: Level::Fail, what: what.into(), said: said.into(), cure: Some(cure.into()) });
    }
}

/// 0 when nothing fails, 1 otherwise.
pub(super) fn run(session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let mut report = Report::default();
    clock(&mut report, session);
    match config::load(&session.common.config) {
        Ok(loaded) => {
            let said = session.texts.word("doctor-config-ok");
            report.ok("configuration", format!("{} {said}", session.common.config.display()));
            for odd in &loaded.warnings.0 {
                let said = format!("{}: {} {}", odd.place, odd.key, odd.message(session.lang));
                report.warn("configuration", said, odd.cure(session.lang));
            }
            of_config(&mut report, session, &loaded.config);
        }
        Err(mistakes) => {
            report.fail("configuration", mistakes.render(session.lang), session.texts.word("doctor-config-cure"));
        }
    }
    cards(&mut report, session);
    let worst = report.0.iter().map(|line| line.level).max().unwrap_or(Level::Ok);
    let word = |level: Level| match level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fail => "fail",
    };
    if session.common.json {
        let lines: Vec<_> = report
            .0
            .iter()
            .map(|line| json!({ "check": line.what, "level": word(line.level), "message": line.said, "cure": line.cure }))
            .collect();
        print_json(session, &json!({ "checks": lines, "worst": word(worst) }))?;
    } else {
        let width = report.0.iter().map(|line| line.what.chars().count()).max().unwrap_or(0);
        for line in &report.0 {
            writeln!(session.out, "{:<4} {:<width$}  {}", word(line.level), line.what, visible(&line.said))?;
            if let Some(cure) = &line.cure {
                writeln!(session.out, "     → {}", visible(cure))?;
            }
        }
    }
    Ok(if worst == Level::Fail { Exit::No } else { Exit::Done })
}

fn of_config(report: &mut Report, session: &Session<'_>, config: &Config) {
    let word = |key: &str| session.texts.word(key);
    state_folder(report, session, &config.state_dir);
    if config.store.url.starts_with("sqlite:") {
        let path = config.store.url.trim_start_matches("sqlite://").split('?').next().unwrap_or_default();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                report.ok("database", format!("{path} ({} KiB)", metadata.len() / 1024))
            }
            Ok(_) => {
                report.fail("database", format!("{path}: {}", word("doctor-not-a-file")), word("doctor-database-cure"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                report.ok("database", format!("{path} {}", word("doctor-database-first")));
            }
            Err(error) => report.fail("database", format!("{path}: {error}"), word("doctor-rights-cure")),
        }
    }
    let running = UnixStream::connect(&config.http.socket).is_ok();
    if running {
        report.ok("service", format!("{} {}", config.http.socket.display(), word("doctor-service-answers")));
    } else {
        let said = format!("{} {}", config.http.socket.display(), word("doctor-service-silent"));
        report.warn("service", said, word("doctor-service-cure"));
    }
    if let Some(address) = config.http.listen.filter(|_| !running) {
        match TcpListener::bind(address) {
            Ok(_) => report.ok("listener", format!("{address} {}", word("doctor-port-free"))),
            Err(error) => report.fail("listener", format!("{address}: {error}"), word("doctor-port-cure")),
        }
    }
    let found = anchors::load(&config.trust.anchors);
    for error in &found.errors {
        report.warn("anchors", format!("{}: {}", error.place, error.problem.message), word("doctor-anchors-cure"));
    }
    match found.anchors.len() {
        0 => report.warn("anchors", word("doctor-anchors-none"), word("doctor-anchors-cure")),
        count => report.ok("anchors", session.texts.say("doctor-anchors", &[("count", (count as i64).into())])),
    }
    channels(report, session, config);
    for declared in config.declaration.certificates.values() {
        let what = format!("certificate {}", declared.id);
        let paths = declared.paths();
        let readable = paths.iter().filter(|path| readable(report, session, &what, path)).count();
        if readable == paths.len() && readable > 0 {
            report.ok(what, session.texts.say("doctor-files", &[("count", (readable as i64).into())]));
        }
    }
    list_hosts(report, session, config);
    let endpoints = config.declaration.certificates.values().flat_map(|declared| &declared.endpoints);
    let hosts: BTreeSet<(&str, u16)> = endpoints.map(|endpoint| (endpoint.host.as_str(), endpoint.port)).collect();
    for (host, port) in hosts {
        resolves(report, session, host, port);
    }
}

/// The relay is asked, targets are connected to, hooks are looked at. That none is configured, or that the hooks folder is not fit, was
/// said with the configuration.
fn channels(report: &mut Report, session: &Session<'_>, config: &Config) {
    let word = |key: &str| session.texts.word(key);
    if let Some(smtp) = &config.notify.smtp {
        let place = format!("{}:{}", smtp.host, smtp.port);
        // A person waits for the answer.
        let smtp = SmtpConfig { timeout: smtp.timeout.min(PATIENCE), ..smtp.clone() };
        let renderer = Arc::new(Renderer::new(config.lang, config.timezone));
        let relay = Smtp::new(smtp, &config.node, renderer);
        tried(report, "smtp", &place, &word("doctor-smtp-cure"), relay.try_out());
    }
    let renderer = Arc::new(Renderer::new(config.lang, config.timezone));
    for webhook in &config.notify.webhooks {
        let webhook = WebhookConfig { timeout: webhook.timeout.min(PATIENCE), ..webhook.clone() };
        // Its name: the address may be its secret.
        let place = webhook.name.clone();
        let target = Webhook::new(webhook, Arc::clone(&renderer), SystemClock::shared());
        tried(report, "webhook", &place, &word("doctor-webhook-cure"), target.try_out());
    }
    if let Some(hooks) = &config.notify.hooks {
        let (good, unfit) = hook::executables(&hooks.folder);
        for file in unfit.iter().filter(|file| file.path != hooks.folder) {
            report.warn("hooks", file.to_string(), word("doctor-hooks-cure"));
        }
        let said = session.texts.say("doctor-hooks", &[("count", good.len().into())]);
        report.ok("hooks", format!("{} {said}", hooks.folder.display()));
    }
}

/// What came of trying a channel out.
fn tried(report: &mut Report, what: &str, place: &str, cure: &str, trying: impl Future<Output = SendOutcome>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(trying)) {
        Ok(SendOutcome::Delivered { answer }) => report.ok(what, format!("{place} {answer}")),
        Ok(SendOutcome::Later { reason, answer, .. } | SendOutcome::Refused { reason, answer }) => {
            report.fail(what, format!("{place}: {answer} ({reason})"), cure);
        }
        Err(error) => report.fail(what, format!("{place}: {error}"), cure),
    }
}

/// The hosts lists come from: each resolves, and to where it may lead.
fn list_hosts(report: &mut Report, session: &Session<'_>, config: &Config) {
    let word = |key: &str| session.texts.word(key);
    let settings = &config.revocation;
    if settings.hosts.is_empty() && settings.urls.is_empty() && settings.files.is_empty() {
        report.warn("crls", word("doctor-crls-none"), word("doctor-crls-cure"));
    }
    if let Some(proxy) = &settings.proxy {
        report.ok("crls", session.texts.say("doctor-crls-proxy", &[("proxy", proxy.as_str().into())]));
        return;
    }
    let gate = Gate::new(settings);
    for host in &settings.hosts {
        match (host.as_str(), 0).to_socket_addrs() {
            Ok(addresses) => {
                match addresses.map(|found| gate.reaches(host, found.ip()).map(|()| found.ip())).find(Result::is_err) {
                    Some(Err(Denied::Network { address, .. })) => {
                        let said = format!("{host} {} {address}", word("doctor-crls-private"));
                        report.warn("crls", said, word("doctor-crls-network-cure"));
                    }
                    _ => report.ok("crls", host),
                }
            }
            Err(error) => report.warn("crls", format!("{host}: {error}"), word("doctor-crls-cure")),
        }
    }
}

fn state_folder(report: &mut Report, session: &Session<'_>, path: &Path) {
    let word = |key: &str| session.texts.word(key);
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            report.warn(
                "state",
                format!("{} {}", path.display(), word("doctor-state-missing")),
                word("doctor-state-cure"),
            );
        }
        Err(error) => report.fail("state", format!("{}: {error}", path.display()), word("doctor-rights-cure")),
        Ok(metadata) if !metadata.is_dir() => {
            report.fail(
                "state",
                format!("{}: {}", path.display(), word("doctor-not-a-folder")),
                word("doctor-state-cure"),
            );
        }
        Ok(metadata) if metadata.permissions().mode() & 0o007 != 0 => {
            let said =
                format!("{} {} {:o}", path.display(), word("doctor-state-open"), metadata.permissions().mode() & 0o777);
            report.warn("state", said, format!("chmod o-rwx {}", path.display()));
        }
        Ok(metadata) => match rustix::fs::access(path, rustix::fs::Access::WRITE_OK) {
            Ok(()) => report.ok("state", format!("{} (uid {})", path.display(), metadata.uid())),
            Err(error) => report.warn("state", format!("{}: {error}", path.display()), word("doctor-rights-cure")),
        },
    }
}

/// Tells what stands in the way of reading a file.
fn readable(report: &mut Report, session: &Session<'_>, what: &str, path: &FilePath) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let as_path = Path::new(std::ffi::OsStr::from_bytes(&path.0));
    match fs::File::open(as_path) {
        Ok(_) => true,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            report.warn(what, format!("{path}: {error}"), session.texts.word("doctor-file-missing"));
            false
        }
        Err(error) => {
            report.fail(what, format!("{path}: {error}"), session.texts.word("doctor-rights-cure"));
            false
        }
    }
}

fn resolves(report: &mut Report, session: &Session<'_>, host: &str, port: u16) {
    match (host, port).to_socket_addrs().map(|addresses| addresses.count()) {
        Ok(count) if count > 0 => report.ok("dns", host),
        Ok(_) => report.fail("dns", host, session.texts.word("doctor-dns-cure")),
        Err(error) => report.fail("dns", format!("{host}: {error}"), session.texts.word("doctor-dns-cure")),
    }
}

fn clock(report: &mut Report, session: &Session<'_>) {
    let now = SystemClock::new().now();
    if now.unix() < BUILT_AFTER {
        report.fail("clock", now.to_string(), session.texts.word("doctor-clock-cure"));
    } else {
        report.ok("clock", now.to_string());
    }
}

/// What the daemon sees counts: pcscd may answer the caller and refuse the service. Without a daemon, what the caller sees.
fn cards(report: &mut Report, session: &Session<'_>) {
    let answer = client::get(session, "/api/v1/cards?limit=1").ok();
    match answer.as_ref().and_then(|answer| answer.get("readers")).filter(|readers| readers.is_object()) {
        Some(readers) => cards_of_service(report, session, readers),
        None => cards_of_caller(report, session, answer.is_some()),
    }
}

fn cards_of_service(report: &mut Report, session: &Session<'_>, readers: &Value) {
    let text = |path: &str| readers.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let seen = session.texts.word("doctor-pcscd-service");
    if text("/service") == "reached" {
        let count = readers.get("readers").and_then(Value::as_array).map_or(0, Vec::len);
        let said = session.texts.say("doctor-readers", &[("count", count.into())]);
        report.ok("pcscd", format!("{said} ({seen})"));
        readers_in_trouble(report, session, readers);
    } else {
        let (reason, message) = match text("/problem/reason") {
            "" => ("pcscd_silent", "pcscd has not answered yet"),
            reason => (reason, text("/problem/message")),
        };
        let why = super::card::why(reason, message, session);
        report.warn("pcscd", format!("{why} ({reason}, {seen})"), session.texts.word(pcscd_cure(reason)));
    }
    match (text("/pkcs11/module"), text("/pkcs11/problem/reason")) {
        ("", _) => {}
        (module, "") => report.ok("pkcs11", module),
        (module, reason) => {
            let why = super::card::why(reason, text("/pkcs11/problem/message"), session);
            report.warn("pkcs11", format!("{module}: {why} ({reason})"), session.texts.word("doctor-pkcs11-cure"));
        }
    }
}

/// A reader that gives nothing of the card in it, each with what to do. polkit may let a service ask what readers there are, and still
/// keep the cards in them from it.
fn readers_in_trouble(report: &mut Report, session: &Session<'_>, readers: &Value) {
    for reader in readers.get("readers").and_then(Value::as_array).into_iter().flatten() {
        let text = |path: &str| reader.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let reason = text("/problem/reason");
        // Another program at work with its card is nothing to mend.
        if matches!(reason, "" | "card_in_use") {
            continue;
        }
        let why = super::card::why(reason, text("/problem/message"), session);
        let cure = if reason == "pcscd_refused" { pcscd_cure(reason) } else { "doctor-reader-cure" };
        report.warn("reader", format!("{}: {why} ({reason})", text("/name")), session.texts.word(cure));
    }
}

fn cards_of_caller(report: &mut Report, session: &Session<'_>, service_answers: bool) {
    let seen = match (service_answers, rustix::process::geteuid().is_root()) {
        // It watches no reader: what it would see is not at stake.
        (true, _) => session.texts.word("card-none-watched"),
        (false, true) => session.texts.word("doctor-pcscd-root"),
        (false, false) => session.texts.word("doctor-pcscd-caller"),
    };
    // A pcscd that hangs must not hang the doctor.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(smart_card::probe()).is_ok());
    match receiver.recv_timeout(Duration::from_secs(5)) {
        Ok(Ok(readers)) => {
            let said = session.texts.say("doctor-readers", &[("count", readers.len().into())]);
            report.ok("pcscd", format!("{said} ({seen})"));
        }
        Ok(Err(error)) => {
            let why = super::card::why(error.reason(), &error.to_string(), session);
            let said = format!("{why} ({}, {seen})", error.reason());
            report.warn("pcscd", said, session.texts.word(pcscd_cure(error.reason())));
        }
        Err(_) => {
            report.warn("pcscd", session.texts.word("doctor-pcscd-hangs"), session.texts.word("doctor-pcscd-cure"))
        }
    }
}

const fn pcscd_cure(reason: &str) -> &'static str {
    match reason.as_bytes() {
        b"pcscd_refused" => "doctor-pcscd-polkit",
        _ => "doctor-pcscd-cure",
    }
}
