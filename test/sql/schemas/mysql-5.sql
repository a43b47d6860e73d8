-- Version 5 of the schema, as it was released. Never changed.
CREATE TABLE IF NOT EXISTS `latchkey_revocations` (
  issuer varbinary(765) NOT NULL,
  kind varbinary(16) NOT NULL,
  id varbinary(765) NOT NULL,
  revoked_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  except_sid varbinary(765),
  reason varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  changed_at bigint NOT NULL,
  PRIMARY KEY (issuer, kind, id),
  KEY `latchkey_revocations_moment` (revoked_at),
  KEY `latchkey_revocations_end` (expires_at),
  KEY `latchkey_revocations_change` (changed_at)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS `latchkey_logins` (
  issuer varbinary(765) NOT NULL,
  sid varbinary(765) NOT NULL,
  subject varbinary(765) NOT NULL,
  current_jti varbinary(765) NOT NULL,
  current_issued_at bigint NOT NULL,
  current_expires_at bigint NOT NULL,
  previous_jti varbinary(765),
  rotated_at_ms bigint,
  created_at bigint NOT NULL,
  last_used_at bigint NOT NULL,
  absolute_expires_at bigint NOT NULL,
  label varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  replaced_earlier text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  PRIMARY KEY (issuer, sid),
  KEY `latchkey_logins_subject` (issuer, subject)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS `latchkey_key_sets` (
  address varbinary(765) NOT NULL,
  body mediumtext CHARACTER SET utf8mb4,
  fetched_at_ms bigint NOT NULL,
  fresh_until_ms bigint NOT NULL,
  holder varchar(64) NOT NULL,
  lease_ends_at_ms bigint NOT NULL,
  PRIMARY KEY (address)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS `latchkey_audit` (
  id varbinary(765) NOT NULL,
  at_ms bigint NOT NULL,
  type varchar(32) NOT NULL,
  issuer varbinary(765),
  subject varbinary(765),
  sid varbinary(765),
  code varchar(64),
  detail varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  PRIMARY KEY (id),
  KEY `latchkey_audit_subject` (subject, at_ms),
  KEY `latchkey_audit_moment` (at_ms)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS `latchkey_one_time` (
  id varbinary(765) NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (id),
  KEY `latchkey_one_time_end` (expires_at)
) ENGINE=InnoDB;
