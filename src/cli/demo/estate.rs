//! The files of the demonstration: authorities, certificates, keys, the declaration. Everything is made on the spot.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::num::NonZero;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::card::{self, CardFiles};
use super::plan::{self, Identity, PLAN, Planned, Planted};
use crate::domain::lang::Lang;
use crate::domain::offer::{Offer, Usage};
use crate::domain::time::Timestamp;
use crate::pki::issue::{AltName, Attribute, Authority, Issued, KeyPair, Leaf, Validity};

/// What the demonstration has to remember to be taken up again: kept in [`MANIFEST`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// What the demonstration serves itself.
    pub(super) endpoints: Vec<ServedFiles>,
    /// The card it shows, where there was a reader for it.
    #[serde(default)]
    pub(super) card: Option<CardFiles>,
}

/// An endpoint the demonstration serves.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ServedFiles {
    /// Where.
    pub(super) address: SocketAddr,
    /// Chain, PEM.
    pub(super) certificate: PathBuf,
    /// Private key, PEM.
    pub(super) key: PathBuf,
}

/// Beside `vigie.toml`.
pub(super) const MANIFEST: &str = "demo.json";

/// What `vigie.toml` is to say.
pub(super) struct Wanted<'a> {
    pub(super) folder: &'a Path,
    pub(super) lang: Lang,
    pub(super) listen: SocketAddr,
    pub(super) now: Timestamp,
    /// Where the demonstration listens for [`Planted::Served`] and [`Planted::ServedBeforeRenewal`]; `None` when nothing is
    /// going to serve, so that no endpoint is declared.
    pub(super) endpoints: Option<(SocketAddr, SocketAddr)>,
    /// There is a virtual reader to put a card into.
    pub(super) card: bool,
}

/// Makes everything under an empty folder.
pub(super) fn make(wanted: &Wanted<'_>) -> anyhow::Result<Manifest> {
    let folder = wanted.folder;
    let layout = Layout { folder };
    for (name, mode) in
        [("anchors", 0o755), ("conf.d", 0o755), ("tls", 0o755), ("private", 0o700), ("inbox", 0o755), ("served", 0o700)]
    {
        make_folder(&folder.join(name), mode)?;
    }
    let authorities = Authorities::new(wanted.now)?;
    let leaves = PLAN.iter().filter(|planned| planned.planted != Planted::Missing).count();
    let mut keys = KeyPairs(keys(leaves + 2)?);
    write(&folder.join("anchors/root.pem"), &authorities.root.certificate().pem, 0o644)?;

    let card = if wanted.card { Some(card::make(folder, wanted.now)?) } else { None };
    let mut manifest = Manifest { endpoints: Vec::new(), card };
    let mut last_key = None;
    for planned in PLAN.iter().filter(|planned| planned.planted != Planted::Missing) {
        let authority = authorities.of(planned.offer);
        let own = keys.next()?;
        let key = match (planned.planted, last_key.take()) {
            (Planted::CopiedKey, Some(before)) => before,
            _ => own,
        };
        let issued = authority.issue(&leaf(planned, planned.days, wanted.now), &key)?;
        write(&layout.certificate(planned), &chain(&issued, authority), 0o644)?;
        write(&layout.key(planned), &key.private_key_pem(), layout.key_mode(planned))?;
        let served = match (planned.planted, wanted.endpoints) {
            (Planted::Served, Some((address, _))) => {
                Some(ServedFiles { address, certificate: layout.certificate(planned), key: layout.key(planned) })
            }
            (Planted::ServedBeforeRenewal, Some((_, address))) => {
                let old = keys.next()?;
                let issued = authority.issue(&leaf(planned, plan::BEFORE_RENEWAL_DAYS, wanted.now), &old)?;
                let certificate = folder.join("served/before-renewal.pem");
                let key = folder.join("served/before-renewal.key");
                write(&certificate, &chain(&issued, authority), 0o644)?;
                write(&key, &old.private_key_pem(), 0o600)?;
                Some(ServedFiles { address, certificate, key })
            }
            _ => None,
        };
        manifest.endpoints.extend(served);
        last_key = Some(key);
    }
    let (service, days) = plan::UNDECLARED;
    let like = PLAN.first().context("the plan is empty")?;
    let undeclared = Planned { identity: Identity::Service(service), planted: Planted::Nothing, ..*like };
    let issued = authorities.organisations.issue(&leaf(&undeclared, days, wanted.now), &keys.next()?)?;
    write(&folder.join("inbox/essai-editeur.pem"), &issued.pem, 0o644)?;
    write(&folder.join("private/mssante.password"), "demonstration\n", 0o600)?;

    write(&folder.join("conf.d/10-structure.toml"), &structure(), 0o644)?;
    write(&folder.join("conf.d/20-certificates.toml"), &certificates(&layout, wanted.endpoints), 0o644)?;
    write(&folder.join(MANIFEST), &serde_json::to_string_pretty(&manifest)?, 0o600)?;
    // Last: a folder with this file is a whole demonstration.
    write(&folder.join("vigie.toml"), &main_file(wanted), 0o644)?;
    Ok(manifest)
}

