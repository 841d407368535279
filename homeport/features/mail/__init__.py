"""Messages to people: queued with what causes them, sent by a job."""
