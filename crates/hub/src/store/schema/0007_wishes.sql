-- Wishes to call an attempt back: how many there were on a journey, and up to which a person was told that it failed.
ALTER TABLE consignment_member ADD COLUMN wishes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consignment_member ADD COLUMN refused_wishes BIGINT NOT NULL DEFAULT 0;

-- Whether an invoice has an open claim is asked before its payer is told of one.
CREATE INDEX claim_of_invoice ON claim (company_id, invoice_id);
