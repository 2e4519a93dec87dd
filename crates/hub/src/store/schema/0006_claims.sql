-- Direct debit: claims, the notices of them, and the files that they travel in.

-- The notice of a claim is a delivery of its own, beside the one by which the invoice itself travels.
ALTER TABLE delivery ADD COLUMN purpose TEXT NOT NULL DEFAULT 'bill';   -- bill | notice
DROP INDEX delivery_of_invoice;
CREATE UNIQUE INDEX delivery_of_invoice ON delivery (company_id, invoice_id, purpose);

-- Attempts of one route that must not travel together gather in lots of their own: claims, by the way that they go.
ALTER TABLE consignment ADD COLUMN lane TEXT NOT NULL DEFAULT '';

-- What an attempt by AvtaleGiro debits. Two open ones that the rail cannot tell apart cannot be.
CREATE TABLE claim (
    company_id    TEXT NOT NULL,
    attempt_id    TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    bank_account  TEXT NOT NULL,
    kid           TEXT NOT NULL,
    due_on        TEXT NOT NULL,
    amount_minor  BIGINT NOT NULL,        -- øre
    way           TEXT NOT NULL,          -- service | file | elsewhere
    state         TEXT NOT NULL,          -- open | closed
    told          TEXT NOT NULL,          -- decided once the claim stands with the rail: how the payer is told, or that nobody is; empty before
    why           TEXT NOT NULL,          -- the code of the fault that closed it
    opened_at     BIGINT NOT NULL,
    closed_at     BIGINT NOT NULL,        -- 0 while open
    PRIMARY KEY (company_id, attempt_id)
);
CREATE UNIQUE INDEX claim_open ON claim (company_id, bank_account, kid, due_on, amount_minor) WHERE state = 'open';
CREATE INDEX claim_closed ON claim (company_id, why, bank_account, closed_at);

-- The files that the operator hands in as data sender. Their numbers are given once, whatever company they are for.
CREATE TABLE transmission (
    company_id    TEXT NOT NULL,
    number        BIGINT NOT NULL,
    consignment_id TEXT NOT NULL,
    PRIMARY KEY (company_id, number)
);
CREATE UNIQUE INDEX transmission_number ON transmission (number);
CREATE INDEX transmission_of_consignment ON transmission (company_id, consignment_id, number);

-- Numbers of the house, given once.
CREATE TABLE house_counter (
    name          TEXT NOT NULL PRIMARY KEY,
    last          BIGINT NOT NULL
);
