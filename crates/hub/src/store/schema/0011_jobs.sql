-- When the next job is due is asked of all companies together. As a plain column this index looked to PostgreSQL like a way to the jobs
-- of one company and kind too, through everybody else's: as an expression it serves the one question that it is for.
DROP INDEX job_next;
CREATE INDEX job_next ON job (stuck, (due_at + 0));
