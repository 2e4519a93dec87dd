-- Lookups: what registers are asked and answered about the recipients of deliveries.

-- One question to a register. The answer, and the register's key in it, are kept for minutes; the verdict stands in the
-- plan and the events.
CREATE TABLE lookup (
    company_id    TEXT NOT NULL,
    register      TEXT NOT NULL,
    delivery_id   TEXT NOT NULL,
    state         TEXT NOT NULL,          -- wanted | answered
    since         BIGINT NOT NULL,        -- since when it is in this state
    give_up_at    BIGINT NOT NULL,        -- until when the document can wait for an answer
    why           TEXT NOT NULL,          -- what the last try to ask ended with
    answer        BYTEA NOT NULL,         -- sealed JSON of adapters::register::Found; empty while wanted
    PRIMARY KEY (company_id, register, delivery_id)
);
CREATE INDEX lookup_wanted ON lookup (company_id, register, state, since);

-- What was found in a stored PDF, so that it is looked into once.
CREATE TABLE pdf_facts (
    company_id    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    facts         TEXT NOT NULL,          -- JSON: what was found, or why it cannot be read
    PRIMARY KEY (company_id, digest)
);

-- The order of routes that a company keeps for one customer.
CREATE TABLE customer_route_order (
    company_id    TEXT NOT NULL,
    customer      TEXT NOT NULL,          -- org:<nine digits> or number:<as in BT-46>
    route_order   TEXT NOT NULL,          -- JSON list of route names; one alone means no fallback
    changed_at    BIGINT NOT NULL,
    PRIMARY KEY (company_id, customer)
);
