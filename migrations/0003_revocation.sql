-- Revocation lists that are followed, and what they say of the certificates of the inventory. Never the entries of a list: those are in
-- its file and the index beside it. Placeholders and types as in 0001.

-- One row a list. `name` is the name of its file in the folder `crls` of the state; `urls` is a JSON list, in the order they are tried.
CREATE TABLE crl (
  name            TEXT   NOT NULL CONSTRAINT crl_pk PRIMARY KEY,
  urls            TEXT   NOT NULL,
  issuer          TEXT   NOT NULL,
  delta           BIGINT NOT NULL CONSTRAINT crl_delta CHECK (delta IN (0, 1)),
  number          TEXT,
  this_update     BIGINT,
  next_update     BIGINT,
  entries         BIGINT,
  bytes           BIGINT,
  sha256          {{blob}},
  taken_at        BIGINT,
  taken_from      TEXT,
  from_file       BIGINT NOT NULL CONSTRAINT crl_from_file CHECK (from_file IN (0, 1)),
  etag            TEXT,
  last_modified   TEXT,
  body_sha256     {{blob}},
  last_attempt    BIGINT,
  last_success    BIGINT,
  failure_reason  TEXT,
  failure_message TEXT,
  failing_since   BIGINT,
  failures        BIGINT NOT NULL,
  next_attempt    BIGINT
);

-- What is known of the revocation of a certificate, and was: one interval a status, open while `until` is null. `list_*` is the list that
-- said so first.
CREATE TABLE certificate_revocation (
  fingerprint      {{blob}} NOT NULL,
  since            BIGINT   NOT NULL,
  until            BIGINT,
  status           TEXT     NOT NULL CONSTRAINT certificate_revocation_status CHECK (status IN ('good', 'revoked', 'unknown')),
  why              TEXT,
  revoked_at       BIGINT,
  reason           TEXT,
  invalidity_date  BIGINT,
  authority        {{blob}},
  list_issuer      TEXT,
  list_number      TEXT,
  list_this_update BIGINT,
  list_next_update BIGINT,
  CONSTRAINT certificate_revocation_pk PRIMARY KEY (fingerprint, since)
){{clustered}};
CREATE INDEX certificate_revocation_open ON certificate_revocation (fingerprint) WHERE until IS NULL;

-- Oppositions of cards and requests for the revocation of certificates, until they are seen in a list. `subject` is the number of the card or
-- the SHA-256 of the certificate, in hex.
CREATE TABLE awaited_revocation (
  kind        TEXT   NOT NULL CONSTRAINT awaited_revocation_kind CHECK (kind IN ('card', 'certificate')),
  subject     TEXT   NOT NULL,
  declared_at BIGINT NOT NULL,
  asked_at    BIGINT NOT NULL,
  seen_at     BIGINT,
  revoked_at  BIGINT,
  crl_number  TEXT,
  CONSTRAINT awaited_revocation_pk PRIMARY KEY (kind, subject, declared_at)
);
