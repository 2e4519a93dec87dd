-- Webhooks: programs of a company's that are told of its events.

CREATE TABLE webhook (
    company_id    TEXT NOT NULL,
    webhook_id    TEXT NOT NULL,
    state         TEXT NOT NULL,          -- active | stopped
    why           TEXT NOT NULL,          -- why it was stopped: a fault as JSON; empty while it is active
    since_at      BIGINT NOT NULL,        -- since when it is in this state
    settings      BYTEA NOT NULL,         -- address, wanted events and secrets, sealed
    told_seq      BIGINT NOT NULL,        -- the last event that it took or does not want
    faults        BIGINT NOT NULL,        -- tries of the next event that failed
    tries         BIGINT NOT NULL,        -- how many tries its log has known
    made_at       BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, webhook_id)
);

-- The last tries of each: a try takes the place of the one a hundred before it.
CREATE TABLE webhook_try (
    company_id    TEXT NOT NULL,
    webhook_id    TEXT NOT NULL,
    slot          BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    event_seq     BIGINT NOT NULL,        -- 0 for a test call
    kind          TEXT NOT NULL,
    at            BIGINT NOT NULL,
    status        BIGINT NOT NULL,        -- 0 where nothing was answered
    why           TEXT NOT NULL,
    took_ms       BIGINT NOT NULL,
    PRIMARY KEY (company_id, webhook_id, slot)
);

-- How many active webhooks a company has. It stands where every event is numbered, so that a company without any pays nothing.
ALTER TABLE company_head ADD COLUMN webhooks BIGINT NOT NULL DEFAULT 0;
