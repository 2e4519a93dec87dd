-- Payments that are told of more than once.

-- Which file told of a payment first, and whether the bank's reference names it in every file that tells of it.
ALTER TABLE payment ADD COLUMN source TEXT NOT NULL DEFAULT '';   -- ocr | camt053 | camt054; camt where that is not known any more
ALTER TABLE payment ADD COLUMN named BIGINT NOT NULL DEFAULT 1;   -- 0 where nothing but its place in the file names it
ALTER TABLE payment ADD COLUMN valued_on TEXT;
UPDATE payment SET source = CASE WHEN rail = 'ocr' THEN 'ocr' ELSE COALESCE(
    (SELECT bank_file.format FROM bank_file WHERE bank_file.company_id = '' AND bank_file.digest = payment.file_digest), 'camt') END;

-- Lines of statements that wait for their payments, and what is told of a day: looked at once a file.
CREATE INDEX payment_waiting ON payment (company_id, account, booked_on) WHERE fit = 'total';
CREATE INDEX payment_of_day ON payment (company_id, account, booked_on);

-- How far banks' files told of an account. No file is not the word that nothing was debited.
CREATE TABLE account_told (
    company_id    TEXT NOT NULL,
    account       TEXT NOT NULL,
    until_on      TEXT NOT NULL,          -- the last day that a file told of; empty where none ever did
    silence_on    TEXT NOT NULL,          -- until_on as it was when a person was told that nothing came since; - where nobody was
    PRIMARY KEY (company_id, account)
);
INSERT INTO account_told (company_id, account, until_on, silence_on)
    SELECT company_id, account, MAX(booked_on), '-' FROM payment GROUP BY company_id, account;

-- A file is read again for an account that has an owner only now: bank_file.state is reading | again | read.
DROP INDEX bank_file_unfinished;
CREATE INDEX bank_file_unfinished ON bank_file (company_id, received_at) WHERE state <> 'read';
