"""The configuration of a chat or completion app: the established `model_config` document, typed where we act on it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from homeport.features.apps.errors import AppUnavailable


class Part(BaseModel):
    """A piece of the document. Unknown keys are kept: an exported app comes back as it was."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """Documents of many versions are about: a null where we know a default stands for the default."""
        if not isinstance(value, dict):
            return value
        known = cls.model_fields
        return {name: inner for name, inner in value.items() if inner is not None or name not in known}


class Switch(Part):
    """A feature that is on or off."""

    enabled: bool = False


class ModelChoice(Part):
    """A model of a provider and its parameters; an empty name means the workspace's default."""

    provider: str = ""
    name: str = ""
    mode: str = "chat"
    completion_params: dict[str, Any] = {}


class InputField(Part):
    """One question the app asks before it starts."""

    variable: str = Field(max_length=100)
    label: str = ""
    required: bool = False
    max_length: int | None = None
    default: Any = None
    options: list[str] = []
    hide: bool = False

    @field_validator("max_length", mode="before")
    @classmethod
    def _blank_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class DatasetReference(Part):
    """A dataset in the list of an app."""

    id: str
    enabled: bool = True


class DatasetEntry(Part):
    """The wrapper the document has around each reference."""

    dataset: DatasetReference


class DatasetList(Part):
    """The wrapper the document has around the list."""

    datasets: list[DatasetEntry] = []


class RetrievalConfig(Part):
    """Which knowledge is searched, and how much of it is used."""

    retrieval_model: str = "multiple"
    datasets: DatasetList = DatasetList()
    top_k: int = Field(4, ge=1, le=50)
    score_threshold_enabled: bool = False
    score_threshold: float | None = Field(None, ge=0, le=1)


class Configuration(Part):
    """What an app does."""

    model: ModelChoice | None = None
    pre_prompt: str | None = ""
    prompt_type: Literal["simple", "advanced"] = "simple"
    user_input_form: list[dict[str, InputField]] = []
    dataset_query_variable: str | None = ""
    dataset_configs: RetrievalConfig = RetrievalConfig()
    opening_statement: str | None = ""
    suggested_questions: list[str] = []
    suggested_questions_after_answer: Switch = Switch()
    speech_to_text: Switch = Switch()
    text_to_speech: Switch = Switch()
    retriever_resource: Switch = Switch(enabled=True)
    annotation_reply: Switch = Switch()
    more_like_this: Switch = Switch()
    sensitive_word_avoidance: Switch = Switch()
    file_upload: dict[str, Any] = {}

    @property
    def dataset_ids(self) -> list[str]:
        """The datasets in use, in their order, each once."""
        entries = [entry.dataset for entry in self.dataset_configs.datasets.datasets]
        return list(dict.fromkeys(entry.id for entry in entries if entry.enabled))

    @property
    def takes_files(self) -> bool:
        """Whether people may send files along with a question."""
        kinds = [self.file_upload, *self.file_upload.values()]
        return any(kind.get("enabled") is True for kind in kinds if isinstance(kind, dict))

    @property
    def fields(self) -> list[tuple[str, InputField]]:
        """`(type, field)` of the input form."""
        return [next(iter(item.items())) for item in self.user_input_form if item]


def read_document(document: dict[str, Any]) -> Configuration:
    """The typed document; raises `AppUnavailable` naming the first key that is wrong."""
    try:
        return Configuration.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AppUnavailable(f"model_config.{where}: {first['msg']}.") from error
