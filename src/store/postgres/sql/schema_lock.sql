-- By no index: the lock ends with its transaction.
select pg_advisory_xact_lock(hashtextextended('reminders ' || $1::text, 0));
