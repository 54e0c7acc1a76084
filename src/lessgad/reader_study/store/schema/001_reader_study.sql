-- SPDX-License-Identifier: Apache-2.0
-- Times are Unix seconds (UTC) in columns that end in _at.

CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('reader', 'coordinator')),
    password_hash TEXT,
    invitation_sha256 TEXT UNIQUE,
    invitation_ends_at REAL,
    n_failures INTEGER NOT NULL DEFAULT 0,
    locked_until_at REAL NOT NULL DEFAULT 0,
    face_notice_at REAL,
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE login (
    token_sha256 TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    csrf TEXT NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL,
    ended_at REAL
) STRICT;

CREATE INDEX login_of_account ON login (account_id);

-- The grid of a case. Whose it is, only the protocol knows.
CREATE TABLE reading_case (
    id TEXT PRIMARY KEY,
    lesion_slice INTEGER,
    first_slice INTEGER NOT NULL,
    n_x INTEGER NOT NULL,
    n_y INTEGER NOT NULL,
    n_z INTEGER NOT NULL,
    spacing_x_mm REAL NOT NULL,
    spacing_y_mm REAL NOT NULL,
    spacing_z_mm REAL NOT NULL,
    tissue INTEGER NOT NULL
) STRICT;

CREATE TABLE image (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES reading_case (id),
    kind TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (case_id, kind)
) STRICT;

-- One reader reads one case once. The id is all that a browser sees of it.
CREATE TABLE reading (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    case_id TEXT NOT NULL REFERENCES reading_case (id),
    place INTEGER NOT NULL,
    sitting INTEGER NOT NULL,
    occasion INTEGER NOT NULL,
    panels TEXT NOT NULL CHECK (json_valid(panels)),
    UNIQUE (account_id, place)
) STRICT;

CREATE TABLE draft (
    reading_id TEXT PRIMARY KEY REFERENCES reading (id),
    answers TEXT NOT NULL CHECK (json_valid(answers)),
    reason TEXT NOT NULL,
    saved_at REAL NOT NULL
) STRICT;

-- Active seconds of each time that a page was open.
CREATE TABLE page_view (
    id TEXT PRIMARY KEY,
    reading_id TEXT NOT NULL REFERENCES reading (id),
    opened_at REAL NOT NULL,
    active_s REAL NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX page_view_of_reading ON page_view (reading_id);

-- Append-only from here on.
CREATE TABLE frozen_protocol (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    content TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    frozen_at REAL NOT NULL
) STRICT;

CREATE TABLE answer_set (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reading_id TEXT NOT NULL REFERENCES reading (id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    answers TEXT NOT NULL CHECK (json_valid(answers)),
    reason TEXT NOT NULL CHECK (revision = 1 OR length(trim(reason)) > 0),
    images TEXT NOT NULL CHECK (json_valid(images)),
    protocol_sha256 TEXT NOT NULL,
    active_s REAL NOT NULL,
    submission TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    UNIQUE (reading_id, revision),
    UNIQUE (reading_id, submission)
) STRICT;

CREATE TABLE sign_off (
    account_id INTEGER PRIMARY KEY REFERENCES account (id),
    signed_at REAL NOT NULL
) STRICT;

CREATE TABLE audit_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    happened_at REAL NOT NULL,
    account_id INTEGER REFERENCES account (id),
    event TEXT NOT NULL,
    details TEXT NOT NULL CHECK (json_valid(details)),
    previous_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER frozen_protocol_no_update BEFORE UPDATE ON frozen_protocol
BEGIN SELECT RAISE(ABORT, 'frozen_protocol is append-only'); END;
CREATE TRIGGER frozen_protocol_no_delete BEFORE DELETE ON frozen_protocol
BEGIN SELECT RAISE(ABORT, 'frozen_protocol is append-only'); END;
CREATE TRIGGER answer_set_no_update BEFORE UPDATE ON answer_set
BEGIN SELECT RAISE(ABORT, 'answer_set is append-only'); END;
CREATE TRIGGER answer_set_no_delete BEFORE DELETE ON answer_set
BEGIN SELECT RAISE(ABORT, 'answer_set is append-only'); END;
CREATE TRIGGER sign_off_no_update BEFORE UPDATE ON sign_off
BEGIN SELECT RAISE(ABORT, 'sign_off is append-only'); END;
CREATE TRIGGER sign_off_no_delete BEFORE DELETE ON sign_off
BEGIN SELECT RAISE(ABORT, 'sign_off is append-only'); END;
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;

-- What is signed off stays as it is, whatever the program above does.
CREATE TRIGGER answer_set_signed_off BEFORE INSERT ON answer_set
WHEN EXISTS (
    SELECT 1 FROM reading JOIN sign_off ON sign_off.account_id = reading.account_id
    WHERE reading.id = NEW.reading_id
)
BEGIN SELECT RAISE(ABORT, 'signed off'); END;
CREATE TRIGGER answer_set_in_order BEFORE INSERT ON answer_set
WHEN NEW.revision <> 1 + (SELECT count(*) FROM answer_set WHERE reading_id = NEW.reading_id)
BEGIN SELECT RAISE(ABORT, 'revisions are numbered in order'); END;

-- INSERT OR REPLACE would delete without asking the triggers above.
CREATE TRIGGER frozen_protocol_once BEFORE INSERT ON frozen_protocol
WHEN EXISTS (SELECT 1 FROM frozen_protocol)
BEGIN SELECT RAISE(ABORT, 'frozen_protocol is append-only'); END;
CREATE TRIGGER sign_off_once BEFORE INSERT ON sign_off
WHEN EXISTS (SELECT 1 FROM sign_off WHERE account_id = NEW.account_id)
BEGIN SELECT RAISE(ABORT, 'sign_off is append-only'); END;
CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id)
    OR NEW.previous_sha256 <> coalesce(
        (SELECT sha256 FROM audit_event ORDER BY id DESC LIMIT 1),
        '0000000000000000000000000000000000000000000000000000000000000000'
    )
BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
