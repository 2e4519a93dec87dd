-- Keys with which programs speak for a company.
CREATE TABLE api_key (
    company_id    TEXT NOT NULL,
    key_id        TEXT NOT NULL,
    name          TEXT NOT NULL,          -- what people call it
    scopes        TEXT NOT NULL,          -- separated by spaces
    secret_digest TEXT NOT NULL,          -- SHA-256 of 256 random bits; the secret itself is nowhere
    old_digest    TEXT NOT NULL,          -- the secret before, while both are taken; empty where there is none
    old_until     BIGINT NOT NULL,        -- machine time
    made_at       BIGINT NOT NULL,
    made_by       TEXT NOT NULL,
    revoked_at    BIGINT,
    PRIMARY KEY (company_id, key_id)
);

-- Invoices are asked for by their KID without its bank account.
CREATE INDEX collection_of_reference ON collection (company_id, kid);
