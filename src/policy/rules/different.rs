//! Different: the certificate in the declared place does not name what was declared: service, host, or mail domain.
//!
//! The service of an ORG certificate is its CN; a server is named by its dNSName entries and, only without any, by the CN
//! (RFC 6125 section 6.4.4); S/MIME and PRO entitlements are per mail domain (F413 section 4.3), in rfc822Name (RFC 8550 section 3).

use std::borrow::Cow;

use crate::domain::declaration::Identity;
use crate::domain::distinguished_name::{attribute, same_name};
use crate::domain::finding::{Finding, Severity};
use crate::policy::rules::CERTIFICATE_FACTS;
use crate::policy::{Bearer, Rule, Seen, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "different",
    severity: Severity::Warning,
    reference: "F413 section 4.3; RFC 6125 section 6.4.4; RFC 8550 section 3",
    facts: &DIFFERENT_FACTS,
    check,
};

const DIFFERENT_FACTS: [&str; 7] = {
    let [a, b, c, d] = CERTIFICATE_FACTS;
    [a, b, c, d, "field", "expected", "found"]
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed().filter_map(|(slot, bearer)| difference(&slot.declared.identity, &bearer)).collect()
}

fn difference(identity: &Identity, bearer: &Bearer<'_, '_>) -> Option<Finding> {
    let seen = bearer.seen;
    let (field, expected, found) = match identity {
        Identity::Service(service) => {
            let name = seen.common_name();
            let same = name.as_deref().is_some_and(|name| same_name(name, service));
            (!same).then(|| ("service", service, name.map_or_else(|| seen.name(), Cow::into_owned)))
        }
        Identity::Fqdn(fqdn) => {
            let names = host_names(seen);
            let same = names.iter().any(|name| names_host(name, fqdn));
            (!same).then(|| ("fqdn", fqdn, names.join(", ")))
        }
        Identity::MailDomain(domain) => {
            let domains = mail_domains(seen);
            // Nothing that could be a mail domain: the certificate does not say, and is not contradicted.
            let same = domains.is_empty() || domains.iter().any(|found| same_name(found, domain));
            (!same).then(|| ("mail_domain", domain, domains.join(", ")))
        }
        Identity::Unspecified => None,
    }?;
    let finding = bearer.finding(RULE.code, RULE.severity);
    Some(finding.fact("field", field).fact("expected", expected).fact("found", found))
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

fn host_names(seen: &Seen<'_>) -> Vec<String> {
    let names: Vec<String> =
        seen.facts.san.iter().filter_map(|name| name.strip_prefix("dns:")).map(str::to_owned).collect();
    if names.is_empty() { seen.common_name().map(Cow::into_owned).into_iter().collect() } else { names }
}

/// RFC 6125 section 6.4.3: a wildcard stands for exactly the left-most label.
fn names_host(name: &str, host: &str) -> bool {
    let (name, host) = (fold(name), fold(host));
    match name.strip_prefix("*.") {
        Some(parent) => host == name || host.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == host,
    }
}

/// Only what follows the `@`: the mailbox may be a person's name.
fn mail_domains(seen: &Seen<'_>) -> Vec<String> {
    let mut domains: Vec<String> = seen
        .facts
        .san
        .iter()
        .filter_map(|name| name.strip_prefix("email:"))
        .filter_map(|mail| mail.rsplit_once('@'))
        .map(|(_, domain)| domain.to_owned())
        .collect();
    if domains.is_empty() {
        let name = attribute(&seen.facts.subject, "CN").unwrap_or_default();
        match name.rsplit_once('@') {
            Some((_, domain)) => domains.push(domain.to_owned()),
            None if name.contains('.') && !seen.is_personal() => domains.push(name.into_owned()),
            None => {}
        }
    }
    domains.sort_unstable();
    domains.dedup();
    domains
}

#[cfg(test)]
mod tests {
    use crate::domain::declaration::Identity;
    use crate::policy::fixture::World;

    fn found(identity: Identity, make: fn(&mut crate::policy::fixture::Maker)) -> Option<String> {
        let world = World::new()
            .declare("dmp", move |d| d.identity = identity.clone())
            .certificate(1, make)
            .place("/srv/dmp.pem", |at| at.certificate(1));
        world.judge(&super::RULE).first().and_then(|finding| finding.get("found").map(str::to_owned))
    }

    #[test]
    fn the_service_is_the_common_name() {
        assert_eq!(found(Identity::Service("drimbox".into()), |c| c.common_name("DRIMbox")), None);
        assert_eq!(found(Identity::Service("DRIMbox".into()), |c| c.common_name("EMA")).as_deref(), Some("EMA"));
        assert_eq!(found(Identity::Unspecified, |c| c.common_name("EMA")), None);
    }

    #[test]
    fn a_host_is_named_by_dns_names_first() {
        let host = || Identity::Fqdn("a.ch.fr".into());
        assert_eq!(found(host(), |c| c.common_name("a.ch.fr")), None);
        assert_eq!(found(host(), |c| c.san(&["dns:x.fr", "dns:A.CH.FR"])), None);
        assert_eq!(found(host(), |c| c.san(&["dns:*.ch.fr"])), None);
        let wrong = found(host(), |c| {
            c.common_name("a.ch.fr");
            c.san(&["dns:b.ch.fr"]);
        });
        assert_eq!(wrong.as_deref(), Some("b.ch.fr"));
        assert_eq!(found(Identity::Fqdn("x.a.ch.fr".into()), |c| c.san(&["dns:*.ch.fr"])).as_deref(), Some("*.ch.fr"));
    }

    #[test]
    fn a_mail_domain_is_compared_without_the_mailbox() {
        let domain = || Identity::MailDomain("ch.fr".into());
        assert_eq!(found(domain(), |c| c.san(&["email:x@CH.fr"])), None);
        assert_eq!(found(domain(), |c| c.san(&["email:jean.dupont@autre.fr"])).as_deref(), Some("autre.fr"));
        assert_eq!(found(domain(), |c| c.common_name("899700000000")), None);
    }
}
