-- The first schema. One text for both engines. Placeholders: {{blob}} is BLOB on SQLite and BYTEA on PostgreSQL; {{id}} is
-- INTEGER, the row's own number, and BIGINT; {{clustered}} keeps the rows in their primary key instead of beside it (WITHOUT
-- ROWID), and is nothing on PostgreSQL. The sections marked "-- only:" hold what exists on one engine alone. Times (Unix
-- seconds) and counts are BIGINT on both.
-- Never edited once shipped: its checksum is kept in schema_migration.

-- What this database is. `product` = 'vigie' tells it from any other.
CREATE TABLE meta (
  name  TEXT NOT NULL CONSTRAINT meta_pk PRIMARY KEY,
  value TEXT NOT NULL
);

-- Values the program draws or is told once and keeps, such as the jitter of a job.
CREATE TABLE setting (
  name       TEXT   NOT NULL CONSTRAINT setting_pk PRIMARY KEY,
  value      TEXT   NOT NULL,
  changed_at BIGINT NOT NULL
);

-- The chain of events (RFC 8785 form, SHA-256). `at` is the wall clock; the order is `seq`, without gaps.
CREATE TABLE audit_event (
  seq      {{id}}   NOT NULL CONSTRAINT audit_event_pk PRIMARY KEY,
  at       BIGINT   NOT NULL,
  boot_id  TEXT     NOT NULL,
  node     TEXT     NOT NULL,
  actor    TEXT     NOT NULL,
  origin   TEXT     NOT NULL,
  action   TEXT     NOT NULL,
  object   TEXT     NOT NULL,
  outcome  TEXT     NOT NULL,
  reason   TEXT,
  previous {{blob}} NOT NULL,
  hash     {{blob}} NOT NULL
);

-- The truth about a certificate: its bytes, whole. Apart from the rest so that loading the inventory does not read them.
CREATE TABLE certificate_der (
  fingerprint {{blob}} NOT NULL CONSTRAINT certificate_der_pk PRIMARY KEY,
  der         {{blob}} NOT NULL
){{clustered}};

-- What the program knows of a certificate: `packed` is the row in the form it loads, and is made anew from the DER when another
-- version packed it. Subject and end are for people who look in with SQL.
CREATE TABLE certificate (
  fingerprint        {{blob}} NOT NULL CONSTRAINT certificate_pk PRIMARY KEY
                     CONSTRAINT certificate_has_der REFERENCES certificate_der (fingerprint),
  subject            TEXT     NOT NULL,
  not_after          BIGINT   NOT NULL,
  first_seen         BIGINT   NOT NULL,
  issuer_link        TEXT     NOT NULL CONSTRAINT certificate_issuer_link CHECK (issuer_link IN ('unknown', 'self_signed', 'issued')),
  issuer_fingerprint {{blob}},
  packed             {{blob}} NOT NULL
){{clustered}};

-- What each location holds now, and since when it holds exactly that. `location` is `file:` and the bytes of the path, or the URL
-- of the endpoint; `packed` is the whole row and what was found there.
CREATE TABLE observation (
  location   {{blob}} NOT NULL CONSTRAINT observation_pk PRIMARY KEY,
  source     TEXT     NOT NULL,
  held_since BIGINT   NOT NULL,
  packed     {{blob}} NOT NULL
){{clustered}};

-- What each location held before: one row per item, written when the location comes to hold something else or goes. Intervals of
-- one item that touch are one. `digest` is the fingerprint of a certificate or CRL, the SHA-256 of the public key of a key or
-- request, empty for an item that has none.
CREATE TABLE location_history (
  location   {{blob}} NOT NULL,
  kind       TEXT     NOT NULL,
  digest     {{blob}} NOT NULL,
  first_seen BIGINT   NOT NULL,
  last_seen  BIGINT   NOT NULL,
  CONSTRAINT location_history_pk PRIMARY KEY (location, kind, digest, first_seen)
){{clustered}};
CREATE INDEX location_history_digest ON location_history (digest);

-- Findings with their life. At most one is open for a rule and a subject.
CREATE TABLE finding (
  id       {{id}} NOT NULL CONSTRAINT finding_pk PRIMARY KEY,
  code     TEXT   NOT NULL,
  subject  TEXT   NOT NULL,
  severity TEXT   NOT NULL CONSTRAINT finding_severity CHECK (severity IN ('info', 'warning', 'critical')),
  facts    TEXT   NOT NULL,
  since    BIGINT NOT NULL,
  until    BIGINT
);
CREATE UNIQUE INDEX finding_open ON finding (code, subject) WHERE until IS NULL;

-- How each source did last time.
CREATE TABLE source_state (
  source          TEXT   NOT NULL CONSTRAINT source_state_pk PRIMARY KEY,
  kind            TEXT   NOT NULL,
  last_run        BIGINT,
  last_success    BIGINT,
  failure_reason  TEXT,
  failure_message TEXT,
  errors          TEXT   NOT NULL,
  error_count     BIGINT NOT NULL,
  seen            BIGINT NOT NULL
);

-- Against accidents only: whoever holds the file can change it, which is what the chain is for.
-- only: sqlite
CREATE TRIGGER audit_event_keeps_update BEFORE UPDATE ON audit_event BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append only');
END;
CREATE TRIGGER audit_event_keeps_delete BEFORE DELETE ON audit_event BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append only');
END;
-- only: postgres
CREATE FUNCTION audit_event_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append only';
END $$;
CREATE TRIGGER audit_event_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION audit_event_keeps();
