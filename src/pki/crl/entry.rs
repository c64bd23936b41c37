//! One entry of revokedCertificates (RFC 5280 sections 5.1.2.6 and 5.3).

use super::super::der::{BOOLEAN, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, UTC_TIME, context};
use super::super::{date, oid};
use super::strict::{Strict, Wrong, boolean, integer};
use crate::domain::revocation::{Reason, Revocation};
use crate::domain::time::Timestamp;

const ENUMERATED: u8 = 0x0a;
/// The extensions nearly every entry with extensions has, but for the last octet: a reason, not critical, and nothing else.
const REASON_ALONE: [u8; 13] = *b"\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01";

/// One entry, borrowed from the list.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Serial number of the certificate: the octets of the INTEGER, as few as it takes.
    pub serial: &'a [u8],
    /// Content of the directoryName of certificateIssuer (section 5.3.3), where the entry has one: it holds for the entries behind
    /// it too.
    pub certificate_issuer: Option<&'a [u8]>,
    /// There is a critical extension this program does not know.
    pub unknown_critical: bool,
    date: &'a [u8],
    reason: Option<Reason>,
    invalidity: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// Nearly every entry, from the octets of a list where it begins, and its size: a serial number, a UTCTime and at most a reason, each length in one
    /// octet. `None` for any other, and for one that is cut short or wrong: [`Entry::read`] says which. A test holds the two together.
    #[inline(always)]
    pub fn usual(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let [SEQUENCE, length @ 0..0x80, INTEGER, digits @ 1..0x80, rest @ ..] = bytes else { return None };
        let rest = rest.get(..usize::from(*length).checked_sub(2)?)?;
        let (serial, rest) = rest.split_at_checked(usize::from(*digits))?;
        let ([UTC_TIME, 13, date @ ..], rest) = rest.split_first_chunk::<15>()? else { return None };
        let reason = match rest {
            [] => None,
            [alone @ .., code] if *alone == REASON_ALONE => Some(reason_of(*code).ok()?),
            _ => return None,
        };
        if integer(serial).is_err() || !is_time(UTC_TIME, date) {
            return None;
        }
        let entry = Self { serial, certificate_issuer: None, unknown_critical: false, date, reason, invalidity: None };
        Some((entry, 2 + usize::from(*length)))
    }

    /// Reads the content of the SEQUENCE that an entry is.
    pub fn read(content: &'a [u8]) -> Result<Self, Wrong> {
        let mut fields = Strict::new(content);
        let serial = integer(fields.field(INTEGER)?.content)?;
        let date = fields.any()?;
        if !is_time(date.tag, date.content) {
            return Err("a revocation date that is none");
        }
        let mut entry = Self {
            serial,
            certificate_issuer: None,
            unknown_critical: false,
            date: date.content,
            reason: None,
            invalidity: None,
        };
        if !fields.is_empty() {
            entry.extensions(fields.field(SEQUENCE)?.content)?;
            fields.end()?;
        }
        Ok(entry)
    }

    /// What it says of its certificate.
    pub fn revocation(&self) -> Revocation {
        Revocation {
            revoked_at: timestamp(self.date).unwrap_or(date::UNREADABLE),
            reason: self.reason,
            invalidity_date: self.invalidity.and_then(timestamp),
        }
    }

    fn extensions(&mut self, content: &'a [u8]) -> Result<(), Wrong> {
        let mut extensions = Strict::new(content);
        if extensions.is_empty() {
            return Err("an empty list of extensions");
        }
        while !extensions.is_empty() {
            let (kind, critical, value) = extension(extensions.any()?)?;
            match kind {
                oid::REASON_CODE => {
                    let mut inside = Strict::new(value);
                    let [code] = inside.field(ENUMERATED)?.content else {
                        return Err("a revocation reason that does not exist");
                    };
                    inside.end()?;
                    once(&mut self.reason, reason_of(*code)?)?;
                }
                oid::INVALIDITY_DATE => {
                    let mut inside = Strict::new(value);
                    let date = inside.field(GENERALIZED_TIME)?;
                    inside.end()?;
                    if !is_time(date.tag, date.content) {
                        return Err("an invalidity date that is none");
                    }
                    once(&mut self.invalidity, date.content)?;
                }
                oid::CERTIFICATE_ISSUER => once(&mut self.certificate_issuer, directory_name(value)?)?,
                // Says what to do about a hold; that it is one says the reason (RFC 5280 dropped the extension).
                oid::HOLD_INSTRUCTION => {}
                _ => self.unknown_critical |= critical,
            }
        }
        Ok(())
    }
}

