-- Members of lots that came back.

-- Whoever came back was certainly not accepted on that journey, whatever was said on it: no doubt is left of it.
ALTER TABLE consignment_member ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
