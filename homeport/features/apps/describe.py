"""What a client program is told about an app before it runs it."""

from __future__ import annotations

from typing import Any

from homeport.features.apps.configuration import Configuration
from homeport.features.apps.schemas import Parameters
from homeport.features.files.settings import FilesSettings

_NO_UPLOAD: dict[str, Any] = {"enabled": False, "number_limits": 3, "detail": "high"}


def parameters_of(configuration: Configuration, limits: FilesSettings) -> Parameters:
    """The answer of `GET /parameters`: the features, the input form, the upload limits in megabytes."""
    document = {
        "opening_statement": configuration.opening_statement,
        "suggested_questions": configuration.suggested_questions,
        "suggested_questions_after_answer": {"enabled": configuration.suggested_questions_after_answer.enabled},
        "speech_to_text": {"enabled": configuration.speech_to_text.enabled},
        "text_to_speech": {"enabled": False, "voice": "", "language": ""} | configuration.text_to_speech.model_dump(),
        "retriever_resource": {"enabled": configuration.retriever_resource.enabled},
        "annotation_reply": {"enabled": configuration.annotation_reply.enabled},
        "more_like_this": {"enabled": configuration.more_like_this.enabled},
        "user_input_form": [
            {kind: field.model_dump() for kind, field in item.items()} for item in configuration.user_input_form
        ],
        "sensitive_word_avoidance": {"enabled": configuration.sensitive_word_avoidance.enabled},
        "file_upload": configuration.file_upload
        or {"image": {**_NO_UPLOAD, "transfer_methods": ["remote_url", "local_file"]}},
        "system_parameters": {
            "image_file_size_limit": limits.upload_image_file_size_limit,
            "video_file_size_limit": limits.upload_video_file_size_limit,
            "audio_file_size_limit": limits.upload_audio_file_size_limit,
            "file_size_limit": limits.upload_file_size_limit,
            "workflow_file_upload_limit": limits.workflow_file_upload_limit,
        },
    }
    return Parameters.model_validate(document)
