-- What was answered to requests that came with a key of the caller's, other than to hand invoices in: those are known by the document.
CREATE TABLE answer (
    company_id    TEXT NOT NULL,
    key           TEXT NOT NULL,
    asked         TEXT NOT NULL,          -- keyed digest of method, path and query
    content       TEXT NOT NULL,          -- keyed digest of the body
    begun_at      BIGINT NOT NULL,        -- machine time: whoever is answering it began then
    status        BIGINT NOT NULL,        -- 0 while it is being answered
    body          BYTEA NOT NULL,         -- sealed; empty before
    made_at       BIGINT NOT NULL,
    PRIMARY KEY (company_id, key)
);
