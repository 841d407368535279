"""Which rule documents are cleaned and cut by."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.clean import CleanRules
from homeport.features.knowledge.errors import InvalidSegmentRule
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.schemas.rules import ProcessRuleInput
from homeport.features.knowledge.segment import SegmentRule, check_rule
from homeport.features.knowledge.settings import KnowledgeSettings
from homeport.features.knowledge.tables import ProcessRule
from homeport.runtime.db.columns import new_id

AUTOMATIC: dict[str, Any] = {
    "pre_processing_rules": [
        {"id": "remove_extra_spaces", "enabled": True},
        {"id": "remove_urls_emails", "enabled": False},
    ],
    "segmentation": {"separator": "\n", "max_tokens": 500, "chunk_overlap": 50},
}


def check_process_rule(asked: ProcessRuleInput, settings: KnowledgeSettings) -> dict[str, Any]:
    """The rules in the form they are kept; raises `InvalidSegmentRule`."""
    if asked.mode == "hierarchical":
        raise InvalidSegmentRule("The process rule mode is hierarchical; this version accepts automatic and custom.")
    if asked.mode == "automatic":
        return AUTOMATIC
    if asked.rules is None or asked.rules.segmentation is None:
        raise InvalidSegmentRule("A custom process rule needs rules.segmentation with separator and max_tokens.")
    cut = asked.rules.segmentation
    separator = cut.separator if cut.separator is not None else cut.delimiter
    rules: dict[str, Any] = {
        "pre_processing_rules": [rule.model_dump() for rule in asked.rules.pre_processing_rules],
        "segmentation": {
            "separator": "\n" if separator is None else separator,
            "max_tokens": cut.max_tokens,
            "chunk_overlap": cut.chunk_overlap or 0,
        },
    }
    check_rule(segment_rule(asked.mode, rules), settings.indexing_max_segmentation_tokens_length)
    return rules


def segment_rule(mode: str, rules: dict[str, Any]) -> SegmentRule:
    """How a kept rule cuts. Automatic joins short pieces up to the size; a separator somebody chose is kept to."""
    cut = rules["segmentation"]
    return SegmentRule(cut["separator"], cut["max_tokens"], cut["chunk_overlap"], merge=mode == "automatic")


def clean_rules(rules: dict[str, Any]) -> CleanRules:
    """How a kept rule tidies."""
    on = {rule["id"] for rule in rules["pre_processing_rules"] if rule["enabled"]}
    return CleanRules("remove_extra_spaces" in on, "remove_urls_emails" in on)


async def rule_for(
    session: AsyncSession, dataset_id: str, asked: tuple[str, dict[str, Any]] | None, created_by: str
) -> str:
    """Id of the rule to use: the one asked for as `(mode, rules)`, else the dataset's latest, else automatic.

    A rule equal to the latest is not written again.
    """
    latest = await datasets.latest_rule(session, dataset_id)
    if latest is not None and (asked is None or asked == (latest.mode, latest.rules)):
        return latest.id
    mode, rules = asked or ("automatic", AUTOMATIC)
    rule = ProcessRule(id=new_id(), dataset_id=dataset_id, mode=mode, rules=rules, created_by=created_by)
    session.add(rule)
    return rule.id
