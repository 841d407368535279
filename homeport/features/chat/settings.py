"""How long an answer may take, how many at once, how further questions are suggested, how long messages are kept."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from homeport.runtime.config.section import Section


class ChatSettings(Section):
    """Limits of answers, the request for suggested questions, the retention of messages."""

    app_max_execution_time: PositiveInt = Field(
        1200, description="Seconds one answer may take; it is then stopped, and kept as far as it came."
    )
    app_default_active_requests: NonNegativeInt = Field(
        0, description="Answers one app writes at once, on all replicas together; 0 is no limit."
    )
    app_max_active_requests: NonNegativeInt = Field(
        0, description="As APP_DEFAULT_ACTIVE_REQUESTS; of two limits the smaller holds."
    )
    suggested_questions_prompt: str = Field(
        "", description="Own request for suggested questions; it must ask for a JSON list of texts."
    )
    suggested_questions_max_tokens: PositiveInt | None = Field(
        None, description="Tokens a model may use to suggest questions; its own limit when unset."
    )
    suggested_questions_temperature: float | None = Field(
        None, ge=0, le=2, description="Temperature for suggesting questions; the model's own when unset."
    )
    enable_clean_messages: bool = Field(
        False, description="Delete messages that are older than SANDBOX_EXPIRED_RECORDS_RETENTION_DAYS, daily at 04:00."
    )
    sandbox_expired_records_retention_days: PositiveInt = Field(
        30, description="Days messages of every workspace are kept with ENABLE_CLEAN_MESSAGES."
    )
    sandbox_expired_records_clean_batch_size: PositiveInt = Field(
        1000, description="Messages deleted in one transaction; 5000 at the most."
    )

    @property
    def most_at_once(self) -> int:
        """Answers one app writes at once; 0 is no limit."""
        limits = [limit for limit in (self.app_default_active_requests, self.app_max_active_requests) if limit]
        return min(limits, default=0)
