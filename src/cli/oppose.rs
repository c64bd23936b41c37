//! `vigie oppose`: from the moment an opposition, or a revocation, was declared to the moment a list says so.

use serde_json::{Value, json};

use super::exit::Exit;
use super::{Session, client, print_json};
use crate::domain::time::{Timestamp, hours_and_minutes};

/// Arguments of `vigie oppose`.
#[derive(Debug, clap::Args)]
pub struct OpposeArgs {
    /// Numéro de la carte (dix chiffres), ou identifiant d'un certificat dont la révocation est demandée
    #[arg(value_name = "CARD")]
    subject: String,
    /// Moment de la déclaration à l'ANS (RFC 3339) ; maintenant, sinon. Répété, corrige celui qui fut dit
    #[arg(long, value_name = "TIME", conflicts_with = "withdraw")]
    declared_at: Option<Timestamp>,
    /// Ne plus l'attendre : elle n'a pas été déclarée (numéro mal saisi)
    #[arg(long, requires = "reason")]
    withdraw: bool,
    /// Pourquoi, en une ligne (avec --withdraw)
    #[arg(long, value_name = "TEXT", requires = "withdraw")]
    reason: Option<String>,
}

pub(super) fn run(args: &OpposeArgs, session: &mut Session<'_>) -> anyhow::Result<Exit> {
    let bare: String = args.subject.chars().filter(|c| !c.is_whitespace()).collect();
    let card = bare.len() == 10 && bare.bytes().all(|byte| byte.is_ascii_digit());
    let mut path = match card {
        true => format!("/api/v1/cards/{bare}/oppose"),
        false => format!("/api/v1/certificates/{}/revocation", client::encode(&args.subject)),
    };
    let mut body = args.declared_at.map_or_else(|| json!({}), |at| json!({ "declared_at": at }));
    if args.withdraw {
        path.push_str("/withdraw");
        body = json!({ "reason": args.reason });
    }
    let answer = client::post_with(session, &path, &body)?;
    if session.common.json {
        return print_json(session, &answer);
    }
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let delay = answer.get("delay_seconds").and_then(Value::as_i64);
    let key = match delay {
        _ if args.withdraw => "oppose-withdrawn",
        None => "oppose-awaited",
        Some(_) => "oppose-seen",
    };
    let values = [
        ("subject", text("subject").into()),
        ("declared", text("declared_at").into()),
        ("seen", text("seen_at").into()),
        ("number", text("crl_number").into()),
        ("delay", delay.map_or_else(String::new, hours_and_minutes).into()),
    ];
    writeln!(session.out, "{}", session.texts.say(key, &values))?;
    Ok(Exit::Done)
}
