//! `[alerts]`: how findings become messages.

use std::time::Duration;

use super::document::Span;
use super::near::nearest;
use super::problem::{Form, Problem, Thing};
use super::reader::{Found, Report, Section};
use super::value::is_mail;
use crate::domain::declaration::Declaration;
use crate::domain::person::DeclaredId;
use crate::policy::alert::AlertSettings;

/// A person named in `on_call`, to be looked up once the persons are read.
pub(super) struct Called {
    id: DeclaredId,
    span: Span,
    path: String,
}

pub(super) fn read(section: Section<'_>) -> (AlertSettings, Vec<Called>) {
    const DAY: Duration = Duration::from_secs(86_400);
    let default = AlertSettings::default();
    let mut called = Vec::new();
    let step = |key, usual| section.get(key, |found| found.parsed(Form::Threshold)).unwrap_or(usual);
    let number = |key, least, most, usual| {
        let number = section.get(key, |found| found.integer(least, most));
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
    };
    let time = |key, least, most, usual| section.get(key, |found| found.duration(least, most)).unwrap_or(usual);
    let settings = AlertSettings {
        daily_from: step("daily_from", default.daily_from),
        escalate: step("escalate", default.escalate),
        on_call_from: step("on_call_from", default.on_call_from),
        on_call: section
            .get("on_call", |found| found.list(|item| person(item, &mut called)))
            .unwrap_or(default.on_call),
        fallback: section
            .get("fallback", |found| found.list(|item| item.matching(Form::Mail, is_mail)))
            .unwrap_or(default.fallback),
        repeat_days: number("repeat_days", 1, 90, default.repeat_days),
        hour: number("hour", 0, 23, default.hour),
        quiet: time("quiet", Duration::ZERO, 7 * DAY, default.quiet),
        acknowledge_until: step("acknowledge_until", default.acknowledge_until),
        per_hour: number("per_hour", 1, 1000, default.per_hour),
        names: section.get("names", |found| found.flag()).unwrap_or(default.names),
        retry: section
            .get("retry", |found| found.some(|item| item.duration(Duration::from_secs(1), DAY)))
            .unwrap_or(default.retry),
        give_up: time("give_up", Duration::from_secs(60), 30 * DAY, default.give_up),
        path_failed_after: time("path_failed_after", Duration::from_secs(10), 7 * DAY, default.path_failed_after),
        keep: time("keep", 7 * DAY, 3650 * DAY, default.keep),
    };
    section.finish();
    (settings, called)
}

/// Who is called must be a person of the register, with a mail address.
pub(super) fn check(called: &[Called], declaration: &Declaration, report: &Report) {
    for Called { id, span, path } in called {
        match declaration.persons.get(id) {
            None => {
                let near = nearest(id.as_str(), declaration.persons.keys().map(DeclaredId::as_str)).map(str::to_owned);
                let problem = Problem::Dangling { thing: Thing::Person, id: id.to_string(), near };
                report.error(*span, path.clone(), problem);
            }
            Some(person) if person.mails.is_empty() => {
                report.warning(*span, path.clone(), Problem::NoMail(id.to_string()));
            }
            Some(_) => {}
        }
    }
}

fn person(found: &Found<'_>, called: &mut Vec<Called>) -> Option<DeclaredId> {
    let id: DeclaredId = found.parsed(Form::Id)?;
    called.push(Called { id: id.clone(), span: found.span, path: found.path.clone() });
    Some(id)
}
