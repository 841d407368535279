"""Segments and the retrieval test in the console."""

from __future__ import annotations

import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from homeport.features.identity.access import EditingDatasets, SignedIn
from homeport.features.knowledge.edit_segments import (
    NewSegment,
    SegmentChange,
    add_segments,
    change_segment,
    delete_segment,
)
from homeport.features.knowledge.endpoints.calling import Cleaned, ProvidedKnowledge
from homeport.features.knowledge.present_console import console_segment, console_segment_detail
from homeport.features.knowledge.repository import documents, segments
from homeport.features.knowledge.retrieve import search_dataset
from homeport.features.knowledge.retrieve_options import options_of
from homeport.features.knowledge.schemas.console import (
    ConsoleRecord,
    ConsoleRetrieveAnswer,
    ConsoleSegment,
    ConsoleSegmentDetail,
    DocumentRef,
    QuestionForm,
    SegmentChangeForm,
    SegmentForm,
)
from homeport.features.knowledge.schemas.retrieval import QueryItem
from homeport.runtime.http.pages import Page, PageLimit, PageNumber
from homeport.runtime.http.work import Reading

router = APIRouter()


@router.get("/documents/{document_id}/segments", summary="List segments")
async def list_all(
    member: SignedIn,
    session: Reading,
    dataset_id: UUID,
    document_id: UUID,
    page: PageNumber = 1,
    limit: PageLimit = 20,
    keyword: Annotated[str, Cleaned, Query(max_length=200, description="Part of the content.")] = "",
    status: Annotated[str, Cleaned, Query(max_length=20, description="completed, enabled, disabled, ...")] = "",
) -> Page[ConsoleSegment]:
    """The segments of a document, in its order."""
    document = await documents.get_document(session, member.workspace_id, str(dataset_id), str(document_id))
    enabled = {"enabled": True, "disabled": False}.get(status)
    found, total = await segments.list_segments(
        session,
        document,
        page=page,
        limit=limit,
        keyword=keyword,
        statuses=[status] if status and enabled is None and status != "all" else (),
        enabled=enabled,
    )
    return Page.of([console_segment(one) for one in found], page=page, limit=limit, total=total)


@router.post("/documents/{document_id}/segments", status_code=201, summary="Add a segment")
async def add(
    member: EditingDatasets, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID, body: SegmentForm
) -> ConsoleSegment:
    """At the end of the document; it can be found at once."""
    new = [NewSegment(body.content, body.keywords)]
    [segment], _ = await add_segments(
        room, member.workspace_id, str(dataset_id), str(document_id), new, member.account_id
    )
    return console_segment(segment)


@router.get("/segments/{segment_id}", summary="Show a segment")
async def show(member: SignedIn, session: Reading, dataset_id: UUID, segment_id: UUID) -> ConsoleSegmentDetail:
    """A segment with its document."""
    found = await segments.get_segment(session, member.workspace_id, str(dataset_id), str(segment_id))
    return console_segment_detail(*found)


@router.patch("/segments/{segment_id}", summary="Change a segment")
async def change(
    member: EditingDatasets, room: ProvidedKnowledge, dataset_id: UUID, segment_id: UUID, body: SegmentChangeForm
) -> ConsoleSegmentDetail:
    """Content, keywords, or whether it may be found."""
    asked = SegmentChange(body.content, body.keywords, body.enabled)
    changed = await change_segment(
        room, member.workspace_id, str(dataset_id), str(segment_id), asked, member.account_id
    )
    return console_segment_detail(*changed)


@router.delete("/segments/{segment_id}", status_code=204, summary="Delete a segment")
async def delete(member: EditingDatasets, room: ProvidedKnowledge, dataset_id: UUID, segment_id: UUID) -> Response:
    """It is not found any more."""
    await delete_segment(room, member.workspace_id, str(dataset_id), str(segment_id))
    return Response(status_code=204)


@router.post("/retrieve", summary="Try the retrieval")
async def retrieve(
    member: SignedIn, room: ProvidedKnowledge, dataset_id: UUID, body: QuestionForm
) -> ConsoleRetrieveAnswer:
    """What would be found for a question, with scores and highlights."""
    started = time.perf_counter()
    _, found = await search_dataset(
        room, member.workspace_id, str(dataset_id), body.query, options_of(body.retrieval_model)
    )
    took = (time.perf_counter() - started) * 1000
    records = [
        ConsoleRecord(
            segment=console_segment(one.segment),
            document=DocumentRef(id=one.document.id, name=one.document.name),
            score=one.score,
            highlights=one.highlights,
        )
        for one in found
    ]
    return ConsoleRetrieveAnswer(query=QueryItem(content=body.query), records=records, took_ms=round(took, 2))
