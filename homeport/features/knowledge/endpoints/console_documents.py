"""Documents in the console."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from homeport.features.identity.access import EditingDatasets, SignedIn
from homeport.features.knowledge.accept_files import accept_text
from homeport.features.knowledge.add_documents import Wishes
from homeport.features.knowledge.choose_rule import check_process_rule
from homeport.features.knowledge.delete_document import delete_document
from homeport.features.knowledge.endpoints.calling import Cleaned, ProvidedKnowledge
from homeport.features.knowledge.errors import DocumentNotFound
from homeport.features.knowledge.pause import pause_document, resume_document, retry_document
from homeport.features.knowledge.present_console import console_document
from homeport.features.knowledge.receive_documents import discard_received, keep_documents, receive_files
from homeport.features.knowledge.repository import datasets, documents
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.schemas.console import (
    ConsoleDocument,
    DocumentName,
    RejectedItem,
    TextAnswer,
    TextForm,
    UploadAnswer,
    UploadForm,
)
from homeport.features.knowledge.schemas.rules import ProcessRuleInput
from homeport.features.knowledge.update_document import rename_document
from homeport.features.knowledge.withhold import change_documents
from homeport.runtime.errors import InvalidInput
from homeport.runtime.http.pages import Page, PageLimit, PageNumber
from homeport.runtime.http.work import Reading, Work

router = APIRouter()


Shown = Literal["", "queuing", "indexing", "paused", "error", "available", "disabled", "archived"]

_UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "data": {"type": "string", "description": "JSON: {process_rule?}."},
                    },
                }
            }
        },
    }
}


@router.post("/upload", status_code=201, summary="Add files", openapi_extra=_UPLOAD_BODY)
async def upload(member: EditingDatasets, room: ProvidedKnowledge, request: Request, dataset_id: UUID) -> UploadAnswer:
    """Each file becomes a document and is indexed; what is not accepted is listed with the reason."""
    async with room.database.read() as session:
        dataset = await datasets.get_dataset(session, member.workspace_id, str(dataset_id))
    received = await receive_files(room, request, member.workspace_id)
    async with discard_received(room, received):
        wishes = _wishes(room, _form(received.fields.get("data", "")).process_rule)
    rejected = [RejectedItem(name=one.name, code=one.error.code, message=str(one.error)) for one in received.rejected]
    if not received.documents:
        return UploadAnswer(documents=[], batch=None, rejected=rejected)
    added, batch = await keep_documents(
        room, dataset, received.documents, wishes, created_by=member.account_id, created_from="web"
    )
    return UploadAnswer(documents=[console_document(one) for one in added], batch=batch, rejected=rejected)


@router.post("/text", status_code=201, summary="Add a text")
async def add_text(member: EditingDatasets, room: ProvidedKnowledge, dataset_id: UUID, body: TextForm) -> TextAnswer:
    """The text becomes a document and is indexed."""
    wishes = _wishes(room, body.process_rule)
    async with room.database.read() as session:
        dataset = await datasets.get_dataset(session, member.workspace_id, str(dataset_id))
    new = await accept_text(room, member.workspace_id, body.name, body.text)
    [document], batch = await keep_documents(
        room, dataset, [new], wishes, created_by=member.account_id, created_from="web"
    )
    return TextAnswer(document=console_document(document), batch=batch)


@router.get("", summary="List documents")
async def list_all(
    member: SignedIn,
    session: Reading,
    dataset_id: UUID,
    page: PageNumber = 1,
    limit: PageLimit = 20,
    keyword: Annotated[str, Cleaned, Query(max_length=200, description="Part of the name.")] = "",
    status: Shown = "",
) -> Page[ConsoleDocument]:
    """The documents of a knowledge base, newest first."""
    await datasets.get_dataset(session, member.workspace_id, str(dataset_id))
    found, total = await documents.list_documents(
        session, str(dataset_id), page=page, limit=limit, keyword=keyword, status=status
    )
    return Page.of([console_document(one) for one in found], page=page, limit=limit, total=total)


@router.get("/{document_id}", summary="Show a document")
async def show(member: SignedIn, session: Reading, dataset_id: UUID, document_id: UUID) -> ConsoleDocument:
    """One document."""
    found = await documents.get_document(session, member.workspace_id, str(dataset_id), str(document_id))
    return console_document(found)


@router.patch("/{document_id}", summary="Rename a document")
async def rename(
    member: EditingDatasets, session: Work, dataset_id: UUID, document_id: UUID, body: DocumentName
) -> ConsoleDocument:
    """A new name."""
    renamed = await rename_document(session, member.workspace_id, str(dataset_id), str(document_id), body.name)
    return console_document(renamed)


@router.delete("/{document_id}", status_code=204, summary="Delete a document")
async def delete(
    member: EditingDatasets, session: Work, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID
) -> Response:
    """With its segments and its file."""
    await delete_document(room, session, member.workspace_id, str(dataset_id), str(document_id))
    return Response(status_code=204)


@router.post("/{document_id}/pause", summary="Pause the indexing of a document")
async def pause(member: EditingDatasets, session: Work, dataset_id: UUID, document_id: UUID) -> ConsoleDocument:
    """It stops at its next step."""
    ids = member.workspace_id, str(dataset_id), str(document_id)
    return console_document(await pause_document(session, *ids, member.account_id))


@router.post("/{document_id}/resume", summary="Go on with a paused document")
async def resume(
    member: EditingDatasets, session: Work, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID
) -> ConsoleDocument:
    """It goes on where it stopped."""
    ids = member.workspace_id, str(dataset_id), str(document_id)
    return console_document(await resume_document(room, session, *ids))


@router.post("/{document_id}/retry", summary="Index a document again after an error")
async def retry(
    member: EditingDatasets, session: Work, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID
) -> ConsoleDocument:
    """It is tried again."""
    ids = member.workspace_id, str(dataset_id), str(document_id)
    return console_document(await retry_document(room, session, *ids))


@router.post("/{document_id}/{action}", summary="Take a document out of answers, or let it in again")
async def withhold(
    member: EditingDatasets,
    session: Work,
    room: ProvidedKnowledge,
    dataset_id: UUID,
    document_id: UUID,
    action: Literal["enable", "disable", "archive", "un_archive"],
) -> ConsoleDocument:
    """Counts from the next question on."""
    found = await change_documents(
        room, session, member.workspace_id, str(dataset_id), [str(document_id)], action, member.account_id
    )
    if not found:
        raise DocumentNotFound
    return console_document(found[0])


def _form(data: str) -> UploadForm:
    try:
        return UploadForm.model_validate_json(data or "{}")
    except ValidationError as error:
        raise InvalidInput(f"data is not what is accepted: {error.errors()[0]['msg']}.") from error


def _wishes(room: KnowledgeRoom, rule: ProcessRuleInput | None) -> Wishes:
    return Wishes(rule=(rule.mode, check_process_rule(rule, room.settings)) if rule else None)
