//! The encryption of `Proc-Type: 4,ENCRYPTED` keys (RFC 1421 headers, key derivation of OpenSSL's `EVP_BytesToKey`: MD5, once).

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::password::{self, Locked, Passphrase};

/// Opens the body of a legacy encrypted key, given the value of its `DEK-Info` header.
pub fn decrypt(dek_info: &str, encrypted: &[u8], password: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let (cipher, vector) = dek_info.split_once(',').ok_or(Locked::Malformed)?;
    let vector = hex(vector.trim()).ok_or(Locked::Malformed)?;
    let size = match cipher {
        "AES-128-CBC" => 16,
        "AES-192-CBC" | "DES-EDE3-CBC" => 24,
        "AES-256-CBC" => 32,
        "DES-CBC" => 8,
        _ => return Err(Locked::Unsupported("its DEK-Info".to_owned())),
    };
    let salt = vector.get(..8).ok_or(Locked::Malformed)?;
    let key = derive(password, salt, size);
    let short = <[u8; 8]>::try_from(vector.as_slice());
    match cipher {
        "DES-CBC" => password::single_des(&key, short.map_err(|_| Locked::Malformed)?, encrypted),
        "DES-EDE3-CBC" => password::triple_des(&key, short.map_err(|_| Locked::Malformed)?, encrypted),
        _ => password::aes(&key, &vector, encrypted),
    }
}

fn derive(password: &Passphrase, salt: &[u8], size: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(size + 16));
    let mut last = Zeroizing::new(Vec::new());
    while key.len() < size {
        let step = Md5::new().chain_update(&*last).chain_update(password.utf8()).chain_update(salt).finalize();
        *last = step.to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(size);
    key
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|c| c.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let octets = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | *digit as u8));
    digits.len().is_multiple_of(2).then(|| octets.collect())
}
