//! `/metrics`, Prometheus text format 0.0.4. Generic names are those of x509-certificate-exporter, so that dashboards and alert
//! rules people already have work unchanged; ours begin with `vigie_`. No name of a person, no RPPS, in a label: a certificate
//! that names somebody carries its fingerprint and its declared id only.

mod revocation;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::answer::blocking;
use super::problem::ApiProblem;
use crate::domain::certificate::Certificate;
use crate::domain::distinguished_name;
use crate::domain::finding::Severity;
use crate::domain::identifier::CardNumber;
use crate::domain::line::harmless;
use crate::domain::observation::Location;
use crate::domain::profile::{IgcDomain, Support};
use crate::domain::time::Timestamp;
use crate::engine::card_listing;
use crate::engine::listing::{Row, Validity};
use crate::engine::snapshot::{Snapshot, Worst};

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let text = blocking(move || harmless(render(&snapshot, now))).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Alerts and messages. Labels name channels, never addresses.
fn alerts(page: &mut Metrics, snapshot: &Snapshot) {
    page.family("vigie_alerts", "gauge", "Open alerts by severity.");
    for severity in Severity::ALL {
        let count = snapshot.alerts.values().filter(|alert| alert.finding.severity == *severity).count();
        page.sample("vigie_alerts", &[("severity", severity.as_str())], count as i64);
    }
    let counts = snapshot.status.alerts;
    page.family("vigie_alerts_unreachable", "gauge", "Open alerts that nobody can be told of.");
    page.sample("vigie_alerts_unreachable", &[], counts.unreachable as i64);
    page.family(
        "vigie_deliveries",
        "gauge",
        "Messages still to be sent, and those that failed for good in thirty days.",
    );
    page.sample("vigie_deliveries", &[("state", "pending")], snapshot.status.deliveries.pending as i64);
    page.sample("vigie_deliveries", &[("state", "failed")], snapshot.status.deliveries.failed as i64);
    page.family(
        "vigie_notification_last_success_timestamp_seconds",
        "gauge",
        "Last message the other side took; 0 before the first.",
    );
    for (channel, health) in &snapshot.status.channels {
        let at = health.last_success.map_or(0, Timestamp::unix);
        page.sample("vigie_notification_last_success_timestamp_seconds", &[("channel", channel)], at);
    }
    page.family(
        "vigie_notification_failing_since_timestamp_seconds",
        "gauge",
        "First of the failures in a row; 0 while messages leave.",
    );
    for (channel, health) in &snapshot.status.channels {
        let at = health.failing_since.map_or(0, Timestamp::unix);
        page.sample("vigie_notification_failing_since_timestamp_seconds", &[("channel", channel)], at);
    }
    page.family("vigie_notification_failures_total", "counter", "Attempts that failed since the start.");
    for channel in snapshot.status.channels.keys() {
        let failed = |(known, _): &(String, String)| known == channel;
        let mut reasons: Vec<(&str, i64)> = snapshot
            .failures
            .iter()
            .filter(|(key, _)| failed(key))
            .map(|((_, reason), count)| (reason.as_str(), i64::try_from(*count).unwrap_or(i64::MAX)))
            .collect();
        if reasons.is_empty() {
            reasons.push(("none", 0));
        }
        for (reason, count) in reasons {
            page.sample("vigie_notification_failures_total", &[("channel", channel), ("reason", reason)], count);
        }
    }
}

