//! The texts users read, French first, from Fluent files.

mod dates;
mod finding_text;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::{LanguageIdentifier, langid};

pub use finding_text::FindingText;

use crate::domain::lang::Lang;

const FR: (&str, LanguageIdentifier) = (
    concat!(
        include_str!("fr.ftl"),
        "\n",
        include_str!("ui_fr.ftl"),
        "\n",
        include_str!("demo_fr.ftl"),
        "\n",
        include_str!("notice_fr.ftl"),
        "\n",
        include_str!("crl_fr.ftl"),
        "\n",
        include_str!("cli_fr.ftl")
    ),
    langid!("fr"),
);
const EN: (&str, LanguageIdentifier) = (
    concat!(
        include_str!("en.ftl"),
        "\n",
        include_str!("ui_en.ftl"),
        "\n",
        include_str!("demo_en.ftl"),
        "\n",
        include_str!("notice_en.ftl"),
        "\n",
        include_str!("crl_en.ftl"),
        "\n",
        include_str!("cli_en.ftl")
    ),
    langid!("en"),
);

/// The texts of one language. Made once and shared.
pub struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

/// The value of a variable in a text. Numbers choose plural forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A count.
    Number(i64),
    /// Anything else.
    Text(std::borrow::Cow<'a, str>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Value<'_> {
    fn from(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl Texts {
    /// The texts of `lang`. They are part of the program, and a test holds them to be whole; a text that could not be read all the
    /// same shows as its key.
    pub fn new(lang: Lang) -> Self {
        Self::load(lang).0
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// A text without variables, by key; `key.attribute` for an attribute. An unknown key is its own text.
    pub fn word(&self, key: &str) -> String {
        self.say(key, &[])
    }

    /// A text with variables. A variable that is not given shows as its name in braces.
    pub fn say(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let mut missing = Vec::new();
        self.render(key, values, &mut missing).unwrap_or_else(|| key.to_owned())
    }

    /// The title of a rule; its code when there is no text for it, such as a rule of a newer version.
    pub fn finding_title(&self, code: &str) -> String {
        self.known(&format!("rule-{code}")).unwrap_or_else(|| code.to_owned())
    }

    /// What a rule stands on, in words.
    pub fn rule_reference(&self, code: &str) -> Option<String> {
        self.known(&format!("rule-{code}.reference"))
    }

    fn known(&self, key: &str) -> Option<String> {
        self.render(key, &[], &mut Vec::new())
    }

    /// `None` without such a text. What could not be resolved in it goes to `problems` and shows in braces.
    fn render(&self, key: &str, values: &[(&str, Value<'_>)], problems: &mut Vec<String>) -> Option<String> {
        let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
        let message = self.bundle.get_message(id)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let arguments = values.iter().map(|(name, value)| {
            let value: FluentValue<'_> = match value {
                Value::Number(number) => (*number).into(),
                Value::Text(text) => text.as_ref().into(),
            };
            (*name, value)
        });
        let arguments: FluentArgs<'_> = arguments.collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        problems.extend(errors.into_iter().map(|error| format!("{key}: {error}")));
        Some(text)
    }

    /// The texts and what is wrong with their file.
    fn load(lang: Lang) -> (Self, Vec<String>) {
        let (source, language) = match lang {
            Lang::Fr => FR,
            Lang::En => EN,
        };
        let mut problems = Vec::new();
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, errors)| {
            problems.extend(errors.into_iter().map(|error| error.to_string()));
            resource
        });
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Marks around each variable help mixed-direction texts; ours are read in terminals, mails and logs, where they show as dirt.
        bundle.set_use_isolating(false);
        if let Err(errors) = bundle.add_resource(resource) {
            problems.extend(errors.into_iter().map(|error| error.to_string()));
        }
        (Self { lang, bundle }, problems)
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("lang", &self.lang).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::reading::ReadReason;

    /// `key` and `key.attribute` of a file.
    fn keys(source: &str) -> BTreeSet<String> {
        let mut message = String::new();
        let mut keys = BTreeSet::new();
        for line in source.lines() {
            let Some((name, _)) = line.split_once(" =") else { continue };
            let attribute = line.strip_prefix("    .").map(|_| name.trim().trim_start_matches('.'));
            match attribute {
                Some(attribute) => keys.insert(format!("{message}.{attribute}")),
                None if line.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    message = name.to_owned();
                    keys.insert(message.clone())
                }
                None => false,
            };
        }
        keys
    }

    #[test]
    fn both_files_are_sound_and_say_the_same_things() {
        for lang in Lang::ALL {
            assert_eq!(Texts::load(*lang).1, Vec::<String>::new(), "{lang}");
        }
        assert_eq!(keys(FR.0), keys(EN.0));
        assert!(keys(FR.0).len() > 100);
    }

    #[test]
    fn words_are_found_by_key_and_attribute() {
        let texts = Texts::new(Lang::Fr);
        assert_eq!(texts.word("severity-critical"), "critique");
        assert_eq!(texts.word("rule-expired"), "Certificat expiré");
        assert!(texts.word("rule-expired.reference").contains("CGU"));
        assert_eq!(texts.word("no-such-key"), "no-such-key");
        assert_eq!(texts.word("rule-expired.no"), "rule-expired.no");
        assert_eq!(texts.finding_title("of_tomorrow"), "of_tomorrow");
        assert_eq!(texts.rule_reference("of_tomorrow"), None);
    }

    #[test]
    fn plurals_follow_the_language() {
        let days = |lang, days: i64| Texts::new(lang).say("in-days", &[("days", days.into())]);
        assert_eq!(days(Lang::Fr, 0), "dans moins d'un jour");
        assert_eq!(days(Lang::Fr, 1), "dans 1 jour");
        assert_eq!(days(Lang::Fr, 12), "dans 12 jours");
        assert_eq!(days(Lang::En, 1), "in 1 day");
        assert_eq!(days(Lang::En, 1200), "in 1200 days");
    }

    #[test]
    fn counts_agree_with_their_words() {
        let say = |lang, key: &str, values: &[(&str, Value<'_>)]| Texts::new(lang).say(key, values);
        for (count, label) in [(0_usize, "manquant"), (1, "manquant"), (2, "manquants")] {
            assert_eq!(say(Lang::Fr, "count-missing", &[("count", count.into())]), label);
        }
        let values = |count: usize| ["declared", "missing", "expiring", "expired"].map(|name| (name, count.into()));
        assert_eq!(say(Lang::Fr, "check-line", &values(1)), "1 déclaré, 1 manquant, 1 à renouveler, 1 expiré");
        assert_eq!(say(Lang::Fr, "check-line", &values(2)), "2 déclarés, 2 manquants, 2 à renouveler, 2 expirés");
        assert_eq!(say(Lang::En, "check-line", &values(1)), "1 declared, 1 missing, 1 to be renewed, 1 expired");
        let summary = |lang, count: usize, links: usize| {
            let names = ["certificates", "shown", "findings", "errors"];
            let mut values = names.map(|name| (name, Value::from(count))).to_vec();
            values.push(("links", links.into()));
            say(lang, "scan-summary", &values)
        };
        assert_eq!(summary(Lang::Fr, 0, 0), "0 certificat lu, 0 montré, 0 constat, 0 erreur");
        assert_eq!(
            summary(Lang::Fr, 2, 286),
            "2 certificats lus, 2 montrés, 2 constats, 2 erreurs, 286 liens laissés de côté"
        );
        assert_eq!(summary(Lang::En, 1, 1), "1 certificate read, 1 shown, 1 finding, 1 error, 1 link left aside");
        let until = |days: i64| say(Lang::Fr, "until-days", &[("end", "x".into()), ("days", days.into())]);
        assert_eq!((until(-1), until(-12)), ("fin le x, -1 jour".to_owned(), "fin le x, -12 jours".to_owned()));
    }

    #[test]
    fn reasons_are_said_in_the_language() {
        let say = |lang, reason: &str| {
            Texts::new(lang).say("file-reason", &[("reason", reason.into()), ("message", "it says so".into())])
        };
        assert_eq!(say(Lang::Fr, "fifo"), "c'est un tube nommé, pas un fichier");
        assert_eq!(say(Lang::En, "fifo"), "it says so");
        assert_eq!(say(Lang::Fr, "of_tomorrow"), "it says so");
        for reason in ReadReason::ALL {
            assert_ne!(say(Lang::Fr, reason.as_str()), "it says so", "{reason}");
        }
    }

    #[test]
    fn texts_can_be_shared() {
        fn shared<T: Send + Sync>() {}
        shared::<Texts>();
    }
}
