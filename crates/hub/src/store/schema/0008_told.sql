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
