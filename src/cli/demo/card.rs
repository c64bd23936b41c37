//! The card of the demonstration: the administrator's, in a virtual reader, where this machine has one.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::plan;
use super::virtual_card::{Contents, Heard, Held, Model, Said, VirtualCard, plug};
use crate::domain::offer::{Offer, Usage};
use crate::domain::reading::Item;
use crate::domain::time::Timestamp;
use crate::pki::issue::{Attribute, Authority, Leaf, Validity};
use crate::pki::read::{Limits, read};
use crate::sources::smart_card;

/// Where Debian's vpcd listens.
pub(super) const USUAL_READER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0x8c7b);
/// The serial number of its chip.
const SERIAL: &str = "99213845";
/// How long a virtual reader takes to answer, at most: it looks for a card a few times a second, and one caller at a time. Where there
/// is none the answer is there at once.
const PATIENCE: Duration = Duration::from_secs(4);
/// Days it still has.
const DAYS: i64 = 700;

/// What has to be remembered of the card.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CardFiles {
    /// Certificates, PEM, by the names the card gives them.
    certificates: Vec<(String, PathBuf)>,
}

/// There is a virtual reader that a card can be put into, with pcscd behind it.
pub(super) fn has_reader(address: SocketAddr) -> bool {
    if TcpStream::connect_timeout(&address, PATIENCE).is_err() {
        return false;
    }
    // A pcscd that hangs must not hang the demonstration.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(smart_card::probe().is_ok()).is_ok());
    receiver.recv_timeout(Duration::from_secs(2)).unwrap_or(false)
}

/// Makes the certificates of the card under authorities of their own gamme, and writes them beside the others.
pub(super) fn make(folder: &Path, now: Timestamp) -> anyhow::Result<CardFiles> {
    let validity = Validity { not_before: now.minus_months(120), not_after: now.plus_days(10 * 365) };
    let mut keys = super::estate::key_pairs(4)?;
    let root = Authority::root("TEST AC RACINE IGC-SANTE STANDARD", validity, keys.next()?)?;
    let persons = root.intermediate("TEST AC IGC-SANTE STANDARD PERSONNES", validity, keys.next()?)?;
    super::estate::write(&folder.join("anchors/root-standard.pem"), &root.certificate().pem, 0o644)?;
    super::estate::make_folder(&folder.join("card"), 0o755)?;
    let end = now.plus_days(DAYS).plus_seconds(43_200);
    let mut certificates = Vec::new();
    for (label, usage, name) in [
        ("Certificat d'Authentification CPS", Usage::Auth, "auth.pem"),
        ("Certificat de Signature CPS", Usage::Sign, "sign.pem"),
    ] {
        let subject = vec![
            (Attribute::Department, plan::DEPARTMENT.to_owned()),
            (Attribute::Organization, plan::NAME.to_owned()),
            (Attribute::Unit, format!("1{}", plan::FINESS)),
            (Attribute::Title, "Personnel santé ou social".to_owned()),
            (Attribute::GivenName, "DOMINIQUE".to_owned()),
            (Attribute::CommonName, format!("3{}/000000001", plan::FINESS)),
            (Attribute::Surname, "EXEMPLE".to_owned()),
        ];
        let leaf = Leaf {
            offer: Offer::CdeCpe,
            usage,
            subject,
            alt_names: Vec::new(),
            validity: Validity { not_before: end.minus_months(36), not_after: end },
            private_key_usage_not_after: None,
            card: Some(plan::CARD.to_owned()),
        };
        let path = folder.join("card").join(name);
        super::estate::write(&path, &persons.issue(&leaf, &keys.next()?)?.pem, 0o644)?;
        certificates.push((label.to_owned(), path));
    }
    Ok(CardFiles { certificates })
}

/// Puts the card into the reader, for as long as this process lives. Connecting is putting it in, and it has to answer at once.
pub(super) fn insert(files: &CardFiles, reader: SocketAddr) -> anyhow::Result<()> {
    let mut certificates = Vec::new();
    for ((label, path), id) in files.certificates.iter().zip([0x02, 0x01]) {
        let pem = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let items = read(&pem, None, &Limits::default()).items;
        let der = items.into_iter().find_map(|item| match item.item {
            Item::Certificate { der, .. } => Some(der.to_vec()),
            _ => None,
        });
        let der = der.with_context(|| format!("no certificate in {}", path.display()))?;
        certificates.push(Held { label: label.clone(), id, der });
    }
    let label = format!("CPS3v3-{}", plan::CARD);
    let contents = Contents { serial: SERIAL.to_owned(), label, certificates, last_update: true };
    let mut card = VirtualCard::new(Model::Cps3, &contents);
    let reader = TcpStream::connect_timeout(&reader, PATIENCE)
        .with_context(|| format!("the virtual reader at {reader} does not take a card"))?;
    std::thread::spawn(move || {
        let ended = plug(reader, Model::Cps3.atr(), |heard| match heard {
            Heard::Apdu(apdu) => Said::Answer(card.answer(&apdu)),
            Heard::On | Heard::Reset => {
                card.reset();
                Said::Nothing
            }
            Heard::Off => Said::Nothing,
        });
        if let Err(error) = ended {
            tracing::debug!(error = %error, "the virtual reader went away");
        }
    });
    Ok(())
}
