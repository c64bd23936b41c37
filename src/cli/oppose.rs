//! `vigie oppose`: from the moment an opposition, or a revocation, was declared to the moment a list says so.

use serde_json::{Value, json};

use super::exit::Exit;
use super::{Session, client, print_json};
use crate::domain::time::Timestamp;

/// Arguments of `vigie oppose`.
#[derive(Debug, clap::Args)]
pub struct OpposeArgs {
    /// Numéro de la carte (dix chiffres), ou identifiant d'un certificat dont la révocation est demandée
    #[arg(value_name = "CARD")]
    subject: String,
    /// Moment de la déclaration à l'ANS (RFC 3339) ; maintenant, sinon
    #[arg(long, value_name = "TIME")]
    declared_at: Option<Timestamp>,
}

pub(super) fn run(args: &OpposeArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let bare: String = args.subject.chars().filter(|c| !c.is_whitespace()).collect();
    let card = bare.len() == 10 && bare.bytes().all(|byte| byte.is_ascii_digit());
    let path = match card {
        true => format!("/api/v1/cards/{bare}/oppose"),
        false => format!("/api/v1/certificates/{}/revocation", client::encode(&args.subject)),
    };
    let body = args.declared_at.map_or_else(|| json!({}), |at| json!({ "declared_at": at }));
    let answer = client::post_with(session, &path, &body)?;
    if session.common.json {
        return print_json(session, &answer);
    }
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let seen = text("seen_at");
    let key = if seen.is_empty() { "oppose-awaited" } else { "oppose-seen" };
    let values = [
        ("subject", text("subject").into()),
        ("declared", text("declared_at").into()),
        ("seen", seen.into()),
        ("number", text("crl_number").into()),
    ];
    writeln!(session.out, "{}", session.texts.say(key, &values))?;
    Ok(Exit::Done)
}