/// OID, criticality and value of an Extension (section 4.1).
pub fn extension(element: Element<'_>) -> Result<(&[u8], bool, &[u8]), Wrong> {
    let mut parts = Strict::new(element.of(SEQUENCE).ok_or("an extension that is no SEQUENCE")?.content);
    let kind = parts.field(OID)?.content;
    let critical = parts.optional(BOOLEAN)?.map_or(Ok(false), boolean)?;
    let value = parts.field(OCTET_STRING)?.content;
    parts.end()?;
    Ok((kind, critical, value))
}

/// Keeps what may be said once (section 4.2: no extension appears twice).
pub fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Wrong> {
    if slot.replace(value).is_some() { Err("an extension that appears twice") } else { Ok(()) }
}

/// Section 5.3.3 wants the distinguished name of the issuer among the names.
fn directory_name(value: &[u8]) -> Result<&[u8], Wrong> {
    let mut outer = Strict::new(value);
    let mut names = Strict::new(outer.field(SEQUENCE)?.content);
    outer.end()?;
    let mut found = None;
    while !names.is_empty() {
        let name = names.any()?;
        if name.tag == context(4) {
            let mut inside = Strict::new(name.content);
            found = found.or(Some(inside.field(SEQUENCE)?.content));
            inside.end()?;
        }
    }
    found.ok_or("a certificate issuer without a directory name")
}

/// Section 5.3.1. 7 is not used.
#[inline]
const fn reason_of(code: u8) -> Result<Reason, Wrong> {
    match code {
        0 => Ok(Reason::Unspecified),
        1 => Ok(Reason::KeyCompromise),
        2 => Ok(Reason::CaCompromise),
        3 => Ok(Reason::AffiliationChanged),
        4 => Ok(Reason::Superseded),
        5 => Ok(Reason::CessationOfOperation),
        6 => Ok(Reason::CertificateHold),
        8 => Ok(Reason::RemoveFromCrl),
        9 => Ok(Reason::PrivilegeWithdrawn),
        10 => Ok(Reason::AaCompromise),
        _ => Err("a revocation reason that does not exist"),
    }
}

