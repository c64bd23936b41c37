//! Name constraints (RFC 5280 sections 4.2.1.10, 6.1.3 (b) and (c), 6.1.4 (g)).

use super::super::der::{context, context_primitive};
use super::super::{name, oid};
use super::certificate::{Name, NameConstraints, PathCertificate};

const RFC822: u8 = context_primitive(1);
const DNS: u8 = context_primitive(2);
const DIRECTORY: u8 = context(4);
const URI: u8 = context_primitive(6);
const IP: u8 = context_primitive(7);

/// Comparisons of a name with a constraint on one path. Thousands of both in one certificate are an attack on the reader.
const MAX_COMPARISONS: usize = 1 << 17;

/// Why names are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A name outside what is permitted, or inside what is excluded.
    Outside,
    /// More comparisons than are allowed.
    TooMany,
}

/// The constraints of the authorities passed so far: a name must be good for each of them, which is what intersecting the permitted
/// and uniting the excluded subtrees comes to.
#[derive(Debug, Default)]
pub struct Constraints<'a> {
    all: Vec<&'a NameConstraints>,
    compared: usize,
}

impl<'a> Constraints<'a> {
    /// Section 6.1.4 (g).
    pub fn add(&mut self, constraints: &'a NameConstraints) {
        self.all.push(constraints);
    }

