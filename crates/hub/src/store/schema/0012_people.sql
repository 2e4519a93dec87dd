-- People who use the pages. They belong to the house, for one may use several companies; what they may do belongs to each company.
-- *_at of sessions and *_until of links are machine time, Unix milliseconds: moving business time signs nobody in or out.

CREATE TABLE person (
    person_id     TEXT NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,   -- in small letters: what a person signs in with
    name          TEXT NOT NULL,
    password      TEXT NOT NULL,          -- argon2id, as a PHC string
    language      TEXT NOT NULL,
    theme         TEXT NOT NULL,
    link_digest   TEXT,                   -- of the link with which a new password is set
    link_until    BIGINT NOT NULL,
    made_at       BIGINT NOT NULL         -- business time
);
CREATE UNIQUE INDEX person_link ON person (link_digest);

CREATE TABLE membership (
    company_id    TEXT NOT NULL,
    person_id     TEXT NOT NULL,
    role          TEXT NOT NULL,          -- read_only | invoicing | admin
    since_at      BIGINT NOT NULL,        -- business time
    PRIMARY KEY (company_id, person_id)
);
CREATE INDEX membership_of_person ON membership (person_id);

CREATE TABLE invitation (
    company_id    TEXT NOT NULL,
    invitation_id TEXT NOT NULL,
    token_digest  TEXT NOT NULL,          -- the token itself is in the link and nowhere else
    email         TEXT NOT NULL,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    made_by       TEXT NOT NULL,
    until         BIGINT NOT NULL,
    PRIMARY KEY (company_id, invitation_id)
);
CREATE INDEX invitation_token ON invitation (token_digest);

CREATE TABLE session (
    token_digest  TEXT NOT NULL PRIMARY KEY,   -- the token itself is in the cookie and nowhere else
    person_id     TEXT NOT NULL,
    company_id    TEXT NOT NULL,          -- whose pages the person looks at
    begun_at      BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL
);
CREATE INDEX session_of_person ON session (person_id);