/// One page of metrics. Series that exist at all exist at zero.
fn render(snapshot: &Snapshot, now: Timestamp) -> String {
    let mut page = Metrics::default();
    let listing = snapshot.listing(now);
    let named = snapshot.inventory.declaration.named_cards();
    let declared: BTreeSet<&CardNumber> = named.iter().map(|card| card.number).collect();
    let watched: Vec<&Row> =
        listing.rows.iter().filter(|row| row.watched && !is_of_a_visitor(row, &declared)).collect();

    page.family("vigie_build_info", "gauge", "The running program.");
    page.sample("vigie_build_info", &[("version", snapshot.status.version)], 1);

    let entries: Vec<_> = watched.iter().map(|row| (*row, listing.entry(row, snapshot, now))).collect();
    let certificates = || {
        watched.iter().filter_map(|row| {
            let record = snapshot.inventory.certificates.get(&row.fingerprint?)?;
            Some((*row, &*record.facts))
        })
    };
    page.family("x509_cert_not_after", "gauge", "End of validity, seconds since 1970.");
    for (row, facts) in certificates() {
        page.with_labels("x509_cert_not_after", &labels(row, facts), facts.not_after.unix());
    }
    page.family("x509_cert_not_before", "gauge", "Start of validity, seconds since 1970.");
    for (row, facts) in certificates() {
        page.with_labels("x509_cert_not_before", &labels(row, facts), facts.not_before.unix());
    }
    page.family("x509_cert_expired", "gauge", "1 when the certificate is past its end.");
    for (row, facts) in certificates() {
        page.with_labels("x509_cert_expired", &labels(row, facts), i64::from(facts.not_after < now));
    }

    page.family(
        "vigie_certificate_end_timestamp_seconds",
        "gauge",
        "The date that counts: the earlier of the end of validity and of the private key usage period.",
    );
    for (_, entry) in &entries {
        if let Some(end) = entry.end {
            page.sample("vigie_certificate_end_timestamp_seconds", &[("id", &entry.id)], end.unix());
        }
    }
    page.family(
        "vigie_certificate_renewal_timestamp_seconds",
        "gauge",
        "The first alert step of the certificate: from then on it is to be renewed.",
    );
    for (row, entry) in &entries {
        let (Some(begin), Some(end)) = (entry.not_before, entry.end) else { continue };
        let declared = row.declared.as_ref().and_then(|id| snapshot.inventory.declaration.certificates.get(id));
        let steps = snapshot.config.policy.steps(declared).iter();
        if let Some(first) = steps.map(|step| step.begins(begin, end).unix()).min() {
            page.sample("vigie_certificate_renewal_timestamp_seconds", &[("id", &entry.id)], first);
        }
    }
    page.family("vigie_certificate_state", "gauge", "1 for the state a certificate is in.");
    for (_, entry) in &entries {
        let profile = match (entry.offer, entry.usage) {
            (Some(offer), Some(usage)) => format!("{offer}/{usage}"),
            _ => String::new(),
        };
        for state in Validity::ALL {
            let labels = [("id", entry.id.as_str()), ("profile", &profile), ("state", state.as_str())];
            page.sample("vigie_certificate_state", &labels, i64::from(entry.validity == state));
        }
    }

    let counts = &snapshot.status.counts;
    for (name, help, value) in [
        ("vigie_declared_total", "Certificates declared.", counts.declared),
        ("vigie_found_total", "Certificates found somewhere now.", counts.found),
        ("vigie_missing_total", "Certificates declared and not found.", counts.missing),
        ("vigie_undeclared_total", "Certificates found, of interest and not declared.", counts.undeclared),
        ("vigie_expiring_total", "Certificates inside an alert step.", counts.expiring),
        ("vigie_expired_total", "Certificates past their end.", counts.expired),
        ("vigie_revoked_total", "Certificates found that are revoked.", counts.revoked),
        (
            "vigie_revocation_unknown_total",
            "Declared certificates present whose revocation status is unknown.",
            counts.unknown_revocation,
        ),
    ] {
        page.family(name, "gauge", help);
        page.sample(name, &[], value as i64);
    }

    revocation::render(&mut page, snapshot, &entries, now);

    page.family("vigie_finding", "gauge", "Open findings by rule and severity.");
    let mut open: HashMap<(&str, Severity), i64> = HashMap::new();
    for record in snapshot.findings.values() {
        *open.entry((&*record.finding.key.code, record.finding.severity)).or_default() += 1;
    }
    for code in crate::engine::rule_codes() {
        for severity in Severity::ALL {
            let count = open.get(&(code, *severity)).copied().unwrap_or(0);
            page.sample("vigie_finding", &[("code", code), ("severity", severity.as_str())], count);
        }
    }

    alerts(&mut page, snapshot);
    let cards = card_listing::cards(&snapshot.inventory, &snapshot.findings, now);
    page.family("vigie_card_present", "gauge", "CPx cards in a reader now, by kind.");
    let mut present: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for card in cards.iter().filter(|card| card.present) {
        for reader in &card.readers {
            *present.entry((*reader, card.kind_name())).or_default() += 1;
        }
    }
    for ((reader, kind), count) in &present {
        page.sample("vigie_card_present", &[("reader", reader), ("kind", kind)], *count);
    }
    page.family(
        "vigie_card_not_after",
        "gauge",
        "End of a CPx card: the earliest end of its certificates, seconds since 1970.",
    );
    // Declared ones: a visitor's card is nobody's business here. The number of a nominative card names a person as much as an RPPS
    // does: such a card goes by its chip, and by its holder's register id.
    let mut ends: BTreeMap<(String, String, &str), i64> = BTreeMap::new();
    for (card, end) in cards.iter().filter(|card| card.declared).filter_map(|card| Some((card, card.end?))) {
        let chip = card.chip_serial.map(|chip| format!("@{chip}")).unwrap_or_default();
        let name = if card.service_card { card.id.clone() } else { chip };
        // One number on two chips is one series, and the earlier end.
        let known = ends.entry((name, card.kind_name(), card.holder.unwrap_or_default())).or_insert(end.unix());
        *known = end.unix().min(*known);
    }
    for ((card, kind, holder), end) in &ends {
        page.sample("vigie_card_not_after", &[("card", card), ("kind", kind), ("holder", holder)], *end);
    }
    page.family("vigie_card_readers_up", "gauge", "1 when pcscd can be watched; absent where no reader is.");
    if let Some(readers) = &snapshot.readers {
        page.sample("vigie_card_readers_up", &[], i64::from(readers.service == "reached"));
    }

    page.family(
        "vigie_card_pkcs11_up",
        "gauge",
        "1 when the PKCS#11 module was read; absent where none is configured.",
    );
    if let Some(module) = snapshot.readers.as_ref().and_then(|readers| readers.pkcs11.as_ref()) {
        page.sample("vigie_card_pkcs11_up", &[], i64::from(module.problem.is_none()));
    }

    page.family("x509_source_up", "gauge", "1 when the last run of the source was not refused as a whole.");
    page.each_source(snapshot, "x509_source_up", |state| {
        i64::from(state.failure.is_none() && state.last_run.is_some())
    });
    page.family("x509_source_bundles", "gauge", "Locations the last run saw.");
    page.each_source(snapshot, "x509_source_bundles", |state| state.seen as i64);
    // The generic name is said beside ours. A gauge, whatever its end suggests: the rules that go with it ask for its difference.
    for name in ["vigie_source_errors", "x509_source_errors_total"] {
        page.family(name, "gauge", "Items the last run could not read.");
        page.each_source(snapshot, name, |state| state.error_count as i64);
    }
    page.family(
        "vigie_source_last_success_timestamp_seconds",
        "gauge",
        "End of the last run that was not refused; 0 before the first.",
    );
    page.each_source(snapshot, "vigie_source_last_success_timestamp_seconds", |state| {
        state.last_success.map_or(0, Timestamp::unix)
    });

    page.family(
        "vigie_job_last_success_timestamp_seconds",
        "gauge",
        "Last end of each job in this run; 0 before the first.",
    );
    for job in crate::engine::Job::ALL {
        let at = snapshot.last_runs.iter().find(|(name, _)| *name == job.as_str()).map_or(0, |(_, at)| at.unix());
        page.sample("vigie_job_last_success_timestamp_seconds", &[("job", job.as_str())], at);
    }
    page.family("vigie_job_next_timestamp_seconds", "gauge", "Next run of each job.");
    for (job, at) in &snapshot.next_runs {
        page.sample("vigie_job_next_timestamp_seconds", &[("job", job)], at.unix());
    }
    page.family("vigie_audit_seq", "counter", "Sequence number of the last audit event.");
    page.sample("vigie_audit_seq", &[], snapshot.status.audit.seq);
    page.family("vigie_store_up", "gauge", "1 when the last commit was taken by the database.");
    page.sample("vigie_store_up", &[], i64::from(snapshot.status.store_failure.is_none()));
    page.family("vigie_worst", "gauge", "The worst that is open: 0 ok, 1 warning, 2 critical, 3 unknown.");
    let worst = match snapshot.status.worst {
        Worst::Ok => 0,
        Worst::Warning => 1,
        Worst::Critical => 2,
        Worst::Unknown => 3,
    };
    page.sample("vigie_worst", &[], worst);
    page.0
}

