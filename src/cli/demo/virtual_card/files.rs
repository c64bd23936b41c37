//! The files of a card, octet for octet.

use std::collections::BTreeMap;

use super::Model;

/// What a card is to hold.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Eight digits of EF.SN.ICC.
    pub serial: String,
    /// The label of its application, such as `CPS3v3-2900995235`.
    pub label: String,
    /// Its certificates.
    pub certificates: Vec<Held>,
    /// EF.ACTUA is there. On the one card that was ever traced it was not.
    pub last_update: bool,
}

/// A certificate of a card.
#[derive(Debug, Clone)]
pub struct Held {
    /// As the card calls it.
    pub label: String,
    /// PKCS#15 identifier.
    pub id: u8,
    /// The certificate.
    pub der: Vec<u8>,
}

/// A transparent file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its content.
    pub data: Vec<u8>,
    /// Short identifier.
    pub short: Option<u8>,
    /// It is read only after the code of the holder.
    pub needs_code: bool,
}

/// The files by their path below the MF.
#[derive(Debug, Clone, Default)]
pub struct Tree(pub BTreeMap<Vec<u16>, File>);

impl Tree {
    /// The file at a path.
    pub fn file(&self, path: &[u16]) -> Option<&File> {
        self.0.get(path)
    }

    /// The file of the folder with this short identifier.
    pub(super) fn short(&self, folder: &[u16], short: u8) -> Option<Vec<u16>> {
        let of_folder = |path: &[u16]| path.split_last().is_some_and(|(_, above)| above == folder);
        self.0.iter().find(|(path, file)| file.short == Some(short) && of_folder(path)).map(|(path, _)| path.clone())
    }

    /// The control parameters of a file; empty for a folder, `None` where there is neither.
    pub(super) fn control(&self, path: &[u16], model: Model) -> Option<Vec<u8>> {
        let Some(file) = self.file(path) else {
            return (path.is_empty() || self.0.keys().any(|file| file.starts_with(path))).then(Vec::new);
        };
        let size = u16::try_from(file.data.len()).unwrap_or(u16::MAX).to_be_bytes();
        let id = path.last()?.to_be_bytes();
        let short = file.short.map_or(0, |short| short << 3);
        let read = if file.needs_code { 0x13 } else { 0x00 };
        let access = [0xa1, 0x12, 0x8c, 0x07, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, read];
        let further = [0x9c, 0x07, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, read];
        let body = [
            &[0x80, 0x02, size[0], size[1], 0x82, 0x01, 0x01, 0x83, 0x02, id[0], id[1], 0x88, 0x01, short][..],
            &access,
            &further,
            &[0x8a, 0x01, 0x05],
        ]
        .concat();
        let template = if matches!(model, Model::Cps4 | Model::Cps4T0) { 0x6f } else { 0x62 };
        Some(element(template, &body))
    }
}

const MF: [u8; 2] = [0x3f, 0x00];
/// Where the certificates are: real identifiers are not published, so these are as good as any.
const FIRST_CERTIFICATE: u16 = 0xb001;

pub(super) fn tree(model: Model, contents: &Contents) -> Tree {
    let mut tree = Tree::default();
    let mut put = |path: &[u16], data: Vec<u8>, short: Option<u8>, needs_code: bool| {
        tree.0.insert(path.to_vec(), File { data, short, needs_code });
    };
    put(&[0xd003], serial(&contents.serial), Some(0x1c), false);
    let chipdoc = matches!(model, Model::Cps4 | Model::Cps4T0);
    if !chipdoc {
        put(&[0x2f00], applications(), Some(0x1e), false);
        put(&[0x2f01], description(), Some(0x1d), false);
        if contents.last_update {
            put(&[0xd010], vec![0xec, 0x08, 0x81, 0x02, 0x24, 0x01, 0x82, 0x02, 0x27, 0x01], None, false);
        }
    }
    // Over the air only the technical key's application can be used.
    let folder = if model == Model::Cps3Contactless { 0x0002 } else { 0x0001 };
    let in_folder = |file: u16| [folder, file];
    put(&in_folder(0x5031), object_directories(folder), None, false);
    put(&in_folder(0x5032), token_info(&contents.label), None, false);
    put(&in_folder(0x7001), codes(), None, false);
    put(&in_folder(0x7002), private_keys(contents), None, false);
    put(&in_folder(0x7005), certificates(folder, contents), None, false);
    put(&in_folder(0x7006), data_objects(folder), None, false);
    for (at, held) in (FIRST_CERTIFICATE..).zip(&contents.certificates) {
        put(&in_folder(at), held.der.clone(), None, false);
    }
    for at in 0xd101..=0xd103 {
        put(&in_folder(at), vec![0x04, 0x02, 0x00, 0x00], None, false);
    }
    // What the holder does and where: only after the code.
    for at in 0xd120..=0xd12f {
        put(&in_folder(at), vec![0x04, 0x02, 0x00, 0x00], None, true);
    }
    tree
}

/// `5A 0A`, the issuer, eight digits, their Luhn key over everything before it, a filler.
fn serial(digits: &str) -> Vec<u8> {
    let body = format!("8025000001{digits}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match place % 2 {
                0 if digit > 4 => digit * 2 - 9,
                0 => digit * 2,
                _ => digit,
            }
        })
        .sum();
    let full = format!("{body}{}F", (10 - sum % 10) % 10);
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let packed = full.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | nibble(*digit)));
    element(0x5a, &packed.collect::<Vec<_>>())
}

