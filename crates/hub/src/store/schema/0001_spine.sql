-- The first schema. TEXT, BIGINT and BYTEA only, one text for SQLite and PostgreSQL. Every key starts with company_id.
-- *_at is Unix milliseconds on the business clock unless it says machine; *_on is an ISO date; ids are UUIDv7 text.

-- What belongs to the house and to no company: its key, sealed with the master key, by which keys and database know each other.
CREATE TABLE house (
    name          TEXT NOT NULL PRIMARY KEY,
    sealed        BYTEA NOT NULL
);

CREATE TABLE company (
    company_id    TEXT NOT NULL PRIMARY KEY,
    org_number    TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    settings      TEXT NOT NULL,          -- JSON: language, default route order, look of the PDF
    sealed_key    BYTEA NOT NULL,         -- the company's data key, sealed with the master key; destroyed when the company ends
    created_at    BIGINT NOT NULL
);

-- Updated last in every transaction that tells something: its row lock makes commit order the order of the events.
CREATE TABLE company_head (
    company_id    TEXT NOT NULL PRIMARY KEY,
    last_seq      BIGINT NOT NULL,
    last_hash     TEXT NOT NULL
);

CREATE TABLE event (
    company_id    TEXT NOT NULL,
    seq           BIGINT NOT NULL,        -- 1, 2, 3… without gaps
    at            BIGINT NOT NULL,
    kind          TEXT NOT NULL,          -- such as delivery.handed_over
    subject       TEXT NOT NULL,          -- the invoice, or another thing that the event is about
    machine       TEXT NOT NULL,          -- the state machine, where one moved
    from_state    TEXT NOT NULL,
    to_state      TEXT NOT NULL,
    version       BIGINT NOT NULL,        -- of the machine's row, after
    payload       BYTEA NOT NULL,         -- sealed JSON; may be erased, the chain still verifies
    payload_digest TEXT NOT NULL,         -- salted
    hash          TEXT NOT NULL,          -- over the previous hash and the columns above
    PRIMARY KEY (company_id, seq)
);
CREATE INDEX event_of_subject ON event (company_id, subject, seq);

CREATE TABLE route_setup (
    company_id    TEXT NOT NULL,
    route         TEXT NOT NULL,
    setup         TEXT NOT NULL,          -- JSON that the adapter describes and checks
    PRIMARY KEY (company_id, route)
);

CREATE TABLE agreement (
    company_id    TEXT NOT NULL,
    kind          TEXT NOT NULL,
    account       TEXT NOT NULL,          -- empty where it is for none
    agreement     TEXT NOT NULL,          -- JSON
    PRIMARY KEY (company_id, kind, account)
);

-- fødselsnumre, and nothing else about anyone: everything else names the reference.
CREATE TABLE identity (
    company_id    TEXT NOT NULL,
    reference     TEXT NOT NULL,
    sealed        BYTEA NOT NULL,
    PRIMARY KEY (company_id, reference)
);

CREATE TABLE invoice (
    company_id    TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    kind          TEXT NOT NULL,          -- invoice | credit_note
    number        TEXT NOT NULL,
    uuid          TEXT,                   -- the sender's own id, kept for ever
    document_digest TEXT NOT NULL,        -- SHA-256 of what was handed in, with its metadata: same again = same answer
    buyer_name    TEXT NOT NULL,
    payable_minor BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    issued_on     TEXT NOT NULL,
    due_on        TEXT,
    accepted_at   BIGINT NOT NULL,
    body          BYTEA NOT NULL,         -- sealed JSON: the invoice, its recipient and its metadata as they were read
    PRIMARY KEY (company_id, invoice_id),
    UNIQUE (company_id, number, kind)
);
CREATE UNIQUE INDEX invoice_uuid ON invoice (company_id, uuid);
CREATE INDEX invoice_accepted ON invoice (company_id, accepted_at, invoice_id);

-- What was answered to a key, kept 30 days.
CREATE TABLE idempotency (
    company_id    TEXT NOT NULL,
    key           TEXT NOT NULL,
    body_digest   TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    made_at       BIGINT NOT NULL,
    PRIMARY KEY (company_id, key)
);

-- Bytes by their digest; larger ones lie in the objects folder and content is empty.
CREATE TABLE artefact (
    company_id    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    bytes         BIGINT NOT NULL,
    place         TEXT NOT NULL,          -- row | folder
    content       BYTEA NOT NULL,         -- compressed, then sealed
    stored_at     BIGINT NOT NULL,
    PRIMARY KEY (company_id, digest)
);

-- Which bytes belong to which invoice, and as what.
CREATE TABLE invoice_artefact (
    company_id    TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    position      BIGINT NOT NULL,
    role          TEXT NOT NULL,          -- xml | pdf | attachment
    name          TEXT NOT NULL,
    media_type    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    link          TEXT NOT NULL,          -- the unguessable part of its public address
    PRIMARY KEY (company_id, invoice_id, position)
);
CREATE UNIQUE INDEX invoice_artefact_link ON invoice_artefact (company_id, link);

-- UBL and PDF with one set of payment instructions, frozen at the first delivery.
CREATE TABLE rendition (
    company_id    TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    number        BIGINT NOT NULL,
    frozen_at     BIGINT NOT NULL,
    kid           TEXT,
    account       TEXT,
    xml_digest    TEXT NOT NULL,
    pdf_digest    TEXT NOT NULL,
    pdf_by        TEXT NOT NULL,          -- sender | kvitt
    PRIMARY KEY (company_id, invoice_id, number)
);

