-- Money: whose bank account is which, the KIDs made for it, what is owed of each invoice, bank files and the payments in them.

-- A bank account belongs to one company here: what arrives names only the account.
CREATE TABLE bank_account (
    company_id    TEXT NOT NULL,
    account       TEXT NOT NULL,          -- eleven digits where it is Norwegian: domain::payment::account_key
    settings      TEXT NOT NULL,          -- JSON: KID structures, and what an invoice's KID outside them means
    changed_at    BIGINT NOT NULL,
    PRIMARY KEY (company_id, account)
);
CREATE INDEX bank_account_owner ON bank_account (account);

-- KIDs that were made here. None is made twice for an account.
CREATE TABLE kid (
    company_id    TEXT NOT NULL,
    account       TEXT NOT NULL,
    kid           TEXT NOT NULL,
    customer      BIGINT NOT NULL,        -- the number in its customer part
    invoice       BIGINT NOT NULL,        -- the number in its invoice part
    made_at       BIGINT NOT NULL,
    PRIMARY KEY (company_id, account, kid)
);

-- The money of each invoice that asks for any. Sums are the truth; state and attention follow from them.
CREATE TABLE collection (
    company_id    TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    number        TEXT NOT NULL,
    account       TEXT NOT NULL,          -- empty where the invoice names none
    kid           TEXT,
    due_on        TEXT,
    payable_minor BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    received_minor BIGINT NOT NULL,
    reversed_minor BIGINT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    credited_minor BIGINT NOT NULL,
    claim         TEXT NOT NULL,          -- none | outstanding | debited | unpaid
    claim_attempt TEXT,
    claim_due_on  TEXT,
    closed_by     TEXT,
    state         TEXT NOT NULL,          -- the state's name, for lists
    attention     BIGINT NOT NULL,        -- 0 nothing out of the ordinary | 1 something was, and is settled | 2 a person should look
    since         BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, invoice_id)
);
CREATE INDEX collection_of_kid ON collection (company_id, account, kid, payable_minor);
CREATE INDEX collection_of_amount ON collection (company_id, payable_minor, state);
CREATE INDEX collection_attention ON collection (company_id, invoice_id) WHERE attention > 0;
CREATE INDEX collection_claimed ON collection (company_id, claim_due_on) WHERE claim = 'outstanding';

-- What credit notes take off, and which invoice it was taken off. One without an invoice waits for it.
CREATE TABLE credit (
    company_id    TEXT NOT NULL,
    credit_note_id TEXT NOT NULL,
    number        TEXT NOT NULL,          -- of the invoice that it names; empty where it names none, or several
    amount_minor  BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    invoice_id    TEXT,
    at            BIGINT NOT NULL,
    PRIMARY KEY (company_id, credit_note_id)
);
CREATE INDEX credit_waiting ON credit (company_id, number) WHERE invoice_id IS NULL;
CREATE INDEX credit_of_invoice ON credit (company_id, invoice_id);

-- Files from banks. One that came by the operator's door tells of many companies and belongs to none: its company is empty.
CREATE TABLE bank_file (
    company_id    TEXT NOT NULL,
    digest        TEXT NOT NULL,          -- SHA-256 of its bytes: the same file again changes nothing
    name          TEXT NOT NULL,
    format        TEXT NOT NULL,          -- nets | camt053 | camt054
    bytes         BIGINT NOT NULL,
    parts         BIGINT NOT NULL,
    mandates      TEXT NOT NULL,          -- some | all: what its records are of each account's mandates, as the operator says
    state         TEXT NOT NULL,          -- reading | read
    ownerless     BIGINT NOT NULL,        -- payments on accounts that no company here has
    report        BYTEA NOT NULL,         -- sealed JSON: what was found in it; empty while it is being read
    received_at   BIGINT NOT NULL,
    PRIMARY KEY (company_id, digest)
);
CREATE INDEX bank_file_unfinished ON bank_file (company_id, received_at) WHERE state = 'reading';

-- The bytes of a file as they came, in pieces, each compressed and sealed.
CREATE TABLE bank_file_part (
    company_id    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    number        BIGINT NOT NULL,        -- 1, 2, 3…
    content       BYTEA NOT NULL,
    PRIMARY KEY (company_id, digest, number)
);

CREATE TABLE payment (
    company_id    TEXT NOT NULL,
    payment_id    TEXT NOT NULL,          -- made from what the rail calls it: the same movement is the same row
    file_digest   TEXT NOT NULL,
    account       TEXT NOT NULL,
    kid           TEXT,
    amount_minor  BIGINT NOT NULL,        -- above zero
    currency      TEXT NOT NULL,
    flow          TEXT NOT NULL,          -- in | taken_back | out | came_back
    rail          TEXT NOT NULL,          -- ocr | camt
    booked_on     TEXT NOT NULL,
    state         TEXT NOT NULL,          -- matched | parked | no_concern | told_twice
    invoice_id    TEXT,                   -- where it is matched
    fit           TEXT NOT NULL,          -- how, where it is matched
    batch         TEXT,                   -- the line of the statement that it is one of several of, or the total of
    payer_digest  TEXT,                   -- keyed, of the other side's account
    content       BYTEA NOT NULL,         -- sealed JSON: the payment, raw lines included, and why it is parked
    at            BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, payment_id)
);
CREATE INDEX payment_of_invoice ON payment (company_id, invoice_id);
CREATE INDEX payment_by_state ON payment (company_id, state, at, payment_id);
CREATE INDEX payment_alike ON payment (company_id, account, kid, amount_minor, booked_on);
CREATE INDEX payment_of_payer ON payment (company_id, payer_digest) WHERE payer_digest IS NOT NULL;
CREATE INDEX payment_of_batch ON payment (company_id, account, batch) WHERE batch IS NOT NULL;