/// A date that was found to be one: their lengths tell the two kinds apart.
fn timestamp(content: &[u8]) -> Option<Timestamp> {
    let tag = if content.len() == 13 { UTC_TIME } else { GENERALIZED_TIME };
    date::read(Element { tag, content, raw: &[] })
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (section 5.1.2.6) of a day that exists.
#[inline(always)]
pub fn is_time(tag: u8, content: &[u8]) -> bool {
    if let (UTC_TIME, Ok(time)) = (tag, <&[u8; 13]>::try_from(content))
        && is_early_day(time)
    {
        return true;
    }
    is_any_day(tag, content)
}

fn is_any_day(tag: u8, content: &[u8]) -> bool {
    let (year, rest) = match (tag, content) {
        (UTC_TIME, [a, b, rest @ ..]) => {
            (two(*a, *b).map(|year| if year < 50 { 2000 + year } else { 1900 + year }), rest)
        }
        (GENERALIZED_TIME, [a, b, c, d, rest @ ..]) => {
            (two(*a, *b).zip(two(*c, *d)).map(|(century, year)| century * 100 + year), rest)
        }
        _ => return false,
    };
    let [m, o, d, a, h, u, i, n, s, e, b'Z'] = rest else { return false };
    let (Some(year), Some(month), Some(day)) = (year, two(*m, *o), two(*d, *a)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (two(*h, *u), two(*i, *n), two(*s, *e)) else { return false };
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day) && hour < 24 && minute < 60 && second < 60
}

/// A UTCTime of one of the first 28 days of a month, which every month has.
#[inline(always)]
const fn is_early_day([a, b, m, o, d, y, h, u, i, n, s, e, z]: &[u8; 13]) -> bool {
    const DATE: Bounds = Bounds::new([0, 1, 1, 0], [99, 12, 28, 23]);
    const TIME: Bounds = Bounds::new([0; 4], [59, 59, 0, 0]);
    let date = DATE.strange([*a, *b, *m, *o, *d, *y, *h, *u]);
    let time = TIME.strange([*i, *n, *s, *e, b'0', b'0', b'0', b'0']);
    date | time == 0 && *z == b'Z'
}

/// Bounds of four numbers of two digits, which are looked at together, sixteen bits each.
struct Bounds {
    /// What reaches the top bit of its sixteen when a number that is no less than the least is added.
    least: u64,
    /// The same with a number that is more than the most.
    most: u64,
}

impl Bounds {
    const TOP: u64 = 0x8000_8000_8000_8000;

    const fn new(least: [u16; 4], most: [u16; 4]) -> Self {
        const fn four([a, b, c, d]: [u16; 4]) -> u64 {
            a as u64 | (b as u64) << 16 | (c as u64) << 32 | (d as u64) << 48
        }
        Self { least: Self::TOP - four(least), most: Self::TOP - four([1; 4]) - four(most) }
    }

    /// Zero for eight digits within the bounds.
    #[inline(always)]
    const fn strange(&self, eight: [u8; 8]) -> u64 {
        let word = u64::from_le_bytes(eight);
        let (high, zero) = (0xf0f0_f0f0_f0f0_f0f0, 0x3030_3030_3030_3030);
        // A digit is 3x with x below 10: adding six does not carry into the high half.
        let digits = ((word & high) ^ zero) | ((word.wrapping_add(0x0606_0606_0606_0606) & high) ^ zero);
        let digit = word & 0x0f0f_0f0f_0f0f_0f0f;
        let numbers = (digit * 10 + (digit >> 8)) & 0x00ff_00ff_00ff_00ff;
        digits | (!(numbers + self.least) | (numbers + self.most)) & Self::TOP
    }
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
}

#[cfg(test)]
mod tests {
    use super::super::super::der::write;
    use super::*;

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, tag, &parts.concat());
        out
    }

    fn extended(extensions: &[&[u8]]) -> Vec<u8> {
        [&element(INTEGER, &[&[0, 0x80]])[..], &element(UTC_TIME, &[b"260228235959Z"]), &element(SEQUENCE, extensions)]
            .concat()
    }

    fn one(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
        let flag: &[u8] = if critical { &[BOOLEAN, 1, 0xff] } else { &[] };
        element(SEQUENCE, &[&element(OID, &[kind]), flag, &element(OCTET_STRING, &[value])])
    }

    #[test]
    fn what_an_entry_says() {
        let date = element(GENERALIZED_TIME, &[b"20260101000000Z"]);
        let reason = one(oid::REASON_CODE, true, &[ENUMERATED, 1, 6]);
        let bytes =
            extended(&[&one(oid::INVALIDITY_DATE, false, &date), &reason, &one(oid::HOLD_INSTRUCTION, true, &[])]);
        let entry = Entry::read(&bytes).expect("an entry");
        assert_eq!((entry.serial, entry.unknown_critical), (&[0, 0x80][..], false));
        let said = entry.revocation();
        assert_eq!(said.reason, Some(Reason::CertificateHold));
        assert_eq!(said.revoked_at.to_string(), "2026-02-28T23:59:59Z");
        assert_eq!(said.invalidity_date.map(|at| at.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
        let bytes = extended(&[&one(b"\x2a\x03", true, &[])]);
        assert!(Entry::read(&bytes).is_ok_and(|entry| entry.unknown_critical));
        let bytes = extended(&[&one(b"\x2a\x03", false, &[])]);
        assert!(Entry::read(&bytes).is_ok_and(|entry| !entry.unknown_critical));
    }

    #[test]
    fn damage_is_refused() {
        let reason = |code| one(oid::REASON_CODE, false, &[ENUMERATED, 1, code]);
        for wrong in [
            extended(&[]),
            extended(&[&reason(7)]),
            extended(&[&reason(11)]),
            extended(&[&reason(1), &reason(1)]),
            extended(&[&one(oid::REASON_CODE, false, &[ENUMERATED, 1, 1, 0])]),
            extended(&[&one(oid::CERTIFICATE_ISSUER, true, &[SEQUENCE, 2, 0x82, 0])]),
            [extended(&[&reason(1)]), vec![5, 0]].concat(),
            b"\x02\x01\x01\x17\x0d260229000000Z".to_vec(),
            b"\x02\x01\x01\x17\x0b2602280000Z".to_vec(),
            b"\x02\x02\x00\x01\x17\x0d260228000000Z".to_vec(),
        ] {
            assert!(Entry::read(&wrong).is_err(), "{wrong:02x?}");
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_one_says() {
        let told = |entry: Entry<'_>| (entry.serial.to_vec(), entry.revocation(), entry.unknown_critical);
        let reason = |code| element(SEQUENCE, &[&one(oid::REASON_CODE, false, &[ENUMERATED, 1, code])]);
        let mut short = 0;
        for serial in [&[1][..], &[0], &[0, 1], &[0, 0x80], &[0xff], &[0xff, 0x80], &[0x11; 20], &[0x11; 127], &[]] {
            for date in [&b"260228235959Z"[..], b"260229000000Z", b"240229000000Z", b"2602282359Z", b"260228235959+"] {
                for extensions in [vec![], reason(1), reason(7), reason(10), vec![SEQUENCE, 0], vec![0]] {
                    let content = [&element(INTEGER, &[serial])[..], &element(UTC_TIME, &[date]), &extensions].concat();
                    let mut bytes = element(SEQUENCE, &[&content]);
                    let size = bytes.len();
                    bytes.push(0x30);
                    let long = Entry::read(&content).map(told);
                    if let Some((entry, used)) = Entry::usual(&bytes) {
                        short += 1;
                        assert_eq!((Ok(told(entry)), used), (long, size), "{bytes:02x?}");
                    }
                    assert!(Entry::usual(&bytes[..size - 1]).is_none(), "cut short");
                }
            }
        }
        assert_eq!(short, 5 * 2 * 3, "every usual one");
    }

    #[test]
    fn early_days_are_days() {
        let usual = *b"260228235959Z";
        for place in 0..usual.len() {
            for (first, second) in
                (0..=u8::MAX).flat_map(|first| [b'0', b'2', b'5', b'9', b':'].map(|second| (first, second)))
            {
                let mut time = usual;
                time[place] = first;
                if let Some(next) = time.get_mut(place + 1) {
                    *next = second;
                }
                let early = matches!(&time[4..6], [b'0' | b'1', _] | [b'2', b'0'..=b'8']);
                assert_eq!(is_early_day(&time), early && is_any_day(UTC_TIME, &time), "{time:?}");
            }
        }
    }

    #[test]
    fn days_that_exist() {
        let time = |tag, content: &[u8]| is_time(tag, content);
        assert!(time(UTC_TIME, b"240229000000Z") && time(GENERALIZED_TIME, b"20000229235959Z"));
        for wrong in [
            &b"19000229000000Z"[..],
            b"20261301000000Z",
            b"20260001000000Z",
            b"20260100000000Z",
            b"20260431000000Z",
            b"20260101240000Z",
            b"20260101006000Z",
            b"20260101000060Z",
            b"2026010100000Z",
            b"20260101000000+0100",
            b"2026010100000aZ",
        ] {
            assert!(!time(GENERALIZED_TIME, wrong), "{wrong:?}");
            assert!(!time(UTC_TIME, &wrong[2..]) || wrong.starts_with(b"1900"), "{wrong:?}");
        }
    }
}
