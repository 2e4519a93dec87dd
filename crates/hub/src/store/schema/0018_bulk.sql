-- What somebody does to many invoices or drafts at once, item by item.
CREATE TABLE bulk (
    company_id TEXT NOT NULL,
    bulk_id    TEXT NOT NULL,
    act        TEXT NOT NULL,             -- resend | print | email | recall | finalise
    state      TEXT NOT NULL,             -- planned | going | stopped | done
    body       BYTEA NOT NULL,            -- sealed JSON: the items, and what became of each
    made_at    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (company_id, bulk_id)
);
