"""Segments in the public API."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse, Response

from homeport.features.identity.access import DatasetKeyHolder
from homeport.features.knowledge.edit_segments import (
    NewSegment,
    SegmentChange,
    add_segments,
    change_segment,
    delete_segment,
)
from homeport.features.knowledge.endpoints.calling import (
    CappedLimit,
    CappedPage,
    Cleaned,
    ProvidedKnowledge,
    open_dataset,
)
from homeport.features.knowledge.present import segment_item
from homeport.features.knowledge.repository import documents, segments
from homeport.features.knowledge.schemas.segments import (
    AddSegmentsInput,
    ChangeSegmentInput,
    SegmentAnswer,
    SegmentPage,
    SegmentsAnswer,
)
from homeport.runtime.http.body import described, json_body
from homeport.runtime.http.problems import envelope
from homeport.runtime.http.work import Reading

router = APIRouter(tags=["segments"])

# Read after the key is checked.
AddSegmentsInputBody = Annotated[AddSegmentsInput, Depends(json_body(AddSegmentsInput))]
ChangeSegmentInputBody = Annotated[ChangeSegmentInput, Depends(json_body(ChangeSegmentInput))]


@router.post("", summary="Add segments", response_model=SegmentsAnswer, openapi_extra=described(AddSegmentsInput))
async def add(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID, body: AddSegmentsInputBody
) -> SegmentsAnswer | JSONResponse:
    """At the end of a completed document; they can be found at once."""
    async with room.database.read() as session:
        await open_dataset(session, holder, dataset_id)
    if not body.segments:
        missing = "Segments is required"
        # Established clients look for `error` here.
        return JSONResponse({"error": missing} | envelope("invalid_param", missing, 400), 400)
    new = [NewSegment(one.content, one.keywords) for one in body.segments]
    added, document = await add_segments(
        room, holder.workspace_id, str(dataset_id), str(document_id), new, holder.account_id
    )
    return SegmentsAnswer(data=[segment_item(one) for one in added], doc_form=document.doc_form)


@router.get("", summary="List segments")
async def list_all(
    holder: DatasetKeyHolder,
    session: Reading,
    dataset_id: UUID,
    document_id: UUID,
    page: CappedPage,
    limit: CappedLimit,
    keyword: Annotated[str | None, Cleaned, Query(max_length=200, description="Part of the content.")] = None,
    status: Annotated[list[str] | None, Cleaned, Query(description="Repeatable.")] = None,
) -> SegmentPage:
    """The segments of a document, in its order."""
    await open_dataset(session, holder, dataset_id)
    document = await documents.get_document(session, holder.workspace_id, str(dataset_id), str(document_id))
    found, total = await segments.list_segments(
        session, document, page=page, limit=limit, keyword=keyword or "", statuses=status or ()
    )
    return SegmentPage(
        data=[segment_item(one) for one in found],
        doc_form=document.doc_form,
        total=total,
        has_more=page * limit < total,
        limit=limit,
        page=page,
    )


@router.get("/{segment_id}", summary="Show a segment")
async def show(
    holder: DatasetKeyHolder, session: Reading, dataset_id: UUID, document_id: UUID, segment_id: UUID
) -> SegmentAnswer:
    """One segment."""
    await open_dataset(session, holder, dataset_id)
    segment, document = await segments.get_segment(
        session, holder.workspace_id, str(dataset_id), str(segment_id), document_id=str(document_id)
    )
    return SegmentAnswer(data=segment_item(segment), doc_form=document.doc_form)


@router.post("/{segment_id}", summary="Change a segment", openapi_extra=described(ChangeSegmentInput))
async def change(
    holder: DatasetKeyHolder,
    room: ProvidedKnowledge,
    dataset_id: UUID,
    document_id: UUID,
    segment_id: UUID,
    body: ChangeSegmentInputBody,
) -> SegmentAnswer:
    """Content, keywords, or whether it may be found."""
    async with room.database.read() as session:
        await open_dataset(session, holder, dataset_id)
    asked = SegmentChange(body.segment.content, body.segment.keywords, body.segment.enabled)
    segment, document = await change_segment(
        room,
        holder.workspace_id,
        str(dataset_id),
        str(segment_id),
        asked,
        holder.account_id,
        document_id=str(document_id),
    )
    return SegmentAnswer(data=segment_item(segment), doc_form=document.doc_form)


@router.delete("/{segment_id}", status_code=204, summary="Delete a segment")
async def delete(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID, segment_id: UUID
) -> Response:
    """It is not found any more."""
    async with room.database.read() as session:
        await open_dataset(session, holder, dataset_id)
    await delete_segment(room, holder.workspace_id, str(dataset_id), str(segment_id), document_id=str(document_id))
    return Response(status_code=204)
