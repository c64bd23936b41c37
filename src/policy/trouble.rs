//! What a reason calls for: its kind, by which the texts choose the cure and what it stands on. One table for every place that is read, so that
//! no reason goes without.

/// The kind of every reason a place may not be read for; `other` for one of a newer version.
pub fn kind(reason: &str) -> &'static str {
    match reason {
        "permission_denied" | "root_denied" => "denied",
        "needs_password" => "no_password",
        "wrong_password" => "wrong_password",
        "secret_not_text" => "bad_password_file",
        "malformed" | "not_pki" => "damaged",
        "unsupported" => "unsupported",
        "limit_exceeded" | "too_large" | "too_deep" | "too_many_files" => "limit",
        "fifo" | "socket" | "device" | "folder" => "no_file",
        "link_out_of_root" | "link_loop" | "dangling_link" | "link_to_folder" => "link",
        "not_found" | "vanished" | "folder_missing" | "root_missing" | "nothing_matches" => "absent",
        "changed_while_read" => "moving",
        "io_error" | "hung" => "system",
        "dns" | "bad_name" => "name",
        "refused" | "closed" | "reset" => "service",
        "unreachable" | "timeout" => "network",
        "starttls_refused" | "unexpected_answer" => "protocol",
        "not_tls" | "tls_alert" | "tls_incompatible" | "tls_failed" => "tls",
        "internal_error" | "apdu_forbidden" => "defect",
        _ if ["card_", "reader_", "pcscd_", "pkcs11_"].iter().any(|of| reason.starts_with(of)) => "card",
        _ => "other",
    }
}