/// Makes a folder with exactly this mode, whatever the umask.
pub(super) fn make_folder(path: &Path, mode: u32) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let made = fs::DirBuilder::new().mode(mode).create(path);
    made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

struct Authorities {
    root: Authority,
    organisations: Authority,
    persons: Authority,
}

impl Authorities {
    fn new(now: Timestamp) -> anyhow::Result<Self> {
        // Twenty years, begun long ago, like the real ones.
        let validity = Validity { not_before: now.minus_months(120), not_after: now.plus_days(10 * 365) };
        let mut keys = KeyPairs(keys(3)?);
        let root = Authority::root("TEST AC RACINE IGC-SANTE ELEMENTAIRE", validity, keys.next()?)?;
        let below =
            |domain: &str, key| root.intermediate(&format!("TEST AC IGC-SANTE ELEMENTAIRE {domain}"), validity, key);
        let organisations = below("ORGANISATIONS", keys.next()?)?;
        let persons = below("PERSONNES", keys.next()?)?;
        Ok(Self { root, organisations, persons })
    }

    const fn of(&self, offer: Offer) -> &Authority {
        match offer {
            Offer::Pro | Offer::Ps => &self.persons,
            _ => &self.organisations,
        }
    }
}

pub(super) struct KeyPairs(Vec<KeyPair>);

impl KeyPairs {
    pub(super) fn next(&mut self) -> anyhow::Result<KeyPair> {
        self.0.pop().context("fewer keys than certificates were made")
    }
}

/// So many keys.
pub(super) fn key_pairs(count: usize) -> anyhow::Result<KeyPairs> {
    keys(count).map(KeyPairs)
}

/// Making keys is what takes time, so every core makes some.
fn keys(count: usize) -> anyhow::Result<Vec<KeyPair>> {
    let begun = AtomicUsize::new(0);
    let made = Mutex::new(Vec::with_capacity(count));
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(count);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while begun.fetch_add(1, Ordering::Relaxed) < count {
                    let key = KeyPair::rsa_2048();
                    made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(key);
                }
            });
        }
    });
    let made = made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(made.into_iter().collect::<Result<_, _>>()?)
}

struct Layout<'a> {
    folder: &'a Path,
}

impl Layout<'_> {
    fn certificate(&self, planned: &Planned) -> PathBuf {
        self.folder.join(format!("tls/{}.pem", planned.id))
    }

    /// The key everybody may read lies in a folder everybody may enter.
    fn key(&self, planned: &Planned) -> PathBuf {
        let folder = if planned.planted == Planted::ReadableKey { "tls" } else { "private" };
        self.folder.join(format!("{folder}/{}.key", planned.id))
    }

    fn key_mode(&self, planned: &Planned) -> u32 {
        if planned.planted == Planted::ReadableKey { 0o644 } else { 0o600 }
    }
}

/// What the certificate of a plan line says when it has `days` left.
fn leaf(planned: &Planned, days: i64, now: Timestamp) -> Leaf {
    // Half a day more: the number shown does not change while somebody looks.
    let end = now.plus_days(days).plus_seconds(43_200);
    let not_before = end.minus_months(36);
    let (not_after, key_usage_end) = match (planned.planted, planned.usage) {
        (Planted::ShortKeyUsage, _) => (end.plus_days(31), Some(end)),
        (_, Usage::Sign) => (end, Some(end)),
        _ => (end, None),
    };
    let (name, finess) = match planned.planted {
        Planted::OtherStructure => (plan::OTHER_NAME, plan::OTHER_FINESS),
        _ => (plan::NAME, plan::FINESS),
    };
    let mut subject = vec![
        (Attribute::Department, plan::DEPARTMENT.to_owned()),
        (Attribute::Organization, name.to_owned()),
        (Attribute::Unit, format!("1{finess}")),
    ];
    let mut alt_names = Vec::new();
    match planned.identity {
        Identity::Service(service) => subject.push((Attribute::CommonName, service.to_owned())),
        Identity::Host(host) => {
            let host = format!("{host}.{}", plan::DOMAIN);
            subject.push((Attribute::CommonName, host.clone()));
            alt_names.push(AltName::Dns(host));
        }
        Identity::Mailbox(mailbox) => {
            let mail = format!("{mailbox}@{}", plan::DOMAIN);
            subject.push((Attribute::CommonName, mail.clone()));
            alt_names.push(AltName::Mail(mail));
        }
        Identity::Person(register, given_name, surname) => {
            subject.push((Attribute::Title, "Personnel santé ou social".to_owned()));
            subject.push((Attribute::GivenName, given_name.to_owned()));
            subject.push((Attribute::CommonName, format!("3{finess}/{register}")));
            subject.push((Attribute::Surname, surname.to_owned()));
            let mailbox = format!("{given_name}.{surname}").to_lowercase();
            alt_names.push(AltName::Mail(format!("{mailbox}@{}", plan::DOMAIN)));
        }
    }
    Leaf {
        offer: planned.offer,
        usage: planned.usage,
        subject,
        alt_names,
        validity: Validity { not_before, not_after },
        private_key_usage_not_after: key_usage_end,
        card: None,
    }
}

