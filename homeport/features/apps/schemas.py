"""What goes over the wire about apps."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from homeport.features.apps.published import Published
from homeport.features.apps.repository import Listed
from homeport.features.apps.tables import App, AppMode
from homeport.runtime.http.body import RequestBody

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(max_length=2000)]


class AppItem(BaseModel):
    """An app in a list."""

    id: str
    name: str
    description: str
    mode: str
    icon_type: str
    icon: str
    icon_background: str
    enable_site: bool
    enable_api: bool
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, app: App | Listed) -> AppItem:
        """From a row."""
        return cls(**_fields(app))


class AppDetail(AppItem):
    """An app with its configuration."""

    model_config = ConfigDict(protected_namespaces=())

    app_config: dict[str, Any] = Field(serialization_alias="model_config")

    @classmethod
    def of_both(cls, app: App, document: dict[str, Any]) -> AppDetail:
        """From an app's row and its configuration's document."""
        return cls(**_fields(app), app_config=document)


def _fields(app: App | Listed) -> dict[str, Any]:
    return {name: _wire(getattr(app, name)) for name in AppItem.model_fields}


def _wire(value: Any) -> Any:
    return int(value.timestamp()) if isinstance(value, datetime) else value


class NewApp(RequestBody):
    """An app to be made."""

    name: Name
    mode: AppMode = AppMode.CHAT
    description: Text = ""
    icon: Annotated[str, StringConstraints(max_length=255)] = "🤖"
    icon_background: Annotated[str, StringConstraints(max_length=20)] = "#EEF4FF"
    dataset_ids: list[str] = Field([], max_length=100)


class AppChanges(RequestBody):
    """What to change; absent fields stay."""

    model_config = ConfigDict(protected_namespaces=())

    name: Name | None = None
    description: Text | None = None
    icon: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    icon_background: Annotated[str, StringConstraints(max_length=20)] | None = None
    enable_site: bool | None = None
    enable_api: bool | None = None
    app_config: dict[str, Any] | None = Field(None, validation_alias="model_config")

    def fields(self) -> dict[str, Any]:
        """The given fields of the app itself."""
        return self.model_dump(exclude_none=True, exclude={"app_config"})


class Enabled(BaseModel):
    """A feature that is on or off."""

    enabled: bool


class Speech(Enabled):
    """Whether answers are spoken, and how."""

    model_config = ConfigDict(extra="allow")

    voice: str = ""
    language: str = ""


class UploadLimits(BaseModel):
    """Megabytes per file of a kind, and files per run of a workflow."""

    image_file_size_limit: int
    video_file_size_limit: int
    audio_file_size_limit: int
    file_size_limit: int
    workflow_file_upload_limit: int


class Parameters(BaseModel):
    """What a client program is told about an app before it runs it."""

    opening_statement: str | None
    suggested_questions: list[str]
    suggested_questions_after_answer: Enabled
    speech_to_text: Enabled
    text_to_speech: Speech
    retriever_resource: Enabled
    annotation_reply: Enabled
    more_like_this: Enabled
    user_input_form: list[dict[str, dict[str, Any]]]
    sensitive_word_avoidance: Enabled
    file_upload: dict[str, Any]
    system_parameters: UploadLimits


class Info(BaseModel):
    """Basic facts of an app."""

    name: str
    description: str
    tags: list[str] = []
    mode: str
    author_name: str | None


class Meta(BaseModel):
    """Icons of the tools an app uses."""

    tool_icons: dict[str, Any] = {}


class SiteInfo(BaseModel):
    """How an app presents itself."""

    title: str
    chat_color_theme: str | None = None
    chat_color_theme_inverted: bool = False
    icon_type: str
    icon: str
    icon_background: str
    description: str
    copyright: str | None = None
    privacy_policy: str | None = None
    custom_disclaimer: str = ""
    default_language: str = "en-US"
    show_workflow_steps: bool = False
    use_icon_as_answer_icon: bool = False
    icon_url: str | None = None

    @classmethod
    def of(cls, app: Published) -> SiteInfo:
        """From an app; it has no separate looks of its own yet."""
        return cls(
            title=app.name,
            icon_type=app.icon_type,
            icon=app.icon,
            icon_background=app.icon_background,
            description=app.description,
        )