CREATE TABLE delivery (
    company_id    TEXT NOT NULL,
    delivery_id   TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    state         TEXT NOT NULL,          -- the state's name, for lists
    machine       BYTEA NOT NULL,         -- sealed JSON of domain::delivery::Delivery: the truth
    since         BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, delivery_id)
);
CREATE UNIQUE INDEX delivery_of_invoice ON delivery (company_id, invoice_id);
CREATE INDEX delivery_by_state ON delivery (company_id, state, since);

-- Every decision record of a delivery, as it was made.
CREATE TABLE plan (
    company_id    TEXT NOT NULL,
    delivery_id   TEXT NOT NULL,
    number        BIGINT NOT NULL,
    made_at       BIGINT NOT NULL,
    record        BYTEA NOT NULL,         -- sealed JSON of domain::plan::Plan
    PRIMARY KEY (company_id, delivery_id, number)
);

CREATE TABLE attempt (
    company_id    TEXT NOT NULL,
    attempt_id    TEXT NOT NULL,
    delivery_id   TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    number        BIGINT NOT NULL,        -- 1 for the first route tried
    route         TEXT NOT NULL,
    price_minor   BIGINT,
    price_currency TEXT,
    give_up_at    BIGINT,                 -- the due-date budget: after this the next route is better than waiting
    word          BYTEA NOT NULL,         -- sealed JSON of the latest word, empty before one
    word_name     TEXT NOT NULL,
    opened_at     BIGINT NOT NULL,
    PRIMARY KEY (company_id, attempt_id)
);
CREATE INDEX attempt_of_delivery ON attempt (company_id, delivery_id, number);
CREATE INDEX attempt_by_id ON attempt (attempt_id);   -- what arrives by itself names only the attempt

-- Open lots are consignments without a number; closing gives the number and freezes the members.
CREATE TABLE consignment (
    company_id    TEXT NOT NULL,
    consignment_id TEXT NOT NULL,
    route         TEXT NOT NULL,
    state         TEXT NOT NULL,          -- open | closed | finished
    number        BIGINT NOT NULL,        -- 0 while open
    setup         TEXT NOT NULL,          -- the route set-up as it was when the lot was closed
    opened_at     BIGINT NOT NULL,
    closed_at     BIGINT NOT NULL,        -- 0 while open
    members       BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, consignment_id)
);
CREATE INDEX consignment_open ON consignment (company_id, route, state);

CREATE TABLE consignment_member (
    company_id    TEXT NOT NULL,
    consignment_id TEXT NOT NULL,
    position      BIGINT NOT NULL,
    attempt_id    TEXT NOT NULL,
    PRIMARY KEY (company_id, consignment_id, position)
);
CREATE INDEX consignment_of_attempt ON consignment_member (company_id, attempt_id);

-- The log of a consignment: exchanges and arrivals, in one order.
CREATE TABLE entry (
    company_id    TEXT NOT NULL,
    consignment_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    kind          TEXT NOT NULL,          -- exchange | arrived
    request       BYTEA NOT NULL,         -- sealed JSON; for arrivals the parsed meaning
    reply         BYTEA NOT NULL,         -- sealed JSON; empty = no reply recorded yet
    arrival_digest TEXT,                  -- of the raw bytes: the same arrival twice changes nothing
    at            BIGINT NOT NULL,
    committing_at BIGINT NOT NULL,        -- machine time of the durable mark just before the point of no return; 0 = never reached
    PRIMARY KEY (company_id, consignment_id, number)
);
CREATE UNIQUE INDEX entry_arrival ON entry (company_id, consignment_id, arrival_digest);

-- Numbers that are never reused or skipped: transmissions, orders, shipments.
CREATE TABLE counter (
    company_id    TEXT NOT NULL,
    name          TEXT NOT NULL,
    last          BIGINT NOT NULL,
    PRIMARY KEY (company_id, name)
);

-- E-mail addresses that bounced. The address is a keyed digest; what was said is sealed.
CREATE TABLE suppression (
    company_id    TEXT NOT NULL,
    address_digest TEXT NOT NULL,
    sealed        BYTEA NOT NULL,         -- the address and why
    since         BIGINT NOT NULL,
    PRIMARY KEY (company_id, address_digest)
);

-- One table is queue and outbox.
CREATE TABLE job (
    company_id    TEXT NOT NULL,
    job_id        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    urgency       BIGINT NOT NULL,        -- 0 a person waits, 1 ordinary, 2 bulk
    due_at        BIGINT NOT NULL,
    faults        BIGINT NOT NULL,        -- trailing faults for which this waiting time was chosen
    runs          BIGINT NOT NULL,        -- times claimed since it last got somewhere
    pokes         BIGINT NOT NULL,        -- times it was asked for again: a runner ends it only if nobody did meanwhile
    lease         TEXT NOT NULL,          -- token of the one who holds it; empty = free
    lease_until   BIGINT NOT NULL,        -- machine clock
    stuck         BIGINT NOT NULL,        -- 0 | 1: past a limit; only a person moves it
    why           TEXT NOT NULL,          -- what the last run ended with
    made_at       BIGINT NOT NULL,
    PRIMARY KEY (company_id, job_id)
);
CREATE INDEX job_due ON job (stuck, company_id, urgency, kind, due_at);
CREATE INDEX job_next ON job (stuck, due_at);
CREATE UNIQUE INDEX job_subject ON job (company_id, kind, subject);

-- What arrived, names an attempt and could not be understood: kept for a person, sealed, for 90 days.
CREATE TABLE stray (
    company_id    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    door          TEXT NOT NULL,
    content       BYTEA NOT NULL,
    why           TEXT NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (company_id, digest)
);
