-- Agreements with the rail and how they came about; mandates that payers gave. (The table "agreement" holds what was recorded before
-- there was anything to say beside it; it is read, and no longer written.)

CREATE TABLE agreement_course (
    company_id    TEXT NOT NULL,
    agreement_id  TEXT NOT NULL,
    kind          TEXT NOT NULL,          -- main_vendor | avtalegiro
    bank_account  TEXT NOT NULL,          -- empty where it is for none
    state         TEXT NOT NULL,          -- the state's name, for lists
    course        BYTEA NOT NULL,         -- sealed JSON of domain::agreement::Course: the truth
    changed_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, agreement_id)
);
CREATE UNIQUE INDEX agreement_course_of ON agreement_course (company_id, kind, bank_account);

-- Mandates. KIDs are keyed digests; what they are is sealed.
CREATE TABLE mandate (
    company_id    TEXT NOT NULL,
    bank_account  TEXT NOT NULL,          -- the company's own
    kid_digest    TEXT NOT NULL,
    customer_digest TEXT NOT NULL,        -- of the structure and the customer part; empty where the KID fits no structure
    payer_digest  TEXT NOT NULL,          -- of the payer's account; empty where it is not known
    status        TEXT NOT NULL,          -- active | inactive
    updated_at    BIGINT NOT NULL,
    looked_up_at  BIGINT NOT NULL,        -- when the rail was last asked about it; 0 = never
    mandate       BYTEA NOT NULL,         -- sealed JSON of domain::mandate::Mandate
    changes       BIGINT NOT NULL,        -- how often it was changed: the number of its last line in mandate_change
    version       BIGINT NOT NULL,
    PRIMARY KEY (company_id, bank_account, kid_digest)
);
CREATE INDEX mandate_of_customer ON mandate (company_id, bank_account, customer_digest);
CREATE INDEX mandate_of_payer ON mandate (company_id, payer_digest);
CREATE INDEX mandate_looked_up ON mandate (company_id, bank_account, looked_up_at);

-- What each mandate was after each change, and who said so.
CREATE TABLE mandate_change (
    company_id    TEXT NOT NULL,
    bank_account  TEXT NOT NULL,
    kid_digest    TEXT NOT NULL,
    number        BIGINT NOT NULL,
    at            BIGINT NOT NULL,
    change        BYTEA NOT NULL,         -- sealed JSON: the mandate after it, and where that came from
    PRIMARY KEY (company_id, bank_account, kid_digest, number)
);
