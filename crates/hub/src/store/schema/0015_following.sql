-- What pages find invoices by, so that no page costs more the more invoices there are.

-- Words under which an invoice is found: its number, its KID, its recipient's name and number. Each is the hexadecimal of its folded
-- bytes: whatever order a database has for letters, what begins alike stands together.
CREATE TABLE search (
    company_id    TEXT NOT NULL,
    token         TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    PRIMARY KEY (company_id, token, invoice_id)
);

-- What went which way, newest first.
CREATE INDEX attempt_of_route ON attempt (company_id, route, opened_at, attempt_id);

-- What is owed: only what is not settled stands in it.
CREATE INDEX collection_owed ON collection (company_id, due_on)
    WHERE state IN ('open', 'claimed', 'part_paid', 'reversed', 'reopened');