    /// Section 6.1.3 (b) and (c): the subject and every alternative name.
    pub fn check(&mut self, certificate: &PathCertificate) -> Result<(), Refused> {
        if self.all.is_empty() {
            return Ok(());
        }
        let alternative = &certificate.extensions.subject_alt_names;
        let mut names: Vec<Name> = alternative.clone();
        if !certificate.subject.is_empty() {
            names.push(Name { tag: DIRECTORY, content: (*certificate.subject.canonical).into() });
        }
        // Section 4.2.1.10: without an rfc822Name the address in the subject is held to the constraints.
        if !alternative.iter().any(|name| name.tag == RFC822) {
            let addresses =
                name::attributes(&certificate.subject.content).filter(|(kind, _)| *kind == oid::EMAIL_ADDRESS);
            names.extend(addresses.map(|(_, value)| Name { tag: RFC822, content: value.content.into() }));
        }
        for name in &names {
            for constraints in &self.all {
                let permitted = constraints.permitted.iter().filter(|base| base.tag == name.tag);
                let excluded = constraints.excluded.iter().filter(|base| base.tag == name.tag);
                self.compared += constraints.permitted.len() + constraints.excluded.len();
                if self.compared > MAX_COMPARISONS {
                    return Err(Refused::TooMany);
                }
                let mut permitted = permitted.peekable();
                let inside = permitted.peek().is_none() || permitted.any(|base| within(name, base, Side::Permitted));
                if !inside || excluded.into_iter().any(|base| within(name, base, Side::Excluded)) {
                    return Err(Refused::Outside);
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

/// The name is in the subtree. What cannot be told is answered so that the name is refused: section 4.2.1.10 wants a certificate rejected
/// whose form of name is constrained and not understood.
fn within(name: &Name, base: &Name, side: Side) -> bool {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_ascii_lowercase);
    let known = match name.tag {
        // Each relative name of the canonical form is an element of its own, so a prefix ends where one ends.
        DIRECTORY => Some(name.content.starts_with(&base.content)),
        DNS => text(&name.content).zip(text(&base.content)).map(|(name, base)| dns(&name, &base, side)),
        RFC822 => mail(&name.content, &base.content),
        URI => text(&name.content).zip(text(&base.content)).and_then(|(name, base)| uri(&name, &base)),
        IP => ip(&name.content, &base.content),
        _ => None,
    };
    known.unwrap_or(side == Side::Excluded)
}

/// A name is in a domain when labels added to its left make it up, none included.
fn dns(name: &str, base: &str, side: Side) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // A wildcard stands for names that may be excluded: those of which the base is one.
    let wild = side == Side::Excluded && name.strip_prefix("*.").is_some_and(|domain| below(base, domain));
    wild || base.is_empty() || name == base || below(name, base)
}

/// Strictly below: at least one label more. A base may begin with its dot.
fn below(name: &str, base: &str) -> bool {
    let base = base.strip_prefix('.').unwrap_or(base);
    name.strip_suffix(base).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
}

/// A mailbox, all mailboxes of a host, or those of every host below a domain.
fn mail(name: &[u8], base: &[u8]) -> Option<bool> {
    let (name, base) = (std::str::from_utf8(name).ok()?, std::str::from_utf8(base).ok()?);
    let (local, host) = name.rsplit_once('@')?;
    Some(match base.rsplit_once('@') {
        Some((wanted, domain)) => local == wanted && host.eq_ignore_ascii_case(domain),
        None => on_host(&host.to_ascii_lowercase(), &base.to_ascii_lowercase()),
    })
}

/// The host of the authority; `None` when there is none, or it is an address.
fn uri(name: &str, base: &str) -> Option<bool> {
    let (_, rest) = name.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() || host.starts_with('[') || host.parse::<core::net::Ipv4Addr>().is_ok() {
        return None;
    }
    Some(on_host(host, base))
}

fn on_host(host: &str, base: &str) -> bool {
    if base.starts_with('.') { below(host, base) } else { host == base }
}

/// Address and mask.
fn ip(name: &[u8], base: &[u8]) -> Option<bool> {
    if !matches!(base.len(), 8 | 32) || !matches!(name.len(), 4 | 16) {
        return None;
    }
    let (address, mask) = base.split_at(base.len() / 2);
    let same = |((name, address), mask): ((&u8, &u8), &u8)| name & mask == address & mask;
    Some(name.len() == address.len() && name.iter().zip(address).zip(mask).all(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(tag: u8, name: &[u8], base: &[u8], side: Side) -> bool {
        within(&Name { tag, content: name.into() }, &Name { tag, content: base.into() }, side)
    }

    #[test]
    fn subtrees_of_every_form() {
        let inside = |tag, name: &str, base: &str| said(tag, name.as_bytes(), base.as_bytes(), Side::Permitted);
        assert!(
            inside(DNS, "a.Example.fr", "example.fr")
                && inside(DNS, "example.fr", "example.fr")
                && inside(DNS, "x", "")
        );
        assert!(!inside(DNS, "badexample.fr", "example.fr") && !inside(DNS, "fr", "example.fr"));
        assert!(!inside(DNS, "example.fr", ".example.fr") && inside(DNS, "a.example.fr", ".example.fr"));
        assert!(said(DNS, b"*.example.fr", b"a.example.fr", Side::Excluded));
        assert!(!said(DNS, b"*.example.fr", b"a.example.fr", Side::Permitted));
        assert!(
            inside(RFC822, "a@ch.fr", "ch.fr")
                && inside(RFC822, "a@CH.fr", "a@ch.fr")
                && inside(RFC822, "a@x.ch.fr", ".ch.fr")
        );
        assert!(
            !inside(RFC822, "a@x.ch.fr", "ch.fr")
                && !inside(RFC822, "A@ch.fr", "a@ch.fr")
                && !inside(RFC822, "a@ch.fr", ".ch.fr")
        );
        assert!(inside(URI, "http://u@ch.fr:80/x", "ch.fr") && inside(URI, "ldap://a.ch.fr", ".ch.fr"));
        assert!(
            !inside(URI, "http://a.ch.fr/", "ch.fr")
                && !inside(URI, "urn:x", "ch.fr")
                && !inside(URI, "http://10.0.0.1/", "ch.fr")
        );
        assert!(said(URI, b"urn:x", b"ch.fr", Side::Excluded), "what cannot be told is refused");
        assert!(said(IP, &[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0], Side::Permitted));
        assert!(!said(IP, &[11, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0], Side::Permitted));
        assert!(!said(IP, &[0; 16], &[10, 0, 0, 0, 255, 0, 0, 0], Side::Excluded), "another family");
        assert!(
            said(context_primitive(8), b"x", b"y", Side::Excluded)
                && !said(context_primitive(8), b"x", b"x", Side::Permitted)
        );
    }
}