/// EF.DIR: the application by contact and the one over the air, each with its folder.
fn applications() -> Vec<u8> {
    let aid = |last: u8| {
        let aid = b"\xe8\x28\xbd\x08\x0f\x80\x25\x00\x00\x01\xff\x00";
        element(0x4f, &[&aid[..], &[last]].concat())
    };
    let of = |last: u8, label: &str, folder: u8| {
        let path = [&MF[..], &[0x00, folder]].concat();
        let parts = [aid(last), element(0x50, label.as_bytes()), element(0x51, &path), element(0x73, &aid(0x10))];
        element(0x61, &parts.concat())
    };
    [of(0x10, "CPX IAS", 1), of(0x20, "CPX IAS CL", 2)].concat()
}

/// EF.ATR, with the stray octet real cards begin it with.
fn description() -> Vec<u8> {
    b"\x80\x43\x01\xb8\x46\x04\x04\xb0\xec\xc1\x47\x03\x94\x01\x80\x4f\x08\x80\x25\x00\x00\x01\xff\x01\x00\xe0\x10\
      \x02\x02\x01\x04\x02\x02\x01\x04\x02\x02\x01\x00\x02\x02\x01\x00\x78\x08\x06\x06\x2b\x81\x22\xf8\x78\x02\x82\x02\
      \x90\x00"
        .to_vec()
}

fn path(folder: u16, file: u16) -> Vec<u8> {
    let path = [&MF[..], &folder.to_be_bytes(), &file.to_be_bytes()].concat();
    element(0x30, &element(0x04, &path))
}

/// The ODF.
fn object_directories(folder: u16) -> Vec<u8> {
    let to = |tag: u8, file: u16| element(tag, &path(folder, file));
    [to(0xa8, 0x7001), to(0xa0, 0x7002), to(0xa4, 0x7005), to(0xa7, 0x7006)].concat()
}

/// TokenInfo, without a serial number: it is in EF.SN.ICC.
fn token_info(label: &str) -> Vec<u8> {
    let parts =
        [element(0x02, &[1]), element(0x0c, b"GIP-CPS"), element(0x80, label.as_bytes()), element(0x03, &[0x04, 0x10])];
    element(0x30, &parts.concat())
}

/// CommonObjectAttributes with the flags of real cards: one octet of a BIT STRING, which is the count of unused bits and no more.
fn common(label: &str, code: Option<u8>) -> Vec<u8> {
    let flags = vec![0x03, 0x01, 0x08];
    let code = code.map(|id| element(0x04, &[id])).unwrap_or_default();
    element(0x30, &[element(0x0c, label.as_bytes()), flags, code].concat())
}

fn codes() -> Vec<u8> {
    let code = |label: &str, id: u8, reference: u8| {
        let attributes = [
            element(0x03, &[0x02, 0x0c]),
            element(0x0a, &[1]),
            element(0x02, &[4]),
            element(0x02, &[4]),
            element(0x02, &[8]),
            element(0x80, &[reference]),
        ];
        let parts = [
            common(label, None),
            element(0x30, &element(0x04, &[id])),
            element(0xa1, &element(0x30, &attributes.concat())),
        ];
        element(0x30, &parts.concat())
    };
    [code("Code porteur de la carte CPX", 1, 1), code("Code de deblocage", 2, 2)].concat()
}

/// The PrKDF: no key is there, only what a card says of its keys.
fn private_keys(contents: &Contents) -> Vec<u8> {
    let key = |held: &Held| {
        let (label, reference) = if held.label.contains("Signature") {
            ("CPS_PRIV_SIG", 0x81)
        } else if held.label.contains("Technique") {
            ("CPS_PRIV_TECH_AUT", 0x83)
        } else {
            ("CPS_PRIV_AUT", 0x82)
        };
        let class = [element(0x04, &[held.id]), element(0x03, &[0x05, 0x20]), element(0x02, &[0x00, reference])];
        let value = [element(0x30, &element(0x04, &[])), element(0x02, &[0x08, 0x00])];
        let parts =
            [common(label, Some(1)), element(0x30, &class.concat()), element(0xa1, &element(0x30, &value.concat()))];
        element(0x30, &parts.concat())
    };
    contents.certificates.iter().flat_map(key).collect()
}

fn certificates(folder: u16, contents: &Contents) -> Vec<u8> {
    let entry = |(file, held): (u16, &Held)| {
        let parts = [
            common(&held.label, None),
            element(0x30, &element(0x04, &[held.id])),
            element(0xa1, &element(0x30, &path(folder, file))),
        ];
        element(0x30, &parts.concat())
    };
    (FIRST_CERTIFICATE..).zip(&contents.certificates).flat_map(entry).collect()
}

fn data_objects(folder: u16) -> Vec<u8> {
    let object = |(file, label): (u16, &str)| {
        let parts = [common(label, None), element(0x30, &element(0x0c, b"CPS")), element(0xa1, &path(folder, file))];
        element(0x30, &parts.concat())
    };
    (0xd101..).zip(["CPS_ID_CARD", "CPS_NAME_PS", "CPS_INFO_PS"]).flat_map(object).collect()
}

/// Tag, length in as few octets as it takes, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes() {
        [0, short @ 0..=0x7f] => vec![short],
        [0, long] => vec![0x81, long],
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], &length[..], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_have_the_sizes_of_the_real_ones() {
        assert_eq!((applications().len(), description().len()), (101, 57));
        assert_eq!(serial("99213845"), b"\x5a\x0a\x80\x25\x00\x00\x01\x99\x21\x38\x45\x0f");
    }
}
