"""Where a setting deliberately differs from the established one, and why. A secret never has a default."""

from __future__ import annotations

_NOBODY = "Homeport asks nobody by itself."
_NO_OFFER = "Homeport ships no list of models to give away."
_EMBEDDED = "Unset means the embedded database, so that nothing has to be installed."

#: Variable -> why the default is another.
DEFAULTS = {
    "APPLICATION_NAME": "The name would be another product's.",
    "CHECK_UPDATE_URL": _NOBODY,
    "CODE_EXECUTION_ENDPOINT": "Unset means a sandbox of this process' own, where it can make one.",
    "DB_HOST": _EMBEDDED,
    "DB_PORT": "Unset means the port that is usual for the kind of database.",
    "DB_TYPE": _EMBEDDED,
    "ENABLE_NETWORK": "Code reaches the network only where somebody has switched it on.",
    "HOSTED_ANTHROPIC_PAID_MODELS": _NO_OFFER,
    "HOSTED_ANTHROPIC_TRIAL_MODELS": _NO_OFFER,
    "HOSTED_DEEPSEEK_PAID_MODELS": _NO_OFFER,
    "HOSTED_DEEPSEEK_TRIAL_MODELS": _NO_OFFER,
    "HOSTED_FETCH_APP_TEMPLATES_REMOTE_DOMAIN": _NOBODY,
    "HOSTED_FETCH_PIPELINE_TEMPLATES_REMOTE_DOMAIN": _NOBODY,
    "HOSTED_GEMINI_PAID_MODELS": _NO_OFFER,
    "HOSTED_GEMINI_TRIAL_MODELS": _NO_OFFER,
    "HOSTED_OPENAI_PAID_MODELS": _NO_OFFER,
    "HOSTED_OPENAI_TRIAL_MODELS": _NO_OFFER,
    "HOSTED_XAI_PAID_MODELS": _NO_OFFER,
    "HOSTED_XAI_TRIAL_MODELS": _NO_OFFER,
    "LOG_FORMAT": "Unset means a line with the request and the job in it.",
    "LOG_OUTPUT_FORMAT": "Unset means text on a terminal and json anywhere else.",
    "MARKETPLACE_API_URL": _NOBODY,
    "NODEJS_PATH": "Unset means the one that is found.",
    "PYTHON_PATH": "Unset means the interpreter of the sandbox itself.",
    "REDIS_HOST": "Unset means no Redis: one process keeps in its memory what Redis would hold.",
    "RESEND_API_URL": "The address of the service is a better default than none.",
    "TENANT_ISOLATED_TASK_CONCURRENCY": "Unset means no limit: workspaces take turns, so one only left workers idle.",
    "VECTOR_STORE": _EMBEDDED,
}
#: Variable -> why the type is another.
TYPES = {
    "SCARF_NO_ANALYTICS": "It is a switch; its default is false.",
}
#: Variable -> established choices that are refused, and why.
REFUSED = {
    "DB_TYPE": (("oceanbase", "seekdb"), "Nobody has tried this version on these databases."),
    "MODE": (("job",), "There is no command to run: the image's own commands are used instead."),
}
#: Variable -> why another bound holds.
BOUNDS = {
    "QUEUE_MONITOR_INTERVAL": "0 would look without a pause.",
    "SSRF_DEFAULT_MAX_RETRIES": "0 turns further attempts off.",
}
