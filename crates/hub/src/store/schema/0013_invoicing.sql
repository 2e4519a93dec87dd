-- What companies write their own invoices with.

-- The registers: customers, projects and the price list.
CREATE TABLE card (
    company_id    TEXT NOT NULL,
    kind          TEXT NOT NULL,          -- customer | project | product
    card_id       TEXT NOT NULL,
    number        TEXT NOT NULL,          -- never changes: others know it by now
    name          TEXT NOT NULL,
    sort_key      TEXT NOT NULL,          -- the name, folded: a to z, 0 to 9
    belongs_to    TEXT NOT NULL,          -- of a project: its customer's id; else empty
    state         TEXT NOT NULL,          -- active | archived; of a project: planned | ongoing | completed
    body          BYTEA NOT NULL,         -- sealed JSON: all that is known of it
    made_at       BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, kind, card_id)
);
CREATE UNIQUE INDEX card_number ON card (company_id, kind, number);
CREATE INDEX card_name ON card (company_id, kind, sort_key, card_id);
CREATE INDEX card_of_customer ON card (company_id, kind, belongs_to, sort_key);

-- The words that a card is found by, folded: a to z, 0 to 9.
CREATE TABLE card_word (
    company_id    TEXT NOT NULL,
    kind          TEXT NOT NULL,
    word          TEXT NOT NULL,
    card_id       TEXT NOT NULL,
    PRIMARY KEY (company_id, kind, word, card_id)
);
CREATE INDEX card_word_of_card ON card_word (company_id, kind, card_id);

-- What a company decided once for all its invoices.
CREATE TABLE invoicing (
    company_id    TEXT NOT NULL PRIMARY KEY,
    settings      TEXT NOT NULL,          -- JSON
    changed_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL
);

-- What somebody writes until it is an invoice, and what the seller's own books know of it afterwards.
CREATE TABLE draft (
    company_id    TEXT NOT NULL,
    draft_id      TEXT NOT NULL,          -- the uuid of the invoice that it becomes
    state         TEXT NOT NULL,          -- open | numbered | final
    kind          TEXT NOT NULL,          -- invoice | credit_note
    number        TEXT NOT NULL,          -- empty until it is taken
    invoice_id    TEXT NOT NULL,          -- empty until it is one
    credits       TEXT NOT NULL,          -- of a credit note: the invoice's id; else empty
    buyer_name    TEXT NOT NULL,
    total_minor   BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    body          BYTEA NOT NULL,         -- sealed JSON: the draft, and what was fixed when its number was taken
    made_at       BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, draft_id)
);
CREATE INDEX draft_by_state ON draft (company_id, state, changed_at, draft_id);
CREATE INDEX draft_of_invoice ON draft (company_id, invoice_id) WHERE invoice_id <> '';
CREATE INDEX draft_crediting ON draft (company_id, credits, state) WHERE credits <> '';
