-- What reports sum: a document's sums stand outside of its sealed body. Those of a credit note are below zero.
ALTER TABLE invoice ADD COLUMN net_minor BIGINT;                       -- BT-109; none until it was noted
ALTER TABLE invoice ADD COLUMN vat_minor BIGINT;                       -- BT-110
ALTER TABLE invoice ADD COLUMN total_minor BIGINT;                     -- BT-112
ALTER TABLE invoice ADD COLUMN customer TEXT NOT NULL DEFAULT '';      -- by what one customer is told from another
ALTER TABLE invoice ADD COLUMN customer_name TEXT NOT NULL DEFAULT ''; -- folded
ALTER TABLE invoice ADD COLUMN customer_number TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN project TEXT NOT NULL DEFAULT '';       -- BT-11
CREATE INDEX invoice_issued ON invoice (company_id, issued_on, invoice_id);
-- Documents of a hub that did not note these yet. There are none but after an update.
CREATE INDEX invoice_unnoted ON invoice (company_id, invoice_id) WHERE net_minor IS NULL;

-- VAT by code and rate, as each document states it.
CREATE TABLE invoice_vat (
    company_id    TEXT NOT NULL,
    issued_on     TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    position      BIGINT NOT NULL,
    kind          TEXT NOT NULL,          -- invoice | credit_note
    code          TEXT NOT NULL,          -- the standard tax code; empty where none means the rate
    category      TEXT NOT NULL,          -- UNTDID 5305
    percent       TEXT NOT NULL,          -- without zeros at its end; empty where there is none
    currency      TEXT NOT NULL,
    basis_minor   BIGINT NOT NULL,
    vat_minor     BIGINT NOT NULL,
    PRIMARY KEY (company_id, issued_on, invoice_id, position)
);
