//! What is written is what is meant.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;

use super::super::{SmtpTls, SourceConfig};
use super::sample::uncommented;
use super::{config, said};
use crate::domain::card::CardHolder;
use crate::domain::declaration::{Identity, Keystore};
use crate::domain::lang::Lang;
use crate::domain::offer::{Offer, Usage};
use crate::domain::person::Role;
use crate::domain::profile::Environment;
use crate::domain::threshold::Threshold;

#[test]
fn nothing_written_is_a_configuration() {
    let config = config("");
    assert_eq!(config.lang, Lang::Fr);
    assert_eq!(config.timezone, chrono_tz::Europe::Paris);
    assert_eq!(config.store.url, "sqlite:///var/lib/vigie/vigie.db");
    assert_eq!(config.http.listen.map(|listen| listen.to_string()).as_deref(), Some("127.0.0.1:8440"));
    assert_eq!(config.http.token_file, Path::new("/var/lib/vigie/api.token"));
    assert_eq!(config.policy, crate::policy::Settings::default());
    assert!(!config.node.is_empty());
    assert!(config.notify.smtp.is_none() && config.sources.is_empty());
}

#[test]
fn state_follows_its_folder() {
    let config = config("state_dir = \"state\"\nnode = \"n1\"\n[http]\nlisten = \"\"\n");
    assert_eq!(config.store.url, "sqlite:///etc/vigie/state/vigie.db");
    assert_eq!(config.http.token_file, Path::new("/etc/vigie/state/api.token"));
    assert_eq!((config.http.listen, config.node.as_str()), (None, "n1"));
}

#[test]
fn the_examples_mean_what_they_say() {
    let config = config(&uncommented());
    let declaration = &config.declaration;
    let id = |text: &str| text.parse().expect("an id");

    let chex = &declaration.structures[&id("chex")];
    assert_eq!(chex.finess_juridique.as_ref().map(|finess| finess.as_str()), Some("990000010"));
    assert_eq!(chex.finess_geographique.iter().map(|finess| finess.as_str()).collect::<Vec<_>>(), ["990000028"]);
    assert_eq!(chex.siret.iter().map(|siret| siret.as_str()).collect::<Vec<_>>(), ["12345678200010"]);
    assert_eq!(declaration.structures[&id("cabinet")].rpps_rang.len(), 1);
    assert_eq!(declaration.structures[&id("chex-test")].environment, Environment::Test);

    let mandate = &declaration.mandates[0];
    assert_eq!(mandate.role, Role::AdministrateurTechnique);
    assert_eq!(mandate.offers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["ORG/AUTH_CLI", "SERV/SSL_SERV"]);
    assert_eq!(mandate.from, NaiveDate::from_ymd_opt(2025, 1, 15));

    let dmp = &declaration.certificates[&id("dmp")];
    assert_eq!((dmp.offer, dmp.usage, dmp.environment), (Offer::Org, Usage::AuthCli, Environment::Production));
    assert_eq!(dmp.identity, Identity::Service("DRIMbox".to_owned()));
    let Keystore::Files { cert, key, chain } = &dmp.keystore else { panic!("{:?}", dmp.keystore) };
    assert_eq!(cert.to_string(), "/etc/drimbox/client.pem");
    assert_eq!(key.as_ref().map(ToString::to_string).as_deref(), Some("/etc/drimbox/client.key"));
    assert_eq!(chain.as_ref().map(ToString::to_string).as_deref(), Some("/etc/drimbox/chain.pem"));
    assert_eq!(dmp.thresholds.as_ref().and_then(|steps| steps.first()), Some(&Threshold::Days(60)));
    let portail = &declaration.certificates[&id("portail")];
    assert_eq!(portail.keystore, Keystore::EndpointOnly);
    assert_eq!(portail.identity, Identity::Fqdn("portail.ch-exemple.fr".to_owned()));
    let mss = &declaration.certificates[&id("mss-test")];
    assert!(
        matches!(&mss.keystore, Keystore::Pkcs12 { password_file: Some(file), .. } if file.to_string() == "/etc/mss/test.p12.password")
    );

    assert_eq!(declaration.cards[0].holder, CardHolder::Person(id("at-1")));
    let service = CardHolder::Service { service: "Bureau des entrées".to_owned(), assigned_to: Some(id("at-1")) };
    assert_eq!(declaration.cards[1].holder, service);

    let SourceConfig::File { paths, .. } = &config.sources[0] else { panic!("{:?}", config.sources) };
    assert_eq!(paths, &[PathBuf::from("/etc/ssl/sante"), PathBuf::from("/srv/*/tls/*.pem")]);
    let smtp = config.notify.smtp.as_ref().expect("smtp");
    assert_eq!((smtp.port, smtp.tls), (587, SmtpTls::Starttls));
    assert_eq!(config.scan.source_timeout, Duration::from_secs(600));
}

#[test]
fn dates_lists_and_ports_have_two_spellings() {
    let base = "[[structure]]\nid='s'\nname='S'\nkind='other'\nsiret=['12345678200010', '123 456 782 00028']\n\
                [[person]]\nid='p'\nmails='a@b.fr'\n[[mandate]]\nperson='p'\nstructure='s'\nrole='contact'\n";
    let quoted = config(&format!("{base}from='2026-01-31'\nuntil='2026-01-31'\n"));
    let native = config(&format!("{base}from=2026-01-31\nuntil=2026-01-31\n"));
    assert_eq!(quoted, native);
    assert_eq!(quoted.declaration.structures.values().next().map(|structure| structure.siret.len()), Some(2));
    for wrong in
        ["from='31/01/2026'", "from=2026-01-31T00:00:00Z", "from=08:00:00", "from='2026-02-30'", "from=20260131"]
    {
        let said = said(&format!("{base}{wrong}\n"));
        assert_eq!(said.len(), 1, "{wrong}: {said:?}");
    }
    let smtp = |tls: &str| {
        config(&format!("[notify.smtp]\nhost='localhost'\nfrom='a@b.fr'\ntls='{tls}'\n"))
            .notify
            .smtp
            .map(|smtp| smtp.port)
    };
    assert_eq!([smtp("starttls"), smtp("implicit"), smtp("none")], [Some(587), Some(465), Some(25)]);
}

#[test]
fn a_file_may_be_named_relative_to_the_working_folder() {
    let texts = [(PathBuf::from("vigie.toml"), "state_dir = \"state\"\n".to_owned())];
    let config = super::from_texts(&texts).expect("valid").config;
    assert!(config.state_dir.is_absolute() && config.state_dir.ends_with("state"));
}