#[derive(Default)]
struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: i64) {
        let labels: Vec<(&str, String)> = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.with_labels(name, &labels, value);
    }

    /// Count and sum of a summary without quantiles.
    fn times(&mut self, name: &str, result: &str, (count, sum): (u64, Duration)) {
        let sum = sum.as_secs_f64();
        self.line(format_args!("{name}_sum{{result=\"{result}\"}} {sum:.3}"));
        self.line(format_args!("{name}_count{{result=\"{result}\"}} {count}"));
    }

    fn with_labels(&mut self, name: &str, labels: &[(&str, String)], value: i64) {
        let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        if pairs.is_empty() {
            self.line(format_args!("{name} {value}"));
        } else {
            self.line(format_args!("{name}{{{}}} {value}", pairs.join(",")));
        }
    }

    fn each_source(
        &mut self,
        snapshot: &Snapshot,
        name: &str,
        value: impl Fn(&crate::domain::inventory::SourceState) -> i64,
    ) {
        for (source, state) in &snapshot.inventory.sources {
            self.sample(name, &[("source_kind", &state.kind), ("source_name", source)], value(state));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        if writeln!(self.0, "{line}").is_err() {
            tracing::error!("a metric could not be written");
        }
    }
}

/// The labels of x509-certificate-exporter, as far as they name no person.
fn labels(row: &Row, facts: &Certificate) -> Vec<(&'static str, String)> {
    let profile = &facts.profile;
    let personal = profile.domain == Some(IgcDomain::Personnes)
        || profile.support == Some(Support::Card)
        || profile.person.is_some();
    let mut labels = vec![("id", row.id()), ("serial_number", decimal(facts.serial()))];
    if let Some(place) = row.places.first() {
        labels.push(("filepath", filepath(&place.location)));
        if let Location::File(path) = &place.location {
            let path = path.display();
            labels.push(("filename", path.rsplit('/').next().unwrap_or(&path).to_owned()));
        }
    }
    for (prefix, name, hidden) in [("subject", &facts.subject, personal), ("issuer", &facts.issuer, false)] {
        if hidden {
            continue;
        }
        for attribute in ["C", "ST", "L", "O", "OU", "CN"] {
            if let Some(value) = distinguished_name::attribute(name, attribute) {
                labels.push((label(prefix, attribute), value.into_owned()));
            }
        }
    }
    labels
}

