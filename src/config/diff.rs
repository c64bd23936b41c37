//! What a reload changes, for the audit trail: keys and ids, never values that could name a person or hold a secret.

use std::collections::BTreeMap;

use super::{Config, SourceConfig};
use crate::domain::card::DeclaredCard;
use crate::domain::declaration::DeclaredCertificate;
use crate::domain::person::{DeclaredId, Mandate, Person};
use crate::domain::structure::Structure;

/// One line a change, in the order of the sample: `http.listen changed`, `certificate[dmp] added`,
/// `person[at-1] changed: mails`. Empty when nothing changes.
pub fn diff(old: &Config, new: &Config) -> Vec<String> {
    let mut lines: Vec<String> = settings(old, new).into_iter().map(|key| format!("{key} changed")).collect();
    let (before, after) = (&old.declaration, &new.declaration);
    let name = |source: &SourceConfig| source.name().to_owned();
    things("source", &by(&old.sources, name), &by(&new.sources, name), source, &mut lines);
    things("structure", &by_id(&before.structures), &by_id(&after.structures), structure, &mut lines);
    things("person", &by_id(&before.persons), &by_id(&after.persons), person, &mut lines);
    things("mandate", &mandates(&before.mandates), &mandates(&after.mandates), mandate, &mut lines);
    things("certificate", &by_id(&before.certificates), &by_id(&after.certificates), certificate, &mut lines);
    let number = |card: &DeclaredCard| card.number.to_string();
    things("card", &by(&before.cards, number), &by(&after.cards, number), card, &mut lines);
    lines
}

/// The keys outside lists of tables whose values differ.
fn settings(old: &Config, new: &Config) -> Vec<&'static str> {
    changed(&[
        ("lang", old.lang != new.lang),
        ("timezone", old.timezone != new.timezone),
        ("state_dir", old.state_dir != new.state_dir),
        ("node", old.node != new.node),
        ("store.url", old.store.url != new.store.url),
        ("store.password_file", old.store.password_file != new.store.password_file),
        ("http.socket", old.http.socket != new.http.socket),
        ("http.listen", old.http.listen != new.http.listen),
        ("http.token_file", old.http.token_file != new.http.token_file),
        ("http.hosts", old.http.hosts != new.http.hosts),
        ("http.admins", old.http.admins != new.http.admins),
        ("schedule.scan", old.schedule.scan != new.schedule.scan),
        ("schedule.evaluate", old.schedule.evaluate != new.schedule.evaluate),
        ("schedule.crls", old.schedule.crls != new.schedule.crls),
        ("schedule.digest", old.schedule.digest != new.schedule.digest),
        ("schedule.jitter", old.schedule.jitter != new.schedule.jitter),
        ("trust.anchors", old.trust != new.trust),
        ("revocation.hosts", old.revocation.hosts != new.revocation.hosts),
        ("revocation.networks", old.revocation.networks != new.revocation.networks),
        ("revocation.urls", old.revocation.urls != new.revocation.urls),
        ("revocation.files", old.revocation.files != new.revocation.files),
        ("revocation.proxy", old.revocation.proxy != new.revocation.proxy),
        ("revocation.timeout", old.revocation.timeout != new.revocation.timeout),
        ("revocation.spread", old.revocation.spread != new.revocation.spread),
        ("revocation.mirror.listen", old.revocation.mirror != new.revocation.mirror),
        ("revocation.max_bytes", old.revocation.max_bytes != new.revocation.max_bytes),
        ("scan.max_depth", old.scan.max_depth != new.scan.max_depth),
        ("scan.max_file_bytes", old.scan.max_file_bytes != new.scan.max_file_bytes),
        ("scan.max_files", old.scan.max_files != new.scan.max_files),
        ("scan.source_timeout", old.scan.source_timeout != new.scan.source_timeout),
        ("scan.endpoint_timeout", old.scan.endpoint_timeout != new.scan.endpoint_timeout),
        ("scan.max_kdf_iterations", old.scan.max_kdf_iterations != new.scan.max_kdf_iterations),
        ("policy.thresholds", old.policy.thresholds != new.policy.thresholds),
        ("policy.profile", old.policy.profiles != new.policy.profiles),
        ("policy.critical_below", old.policy.critical_below != new.policy.critical_below),
        ("policy.successor_by", old.policy.successor_by != new.policy.successor_by),
        ("policy.min_rsa_bits", old.policy.min_rsa_bits != new.policy.min_rsa_bits),
        ("policy.insi_names", old.policy.insi_names != new.policy.insi_names),
        ("policy.insi_impact", old.policy.insi_impact != new.policy.insi_impact),
        ("policy.finess_impacts", old.policy.finess_impacts != new.policy.finess_impacts),
        ("policy.crl_near_stale", old.policy.crl_near_stale != new.policy.crl_near_stale),
        ("policy.revocation_grace", old.policy.revocation_grace != new.policy.revocation_grace),
        ("policy.clock_skew", old.policy.clock_skew != new.policy.clock_skew),
        ("alerts.daily_from", old.alerts.daily_from != new.alerts.daily_from),
        ("alerts.escalate", old.alerts.escalate != new.alerts.escalate),
        ("alerts.on_call_from", old.alerts.on_call_from != new.alerts.on_call_from),
        ("alerts.on_call", old.alerts.on_call != new.alerts.on_call),
        ("alerts.fallback", old.alerts.fallback != new.alerts.fallback),
        ("alerts.repeat_days", old.alerts.repeat_days != new.alerts.repeat_days),
        ("alerts.hour", old.alerts.hour != new.alerts.hour),
        ("alerts.quiet", old.alerts.quiet != new.alerts.quiet),
        ("alerts.acknowledge_until", old.alerts.acknowledge_until != new.alerts.acknowledge_until),
        ("alerts.per_hour", old.alerts.per_hour != new.alerts.per_hour),
        ("alerts.names", old.alerts.names != new.alerts.names),
        ("alerts.retry", old.alerts.retry != new.alerts.retry),
        ("alerts.give_up", old.alerts.give_up != new.alerts.give_up),
        ("alerts.path_failed_after", old.alerts.path_failed_after != new.alerts.path_failed_after),
        ("alerts.keep", old.alerts.keep != new.alerts.keep),
        ("notify.smtp", old.notify.smtp != new.notify.smtp),
        ("notify.webhook", old.notify.webhooks != new.notify.webhooks),
        ("notify.hooks", old.notify.hooks != new.notify.hooks),
    ])
}

