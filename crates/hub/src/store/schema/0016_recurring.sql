-- Invoices that come again.
CREATE TABLE recurrence (
    company_id    TEXT NOT NULL,
    recurrence_id TEXT NOT NULL,
    state         TEXT NOT NULL,          -- running | ended
    name          TEXT NOT NULL,          -- the customer's name, for lists
    next_number   BIGINT NOT NULL,        -- of the invoice that comes next, counted from 0
    next_on       TEXT NOT NULL,          -- its day; empty after the last one
    body          BYTEA NOT NULL,         -- sealed JSON: domain::invoicing::recurrence::Recurrence
    made_at       BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, recurrence_id)
);

-- What came of each of them: one draft for each period, whatever dies in between.
CREATE TABLE recurrence_run (
    company_id    TEXT NOT NULL,
    recurrence_id TEXT NOT NULL,
    number        BIGINT NOT NULL,
    draft_id      TEXT NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (company_id, recurrence_id, number)
);
