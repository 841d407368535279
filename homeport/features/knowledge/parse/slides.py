"""Presentations (pptx)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pptx import Presentation

from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.unpack import check_type, open_archive
from homeport.features.knowledge.parse.write_rows import write_table


def read(source: Source) -> Content:
    """Slide by slide: title, texts, tables and the speaker's notes; each slide is a page."""
    with open_archive(source) as archive:
        check_type(archive, b"presentationml", source)
    presentation = Presentation(io.BytesIO(source.content))
    text = ""
    pages = []
    has_text = False
    for number, slide in enumerate(presentation.slides, start=1):
        title, parts = _slide(slide)
        has_text = has_text or bool(title or parts)
        text = text and text + "\n\n"
        pages.append(len(text))
        text += "\n\n".join([f"## {title or f'Slide {number}'}", *parts])
    title = presentation.core_properties.title
    return Content(text if has_text else "", title.strip() or None, tuple(pages))


def _slide(slide: Any) -> tuple[str, list[str]]:
    title_shape = slide.shapes.title
    title = " ".join(title_shape.text_frame.text.split()) if title_shape is not None else ""
    parts = []
    for shape in _shapes(slide.shapes):
        if title_shape is not None and shape.shape_id == title_shape.shape_id:
            continue
        if shape.has_text_frame:
            parts.append(_paragraphs(shape.text_frame))
        elif shape.has_table:
            parts.append(write_table([[cell.text for cell in row.cells] for row in shape.table.rows]))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        parts.append(f"Notes: {notes}" if notes else "")
    return title, [part for part in parts if part.strip()]


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """All shapes, those in groups too, in their order."""
    waiting = list(shapes)[::-1]
    while waiting:
        shape = waiting.pop()
        if hasattr(shape, "shapes"):
            waiting += list(shape.shapes)[::-1]
        else:
            yield shape


def _paragraphs(frame: Any) -> str:
    lines = [(paragraph.level, " ".join(paragraph.text.split())) for paragraph in frame.paragraphs]
    lines = [(level, text) for level, text in lines if text]
    if len(lines) < 2:
        return "".join(text for _, text in lines)
    return "\n".join(f"{'  ' * level}- {text}" for level, text in lines)
