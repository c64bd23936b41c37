//! The ANS offers and the usages a certificate is issued for, as F413 and the CGU name them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

macro_rules! spelled {
    ($(#[$meta:meta])* $name:ident, $error:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// Every value, in the order above.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling used in configuration, JSON and tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| UnknownWord {
                    what: $error,
                    found: text.to_owned(),
                    allowed: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use spelled;

/// A word outside a closed list; says which words are allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {found:?}: one of {allowed}")]
pub struct UnknownWord {
    /// What kind of word was wanted.
    pub what: &'static str,
    /// The word that was given.
    pub found: String,
    /// The words that would do, comma separated.
    pub allowed: String,
}

spelled! {
    /// The product family a certificate belongs to (CGU 4.1 for cards, 5.1 for software).
    Offer, "offer" {
        /// Software, legal person, organisation.
        Org = "ORG",
        /// Software, legal person, server.
        Serv = "SERV",
        /// Software, natural person, professional.
        Pro = "PRO",
        /// Software, natural person, health professional.
        Ps = "PS",
        /// Carte de professionnel de santé.
        Cps = "CPS",
        /// Carte de professionnel en formation.
        Cpf = "CPF",
        /// Carte de directeur ou de personnel d'établissement: the certificate does not tell which.
        CdeCpe = "CDE_CPE",
        /// Carte de directeur ou de personnel de structure autorisée: the certificate does not tell which.
        CdaCpa = "CDA_CPA",
    }
}

impl Offer {
    /// Ordered on the software certificate portal, as opposed to held in a card.
    pub const fn is_software(self) -> bool {
        matches!(self, Self::Org | Self::Serv | Self::Pro | Self::Ps)
    }

    /// The usages that can be ordered for this offer (F413 section 4.3; cards carry AUTH and SIGN).
    pub const fn usages(self) -> &'static [Usage] {
        match self {
            Self::Org => &[Usage::AuthCli, Usage::Sign, Usage::Conf],
            Self::Serv => &[Usage::SslServ, Usage::Smime, Usage::Sign, Usage::Conf],
            Self::Pro | Self::Ps => &[Usage::Auth, Usage::Sign, Usage::Conf],
            Self::Cps | Self::Cpf | Self::CdeCpe | Self::CdaCpa => &[Usage::Auth, Usage::Sign],
        }
    }
}

spelled! {
    /// What the key is for.
    Usage, "usage" {
        /// TLS client authentication of an organisation.
        AuthCli = "AUTH_CLI",
        /// TLS server.
        SslServ = "SSL_SERV",
        /// Electronic signature or seal.
        Sign = "SIGN",
        /// Encryption.
        Conf = "CONF",
        /// Signed and encrypted mail of a server.
        Smime = "SMIME",
        /// Authentication of a person.
        Auth = "AUTH",
    }
}
