-- Version 5 of the schema, as it was released. Never changed.
CREATE TABLE IF NOT EXISTS "latchkey_revocations" (
  issuer varchar(255) NOT NULL,
  kind varchar(16) NOT NULL,
  id varchar(255) NOT NULL,
  revoked_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  except_sid varchar(255),
  reason varchar(255),
  changed_at bigint NOT NULL,
  PRIMARY KEY (issuer, kind, id)
);
CREATE INDEX IF NOT EXISTS "latchkey_revocations_moment" ON "latchkey_revocations" (revoked_at);
CREATE INDEX IF NOT EXISTS "latchkey_revocations_end" ON "latchkey_revocations" (expires_at);
CREATE INDEX IF NOT EXISTS "latchkey_revocations_change" ON "latchkey_revocations" (changed_at);
CREATE TABLE IF NOT EXISTS "latchkey_logins" (
  issuer varchar(255) NOT NULL,
  sid varchar(255) NOT NULL,
  subject varchar(255) NOT NULL,
  current_jti varchar(255) NOT NULL,
  current_issued_at bigint NOT NULL,
  current_expires_at bigint NOT NULL,
  previous_jti varchar(255),
  rotated_at_ms bigint,
  created_at bigint NOT NULL,
  last_used_at bigint NOT NULL,
  absolute_expires_at bigint NOT NULL,
  label varchar(255),
  replaced_earlier text,
  PRIMARY KEY (issuer, sid)
);
CREATE INDEX IF NOT EXISTS "latchkey_logins_subject" ON "latchkey_logins" (issuer, subject);
CREATE TABLE IF NOT EXISTS "latchkey_key_sets" (
  address varchar(255) NOT NULL,
  body text,
  fetched_at_ms bigint NOT NULL,
  fresh_until_ms bigint NOT NULL,
  holder varchar(64) NOT NULL,
  lease_ends_at_ms bigint NOT NULL,
  PRIMARY KEY (address)
);
CREATE TABLE IF NOT EXISTS "latchkey_audit" (
  id varchar(255) NOT NULL,
  at_ms bigint NOT NULL,
  type varchar(32) NOT NULL,
  issuer varchar(255),
  subject varchar(255),
  sid varchar(255),
  code varchar(64),
  detail varchar(255),
  PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS "latchkey_audit_subject" ON "latchkey_audit" (subject, at_ms);
CREATE INDEX IF NOT EXISTS "latchkey_audit_moment" ON "latchkey_audit" (at_ms);
CREATE TABLE IF NOT EXISTS "latchkey_one_time" (
  id varchar(255) NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS "latchkey_one_time_end" ON "latchkey_one_time" (expires_at);