fn source(old: &SourceConfig, new: &SourceConfig) -> Vec<&'static str> {
    let (SourceConfig::SmartCard { settings: old, .. }, SourceConfig::SmartCard { settings: new, .. }) = (old, new)
    else {
        return Vec::new();
    };
    changed(&[
        ("pin_counter", old.pin_counter != new.pin_counter),
        ("answer_timeout", old.answer_timeout != new.answer_timeout),
        ("pkcs11_module", old.pkcs11_module != new.pkcs11_module),
        ("pkcs11_timeout", old.pkcs11_timeout != new.pkcs11_timeout),
    ])
}

fn structure(old: &Structure, new: &Structure) -> Vec<&'static str> {
    changed(&[
        ("name", old.name != new.name),
        ("kind", old.kind != new.kind),
        ("environment", old.environment != new.environment),
        ("finess_juridique", old.finess_juridique != new.finess_juridique),
        ("finess_geographique", old.finess_geographique != new.finess_geographique),
        ("siren", old.siren != new.siren),
        ("siret", old.siret != new.siret),
        ("rpps_rang", old.rpps_rang != new.rpps_rang),
        ("contract_date", old.contract_date != new.contract_date),
    ])
}

fn person(old: &Person, new: &Person) -> Vec<&'static str> {
    changed(&[
        ("name", old.name != new.name),
        ("mails", old.mails != new.mails),
        ("phone", old.phone != new.phone),
        ("card", old.card != new.card),
        ("firm", old.firm != new.firm),
        ("login", old.login != new.login),
    ])
}

fn mandate(old: &Mandate, new: &Mandate) -> Vec<&'static str> {
    changed(&[
        ("offers", old.offers != new.offers),
        ("perimeter", old.perimeter != new.perimeter),
        ("from", old.from != new.from),
        ("until", old.until != new.until),
        ("source", old.source != new.source),
    ])
}

fn certificate(old: &DeclaredCertificate, new: &DeclaredCertificate) -> Vec<&'static str> {
    changed(&[
        ("structure", old.structure != new.structure),
        ("offer", old.offer != new.offer),
        ("usage", old.usage != new.usage),
        ("environment", old.environment != new.environment),
        ("identity", old.identity != new.identity),
        ("keystore", old.keystore != new.keystore),
        ("endpoints", old.endpoints != new.endpoints),
        ("impacts", old.impacts != new.impacts),
        ("administrators", old.administrators != new.administrators),
        ("thresholds", old.thresholds != new.thresholds),
    ])
}

fn card(old: &DeclaredCard, new: &DeclaredCard) -> Vec<&'static str> {
    changed(&[
        ("kind", old.kind != new.kind),
        ("holder", old.holder != new.holder),
        ("structure", old.structure != new.structure),
    ])
}

fn changed(keys: &[(&'static str, bool)]) -> Vec<&'static str> {
    keys.iter().filter(|(_, differs)| *differs).map(|(key, _)| *key).collect()
}

/// Things by name. Only mandates can be several under one.
type Named<'a, T> = BTreeMap<String, Vec<&'a T>>;

fn by_id<T>(items: &BTreeMap<DeclaredId, T>) -> Named<'_, T> {
    items.iter().map(|(id, item)| (id.to_string(), vec![item])).collect()
}

fn by<T>(items: &[T], name: fn(&T) -> String) -> Named<'_, T> {
    let mut named = Named::new();
    for item in items {
        named.entry(name(item)).or_default().push(item);
    }
    named
}

/// A person can hold one role for one structure on several papers: those are one thing here.
fn mandates(mandates: &[Mandate]) -> Named<'_, Mandate> {
    by(mandates, |mandate| format!("{}/{}/{}", mandate.person, mandate.structure, mandate.role))
}

/// Added, removed and changed things of one kind, by name.
fn things<T: PartialEq>(
    kind: &str,
    old: &Named<'_, T>,
    new: &Named<'_, T>,
    parts: fn(&T, &T) -> Vec<&'static str>,
    lines: &mut Vec<String>,
) {
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        lines.push(format!("{kind}[{name}] removed"));
    }
    for (name, after) in new {
        let keys = match old.get(name).map(|before| (before.as_slice(), after.as_slice())) {
            None => {
                lines.push(format!("{kind}[{name}] added"));
                continue;
            }
            Some((before, after)) if before == after => continue,
            Some(([before], [after])) => parts(before, after),
            Some(_) => Vec::new(),
        };
        let colon = if keys.is_empty() { "" } else { ": " };
        lines.push(format!("{kind}[{name}] changed{colon}{}", keys.join(", ")));
    }
}
