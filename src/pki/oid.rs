//! The object identifiers this module knows, in their DER content octets, and how the others are written.

use std::borrow::Cow;
use std::fmt::Write;

use super::hex;

/// 1.2.840.113549.1.1.1 (PKCS#1).
pub const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// 1.2.840.113549.1.1.10 (RFC 4055).
pub const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
/// 1.2.840.10045.2.1 (RFC 5480).
pub const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// 1.2.840.10040.4.1 (RFC 3279).
pub const DSA: &[u8] = b"\x2a\x86\x48\xce\x38\x04\x01";
/// 1.3.101.112 (RFC 8410).
pub const ED25519: &[u8] = b"\x2b\x65\x70";
/// 1.3.101.113 (RFC 8410).
pub const ED448: &[u8] = b"\x2b\x65\x71";
/// 1.3.101.110 (RFC 8410).
pub const X25519: &[u8] = b"\x2b\x65\x6e";
/// 1.2.840.10045.3.1.7 (secp256r1).
pub const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// 1.3.132.0.34 (secp384r1).
pub const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
/// 1.3.132.0.35 (secp521r1).
pub const P521: &[u8] = b"\x2b\x81\x04\x00\x23";
/// 1.3.14.3.2.26 (hash).
pub const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
/// 2.16.840.1.101.3.4.2.4 (hash).
pub const SHA224: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x04";
/// 2.16.840.1.101.3.4.2.1 (hash).
pub const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// 2.16.840.1.101.3.4.2.2 (hash).
pub const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
/// 2.16.840.1.101.3.4.2.3 (hash).
pub const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
/// 1.2.840.113549.2.7 (RFC 8018).
pub const HMAC_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";
/// 1.2.840.113549.2.8 (RFC 8018).
pub const HMAC_SHA224: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x08";
/// 1.2.840.113549.2.9 (RFC 8018).
pub const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
/// 1.2.840.113549.2.10 (RFC 8018).
pub const HMAC_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a";
/// 1.2.840.113549.2.11 (RFC 8018).
pub const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
/// 1.2.840.113549.1.5.12 (RFC 8018).
pub const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
/// 1.2.840.113549.1.5.13 (RFC 8018).
pub const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
/// 1.2.840.113549.1.5.14 (RFC 8018, RFC 9579).
pub const PBMAC1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e";
/// 2.16.840.1.101.3.4.1.2 (NIST).
pub const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
/// 2.16.840.1.101.3.4.1.22 (NIST).
pub const AES_192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
/// 2.16.840.1.101.3.4.1.42 (NIST).
pub const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
/// 1.2.840.113549.3.7 (RFC 8018).
pub const DES_EDE3_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x07";
/// 1.2.840.113549.1.12.1.1 (RFC 7292 appendix C).
pub const PBE_SHA1_RC4_128: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x01";
/// 1.2.840.113549.1.12.1.2 (RFC 7292 appendix C).
pub const PBE_SHA1_RC4_40: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x02";
/// 1.2.840.113549.1.12.1.3 (RFC 7292 appendix C).
pub const PBE_SHA1_3DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
/// 1.2.840.113549.1.12.1.4 (RFC 7292 appendix C).
pub const PBE_SHA1_2DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x04";
/// 1.2.840.113549.1.12.1.5 (RFC 7292 appendix C).
pub const PBE_SHA1_RC2_128: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05";
/// 1.2.840.113549.1.12.1.6 (RFC 7292 appendix C).
pub const PBE_SHA1_RC2_40: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06";
/// 1.2.840.113549.1.7.1 (PKCS#7).
pub const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 1.2.840.113549.1.7.2 (PKCS#7).
pub const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.7.6 (PKCS#7).
pub const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
/// 1.2.840.113549.1.12.10.1.1 (RFC 7292 section 4.2.1).
pub const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
/// 1.2.840.113549.1.12.10.1.2 (RFC 7292 section 4.2.2).
pub const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
/// 1.2.840.113549.1.12.10.1.3 (RFC 7292 section 4.2.3).
pub const CERT_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
/// 1.2.840.113549.1.12.10.1.4 (RFC 7292 section 4.2.4).
pub const CRL_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x04";
/// 1.2.840.113549.1.12.10.1.6 (RFC 7292 section 4.2.6).
pub const SAFE_CONTENTS_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06";
/// 1.2.840.113549.1.9.22.1 (PKCS#9).
pub const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
/// 1.2.840.113549.1.9.23.1 (PKCS#9).
pub const X509_CRL: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x17\x01";
/// 2.5.29.14 (RFC 5280 section 4.2.1.2).
pub const SUBJECT_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x0e";
/// 2.5.29.15 (RFC 5280 section 4.2.1.3).
pub const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
/// 2.5.29.16 (RFC 3280 section 4.2.1.4).
pub const PRIVATE_KEY_USAGE_PERIOD: &[u8] = b"\x55\x1d\x10";
/// 2.5.29.17 (RFC 5280 section 4.2.1.6).
pub const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
/// 2.5.29.19 (RFC 5280 section 4.2.1.9).
pub const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
/// 2.5.29.18 (RFC 5280 section 4.2.1.7).
pub const ISSUER_ALT_NAME: &[u8] = b"\x55\x1d\x12";
/// 2.5.29.20 (RFC 5280 section 5.2.3).
pub const CRL_NUMBER: &[u8] = b"\x55\x1d\x14";
/// 2.5.29.21 (RFC 5280 section 5.3.1).
pub const REASON_CODE: &[u8] = b"\x55\x1d\x15";
/// 2.5.29.23 (RFC 3280 section 5.3.2).
pub const HOLD_INSTRUCTION: &[u8] = b"\x55\x1d\x17";
/// 2.5.29.24 (RFC 5280 section 5.3.2).
pub const INVALIDITY_DATE: &[u8] = b"\x55\x1d\x18";
/// 2.5.29.28 (RFC 5280 section 5.2.5).
pub const ISSUING_DISTRIBUTION_POINT: &[u8] = b"\x55\x1d\x1c";
/// 2.5.29.29 (RFC 5280 section 5.3.3).
pub const CERTIFICATE_ISSUER: &[u8] = b"\x55\x1d\x1d";
/// 2.5.29.30 (RFC 5280 section 4.2.1.10).
pub const NAME_CONSTRAINTS: &[u8] = b"\x55\x1d\x1e";
/// 2.5.29.31 (RFC 5280 section 4.2.1.13).
pub const CRL_DISTRIBUTION_POINTS: &[u8] = b"\x55\x1d\x1f";
/// 2.5.29.33 (RFC 5280 section 4.2.1.5).
pub const POLICY_MAPPINGS: &[u8] = b"\x55\x1d\x21";
/// 2.5.29.36 (RFC 5280 section 4.2.1.11).
pub const POLICY_CONSTRAINTS: &[u8] = b"\x55\x1d\x24";
/// 2.5.29.46 (RFC 5280 sections 4.2.1.15 and 5.2.6).
pub const FRESHEST_CRL: &[u8] = b"\x55\x1d\x2e";
/// 2.5.29.54 (RFC 5280 section 4.2.1.14).
pub const INHIBIT_ANY_POLICY: &[u8] = b"\x55\x1d\x36";
/// 2.5.29.32.0 (RFC 5280 section 4.2.1.4).
pub const ANY_POLICY: &[u8] = b"\x55\x1d\x20\x00";
/// 1.3.6.1.5.5.7.1.1 (RFC 5280 section 4.2.2.1).
pub const AUTHORITY_INFO_ACCESS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x01";
/// 1.2.840.113549.1.9.1 (PKCS#9).
pub const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
/// 2.5.29.27 (RFC 5280 section 5.2.4).
pub const DELTA_CRL_INDICATOR: &[u8] = b"\x55\x1d\x1b";
/// 2.5.29.32 (RFC 5280 section 4.2.1.4).
pub const CERTIFICATE_POLICIES: &[u8] = b"\x55\x1d\x20";
/// 2.5.29.35 (RFC 5280 section 4.2.1.1).
pub const AUTHORITY_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x23";
/// 2.5.29.37 (RFC 5280 section 4.2.1.12).
pub const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
/// 1.3.6.1.4.1.311.20.2.3 (Microsoft user principal name).
pub const UPN: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03";
/// 2.5.4.3 (X.520).
pub const COMMON_NAME: &[u8] = b"\x55\x04\x03";
/// 2.5.4.4 (X.520).
pub const SURNAME: &[u8] = b"\x55\x04\x04";
/// 2.5.4.11 (X.520).
pub const ORGANIZATIONAL_UNIT: &[u8] = b"\x55\x04\x0b";
/// 2.5.4.12 (X.520).
pub const TITLE: &[u8] = b"\x55\x04\x0c";
/// 2.5.4.42 (X.520).
pub const GIVEN_NAME: &[u8] = b"\x55\x04\x2a";
/// 2.5.4.65 (X.520).
pub const PSEUDONYM: &[u8] = b"\x55\x04\x41";
/// 1.2.840.113549.1.1.5 (RFC 8017).
pub const SHA1_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
/// 1.3.14.3.2.29 (OIW, seen on old certificates).
pub const SHA1_WITH_RSA_OIW: &[u8] = b"\x2b\x0e\x03\x02\x1d";
/// 1.2.840.113549.1.1.11 (RFC 8017).
pub const SHA256_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
/// 1.2.840.113549.1.1.12 (RFC 8017).
pub const SHA384_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
/// 1.2.840.113549.1.1.13 (RFC 8017).
pub const SHA512_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
/// 1.2.840.10045.4.1 (ANSI X9.62).
pub const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
/// 1.2.840.10045.4.3.1 (RFC 5758).
pub const ECDSA_SHA224: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x01";
/// 1.2.840.10045.4.3.2 (RFC 5758).
pub const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
/// 1.2.840.10045.4.3.3 (RFC 5758).
pub const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
/// 1.2.840.10045.4.3.4 (RFC 5758).
pub const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
/// 1.2.840.113549.1.5 (the arc of PKCS#5 schemes).
pub const PKCS5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05";
/// 1.2.840.113549.1.12.1 (the arc of PKCS#12 schemes).
pub const PKCS12_PBE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
/// 1.2.840.113549.1.7 (the arc of PKCS#7 content types).
pub const PKCS7: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07";
/// 1.3.6.1.5.5.7.3.1 (RFC 5280 section 4.2.1.12).
pub const SERVER_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x01";
/// 1.3.6.1.5.5.7.3.2 (RFC 5280 section 4.2.1.12).
pub const CLIENT_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x02";
/// 1.3.6.1.5.5.7.3.4 (RFC 5280 section 4.2.1.12).
pub const EMAIL_PROTECTION: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x04";
/// 1.2.250.1.71.1.2.2 (IGC-Santé card type, TRE_G02).
pub const IGC_CARD_TYPE: &[u8] = b"\x2a\x81\x7a\x01\x47\x01\x02\x02";
/// 1.2.250.1.71.1.2.3 (IGC-Santé card identifier).
pub const IGC_CARD_NUMBER: &[u8] = b"\x2a\x81\x7a\x01\x47\x01\x02\x03";
/// 1.2.250.1.71.1.2.5 (IGC-Santé product category, TRE_G01).
pub const IGC_CATEGORY: &[u8] = b"\x2a\x81\x7a\x01\x47\x01\x02\x05";
/// 1.2.250.1.213.1.7 (the arc of the IGC-Santé policies).
pub const IGC_POLICIES: &[u8] = b"\x2a\x81\x7a\x01\x81\x55\x01\x07";

/// The short name OpenSSL gives an attribute type.
pub fn attribute(oid: &[u8]) -> Option<&'static str> {
    named(ATTRIBUTES, oid)
}

/// The name OpenSSL prints for a signature algorithm, or the dotted number.
pub fn signature_algorithm(oid: &[u8]) -> Cow<'static, str> {
    named(SIGNATURES, oid).map_or_else(|| Cow::Owned(dotted(oid)), Cow::Borrowed)
}

