//! What a mandate is about and when it is in force: for the rules and for who is to be warned.

use chrono::NaiveDate;

use crate::domain::declaration::{DeclaredCertificate, Identity};
use crate::domain::person::Mandate;
use crate::domain::time::Timestamp;

/// The offers and the perimeter of a mandate include this certificate; its role and dates are left aside.
pub(super) fn covers(mandate: &Mandate, declared: &DeclaredCertificate) -> bool {
    let offered = mandate.offers.is_empty()
        || mandate.offers.iter().any(|pair| pair.offer == declared.offer && pair.usage == declared.usage);
    offered && inside(&mandate.perimeter, &declared.identity)
}

/// Days are UTC days: within two hours of the French ones, and never dependent on a setting.
pub(super) fn lives(mandate: &Mandate, now: Timestamp) -> bool {
    let begun = mandate.from.is_none_or(|from| Timestamp::from_date(from) <= now);
    begun && mandate.until.is_none_or(|until| now < day_after(until))
}

/// The first instant after a day.
pub(super) fn day_after(day: NaiveDate) -> Timestamp {
    Timestamp::from_date(day).plus_days(1)
}

/// A perimeter is a domain with everything below it, one server, or a mail domain; it says nothing of ORG services.
fn inside(perimeter: &[String], identity: &Identity) -> bool {
    let name = match identity {
        Identity::Fqdn(name) | Identity::MailDomain(name) => name.to_lowercase(),
        Identity::Service(_) | Identity::Unspecified => return true,
    };
    perimeter.is_empty()
        || perimeter.iter().any(|allowed| {
            let allowed = allowed.trim_start_matches('@').to_lowercase();
            name == allowed || name.strip_suffix(&allowed).is_some_and(|front| front.ends_with('.'))
        })
}