const fn label(prefix: &str, attribute: &str) -> &'static str {
    let subject = prefix.len() == "subject".len();
    match (subject, attribute.as_bytes()) {
        (true, b"C") => "subject_C",
        (true, b"ST") => "subject_ST",
        (true, b"L") => "subject_L",
        (true, b"O") => "subject_O",
        (true, b"OU") => "subject_OU",
        (true, _) => "subject_CN",
        (false, b"C") => "issuer_C",
        (false, b"ST") => "issuer_ST",
        (false, b"L") => "issuer_L",
        (false, b"O") => "issuer_O",
        (false, b"OU") => "issuer_OU",
        (false, _) => "issuer_CN",
    }
}

/// A certificate that is on cards nobody declared, and nowhere else: whose it is is nobody's business here, and a series with its serial
/// number and its chip would say when that person was here. It counts in the totals.
fn is_of_a_visitor(row: &Row, declared: &BTreeSet<&CardNumber>) -> bool {
    let is_a_visitors = |location: &Location| match location {
        Location::Card(name) => name.number.as_ref().is_none_or(|number| !declared.contains(number)),
        Location::File(_) | Location::Endpoint(_) => false,
    };
    row.declared.is_none() && !row.places.is_empty() && row.places.iter().all(|place| is_a_visitors(&place.location))
}

/// A place, without the number of a card: directories lead from it to a person. Its chip leads nowhere.
fn filepath(location: &Location) -> String {
    match location {
        Location::Card(name) => format!("card:@{}", name.chip),
        Location::File(_) | Location::Endpoint(_) => location.to_string(),
    }
}

/// A serial number in decimal, as the exporter prints it.
fn decimal((negative, magnitude): (bool, Vec<u8>)) -> String {
    let mut digits: Vec<u8> = vec![0];
    for byte in magnitude {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    let sign = negative.then_some('-');
    sign.into_iter().chain(digits.iter().rev().map(|digit| char::from(b'0' + digit))).collect()
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_in_decimal() {
        let positive = |bytes: &[u8]| decimal((false, bytes.to_vec()));
        assert_eq!(positive(&[]), "0");
        assert_eq!(positive(&[0x01, 0x00]), "256");
        assert_eq!(positive(&[0xff; 16]), u128::MAX.to_string());
        assert_eq!(decimal((true, vec![5])), "-5");
    }
}