/// The snake-case name of an extended key usage, or the dotted number.
pub fn extended_key_usage(oid: &[u8]) -> Cow<'static, str> {
    named(USAGES, oid).map_or_else(|| Cow::Owned(dotted(oid)), Cow::Borrowed)
}

/// The dotted number. What is no OID is shown as `#` and hex.
pub fn dotted(oid: &[u8]) -> String {
    try_dotted(oid).unwrap_or_else(|| {
        let mut text = String::from("#");
        hex::lower(&mut text, "", oid);
        text
    })
}

fn try_dotted(oid: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(oid.len() * 3);
    let mut arc: u128 = 0;
    let mut open = false;
    for byte in oid {
        arc = arc.checked_mul(128)? | u128::from(byte & 0x7f);
        open = byte & 0x80 != 0;
        if open {
            continue;
        }
        let written = if text.is_empty() {
            let first = (arc / 40).min(2);
            write!(text, "{first}.{}", arc - first * 40)
        } else {
            write!(text, ".{arc}")
        };
        written.ok()?;
        arc = 0;
    }
    (!open && !text.is_empty()).then_some(text)
}

fn named(table: &[(&[u8], &'static str)], oid: &[u8]) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name)
}

/// X.520, RFC 4519, PKCS#9 and CA/Browser Forum attribute types by their OpenSSL short names.
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (b"\x55\x04\x03", "CN"),                                             // 2.5.4.3
    (b"\x55\x04\x04", "SN"),                                             // 2.5.4.4
    (b"\x55\x04\x05", "serialNumber"),                                   // 2.5.4.5
    (b"\x55\x04\x06", "C"),                                              // 2.5.4.6
    (b"\x55\x04\x07", "L"),                                              // 2.5.4.7
    (b"\x55\x04\x08", "ST"),                                             // 2.5.4.8
    (b"\x55\x04\x09", "street"),                                         // 2.5.4.9
    (b"\x55\x04\x0a", "O"),                                              // 2.5.4.10
    (b"\x55\x04\x0b", "OU"),                                             // 2.5.4.11
    (b"\x55\x04\x0c", "title"),                                          // 2.5.4.12
    (b"\x55\x04\x0d", "description"),                                    // 2.5.4.13
    (b"\x55\x04\x0f", "businessCategory"),                               // 2.5.4.15
    (b"\x55\x04\x11", "postalCode"),                                     // 2.5.4.17
    (b"\x55\x04\x12", "postOfficeBox"),                                  // 2.5.4.18
    (b"\x55\x04\x14", "telephoneNumber"),                                // 2.5.4.20
    (b"\x55\x04\x29", "name"),                                           // 2.5.4.41
    (b"\x55\x04\x2a", "GN"),                                             // 2.5.4.42
    (b"\x55\x04\x2b", "initials"),                                       // 2.5.4.43
    (b"\x55\x04\x2c", "generationQualifier"),                            // 2.5.4.44
    (b"\x55\x04\x2d", "x500UniqueIdentifier"),                           // 2.5.4.45
    (b"\x55\x04\x2e", "dnQualifier"),                                    // 2.5.4.46
    (b"\x55\x04\x41", "pseudonym"),                                      // 2.5.4.65
    (b"\x55\x04\x48", "role"),                                           // 2.5.4.72
    (b"\x55\x04\x61", "organizationIdentifier"),                         // 2.5.4.97
    (b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"),                // 0.9.2342.19200300.100.1.1
    (b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x03", "mail"),               // 0.9.2342.19200300.100.1.3
    (b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"),                 // 0.9.2342.19200300.100.1.25
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"),           // 1.2.840.113549.1.9.1
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02", "unstructuredName"),       // 1.2.840.113549.1.9.2
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x08", "unstructuredAddress"),    // 1.2.840.113549.1.9.8
    (b"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01", "jurisdictionL"),  // 1.3.6.1.4.1.311.60.2.1.1
    (b"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02", "jurisdictionST"), // 1.3.6.1.4.1.311.60.2.1.2
    (b"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", "jurisdictionC"),  // 1.3.6.1.4.1.311.60.2.1.3
];

/// Signature algorithms by their OpenSSL names.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "sha256WithRSAEncryption"), // 1.2.840.113549.1.1.11
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", "sha384WithRSAEncryption"), // 1.2.840.113549.1.1.12
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", "sha512WithRSAEncryption"), // 1.2.840.113549.1.1.13
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "rsassaPss"),               // 1.2.840.113549.1.1.10
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "sha1WithRSAEncryption"),   // 1.2.840.113549.1.1.5
    (b"\x2b\x0e\x03\x02\x1d", "sha1WithRSA"),                             // 1.3.14.3.2.29
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", "sha224WithRSAEncryption"), // 1.2.840.113549.1.1.14
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", "md5WithRSAEncryption"),    // 1.2.840.113549.1.1.4
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02", "md2WithRSAEncryption"),    // 1.2.840.113549.1.1.2
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", "ecdsa-with-SHA256"),           // 1.2.840.10045.4.3.2
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", "ecdsa-with-SHA384"),           // 1.2.840.10045.4.3.3
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", "ecdsa-with-SHA512"),           // 1.2.840.10045.4.3.4
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x01", "ecdsa-with-SHA224"),           // 1.2.840.10045.4.3.1
    (b"\x2a\x86\x48\xce\x3d\x04\x01", "ecdsa-with-SHA1"),                 // 1.2.840.10045.4.1
    (b"\x2b\x65\x70", "ED25519"),                                         // 1.3.101.112
    (b"\x2b\x65\x71", "ED448"),                                           // 1.3.101.113
    (b"\x2a\x86\x48\xce\x38\x04\x03", "dsaWithSHA1"),                     // 1.2.840.10040.4.3
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x02", "dsa_with_SHA256"),         // 2.16.840.1.101.3.4.3.2
];

/// Extended key usages of RFC 5280 section 4.2.1.12.
const USAGES: &[(&[u8], &str)] = &[
    (b"\x2b\x06\x01\x05\x05\x07\x03\x01", "server_auth"), // 1.3.6.1.5.5.7.3.1
    (b"\x2b\x06\x01\x05\x05\x07\x03\x02", "client_auth"), // 1.3.6.1.5.5.7.3.2
    (b"\x2b\x06\x01\x05\x05\x07\x03\x03", "code_signing"), // 1.3.6.1.5.5.7.3.3
    (b"\x2b\x06\x01\x05\x05\x07\x03\x04", "email_protection"), // 1.3.6.1.5.5.7.3.4
    (b"\x2b\x06\x01\x05\x05\x07\x03\x08", "time_stamping"), // 1.3.6.1.5.5.7.3.8
    (b"\x2b\x06\x01\x05\x05\x07\x03\x09", "ocsp_signing"), // 1.3.6.1.5.5.7.3.9
    (b"\x55\x1d\x25\x00", "any"),                         // 2.5.29.37.0
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_every_arc() {
        assert_eq!(dotted(IGC_CARD_NUMBER), "1.2.250.1.71.1.2.3");
        assert_eq!(dotted(b"\x88\x37\x03"), "2.999.3");
        assert_eq!(dotted(b"\x2a\x86"), "#2a86", "cut in an arc");
        assert_eq!(dotted(b""), "#");
        assert_eq!(dotted(&[0xff; 40]), format!("#{}", "ff".repeat(40)));
    }

    #[test]
    fn tables_say_their_own_number() {
        let source = include_str!("oid.rs");
        let rows = source.lines().filter(|line| line.starts_with("    (b\""));
        for (row, (oid, _)) in rows.zip(ATTRIBUTES.iter().chain(SIGNATURES).chain(USAGES)) {
            assert_eq!(row.rsplit("// ").next(), Some(dotted(oid).as_str()));
        }
    }
}
