"""From the search settings of a request to what the search is asked for."""

from __future__ import annotations

from homeport.features.knowledge.retrieve import RetrievalOptions, SearchMethod
from homeport.features.knowledge.schemas.retrieval import RetrievalModel


def options_of(model: RetrievalModel | None, *, highlights: bool = True) -> RetrievalOptions:
    """Without a model everything is left to the dataset."""
    if model is None:
        return RetrievalOptions(highlights=highlights)
    setting = model.weights.vector_setting if model.weights else None
    return RetrievalOptions(
        method=SearchMethod(model.search_method),
        top_k=model.top_k,
        score_threshold=(model.score_threshold or 0.0) if model.score_threshold_enabled else 0.0,
        vector_weight=setting.vector_weight if setting else None,
        highlights=highlights,
    )