/// The certificate, then its intermediate.
fn chain(issued: &Issued, authority: &Authority) -> String {
    format!("{}{}", issued.pem, authority.certificate().pem)
}

fn main_file(wanted: &Wanted<'_>) -> String {
    let at = |name: &str| quoted(wanted.folder.join(name));
    format!(
        "# A demonstration made by `vigie demo`: a fictional structure, and a PKI made on the spot that imitates the names of\n\
         # the TEST hierarchy. No real service accepts any of it.\n\
         lang = \"{lang}\"\n\
         node = \"demo\"\n\
         state_dir = {state}\n\n\
         [http]\n\
         socket = {socket}\n\
         listen = \"{listen}\"\n\
         # The page opens without a token: there is nothing to hide here.\n\
         open_read = true\n\n\
         [schedule]\n\
         jitter = \"0s\"\n\n\
         [trust]\n\
         anchors = [{anchors}]\n\n\
         [revocation]\n\
         # A fictional structure asks nobody for anything.\n\
         hosts = []\n\n\
         [[source]]\n\
         kind = \"file\"\n\
         name = \"inbox\"\n\
         paths = [{inbox}]\n{readers}",
        lang = wanted.lang,
        state = at("state"),
        socket = at("state/api.sock"),
        listen = wanted.listen,
        anchors = at("anchors"),
        inbox = at("inbox"),
        readers = if wanted.card { "\n[[source]]\nkind = \"smart_card\"\nname = \"readers\"\n" } else { "" },
    )
}

fn structure() -> String {
    let (name, finess, siren, siret) = (plan::NAME, plan::FINESS, plan::SIREN, plan::SIRET);
    format!(
        "[[structure]]\nid = \"chex\"\nname = \"{name}\"\nkind = \"public_hospital\"\nenvironment = \"test\"\n\
         finess_juridique = \"{finess}\"\nsiren = \"{siren}\"\nsiret = \"{siret}\"\n\n\
         [[person]]\nid = \"at-1\"\nname = \"Dominique EXEMPLE\"\nmails = [\"pki@{domain}\"]\ncard = \"{card}\"\n\n\
         [[mandate]]\nperson = \"at-1\"\nstructure = \"chex\"\nrole = \"administrateur_technique\"\n\
         source = \"F413 (demonstration)\"\n\n\
         [[card]]\nnumber = \"{card}\"\nkind = \"CPE\"\nholder = \"at-1\"\nstructure = \"chex\"\n",
        domain = plan::DOMAIN,
        card = plan::CARD,
    )
}

fn certificates(layout: &Layout<'_>, endpoints: Option<(SocketAddr, SocketAddr)>) -> String {
    let mut text = String::new();
    for planned in PLAN {
        let Planned { id, offer, usage, .. } = planned;
        text.push_str(&format!(
            "[[certificate]]\nid = \"{id}\"\nstructure = \"chex\"\nenvironment = \"test\"\noffer = \"{offer}\"\n\
             usage = \"{usage}\"\nadministrators = [\"at-1\"]\n"
        ));
        text.push_str(&match planned.identity {
            Identity::Service(service) => format!("service = \"{service}\"\n"),
            Identity::Host(host) => format!("fqdn = \"{host}.{}\"\n", plan::DOMAIN),
            Identity::Mailbox(_) | Identity::Person(..) => format!("mail_domain = \"{}\"\n", plan::DOMAIN),
        });
        if planned.planted == Planted::Missing {
            let at = |extension: &str| quoted(layout.folder.join(format!("private/{id}.{extension}")));
            text.push_str(&format!("pkcs12 = {}\npassword_file = {}\n", at("p12"), at("password")));
        } else {
            let (certificate, key) = (layout.certificate(planned), layout.key(planned));
            text.push_str(&format!("cert = {}\nkey = {}\n", quoted(certificate), quoted(key)));
        }
        if !planned.impacts.is_empty() {
            let impacts: Vec<String> = planned.impacts.iter().map(|impact| format!("\"{impact}\"")).collect();
            text.push_str(&format!("impacts = [{}]\n", impacts.join(", ")));
        }
        let endpoint = endpoints.and_then(|(healthy, stale)| match planned.planted {
            Planted::Served => Some(healthy),
            Planted::ServedBeforeRenewal => Some(stale),
            _ => None,
        });
        if let Some(endpoint) = endpoint {
            text.push_str(&format!("endpoints = [\"tls://{endpoint}\"]\n"));
        }
        text.push('\n');
    }
    text
}

/// A TOML basic string: JSON escapes are a part of TOML's.
fn quoted(path: PathBuf) -> String {
    serde_json::Value::from(path.to_string_lossy().into_owned()).to_string()
}

pub(super) fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = made.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        // The planted mode is part of the demonstration, whatever the umask.
        file.set_permissions(fs::Permissions::from_mode(mode))
    });
    written.map_err(|error: io::Error| anyhow::anyhow!("cannot write {}: {error}", path.display()))
}
