"""The LlamaIndex query engine of one question: hybrid retrieval, evidence selection, a streamed answer."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence

from llama_index.core.base.response.schema import RESPONSE_TYPE, AsyncStreamingResponse
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.context import CountTokens, Evidence, select_evidence
from assistant.generation import EvidenceSynthesizer
from assistant.retriever import HybridRetriever, RetrievedChunk, hit_of


class EvidenceSelector(BaseNodePostprocessor):
    """Turns retrieved passages into numbered evidence within a budget of the model's tokens.

    The nodes it returns hold exactly what the prompt will; `hits` and `evidence` keep what they were made of.
    """

    _budget: int = PrivateAttr()
    _count_tokens: CountTokens = PrivateAttr()
    _hits: list[RetrievedChunk] = PrivateAttr(default_factory=list)
    _evidence: list[Evidence] = PrivateAttr(default_factory=list)
    _milliseconds: float = PrivateAttr(0.0)

    def __init__(self, budget: int, count_tokens: CountTokens) -> None:
        super().__init__()
        self._budget = budget
        self._count_tokens = count_tokens

    @property
    def hits(self) -> Sequence[RetrievedChunk]:
        return self._hits

    @property
    def evidence(self) -> Sequence[Evidence]:
        return self._evidence

    @property
    def milliseconds(self) -> float:
        """How long the selection took."""
        return self._milliseconds

    def _postprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        started = time.perf_counter()
        self._hits = [hit_of(node) for node in nodes]
        question = query_bundle.query_str if query_bundle else ""
        self._evidence = select_evidence(question, self._hits, self._budget, self._count_tokens)
        self._milliseconds = (time.perf_counter() - started) * 1000
        return nodes_of(self._evidence)


def make_engine(
    retriever: HybridRetriever, selector: EvidenceSelector, synthesizer: EvidenceSynthesizer
) -> RetrieverQueryEngine:
    """The three steps as one LlamaIndex query engine."""
    return RetrieverQueryEngine(retriever, response_synthesizer=synthesizer, node_postprocessors=[selector])


def stream_of(response: RESPONSE_TYPE) -> AsyncGenerator[str, None]:
    """The pieces of a streamed response; closing them stops the model."""
    if not isinstance(response, AsyncStreamingResponse) or not isinstance(response.response_gen, AsyncGenerator):
        raise TypeError(f"a streamed response was expected, not {type(response).__name__}")
    return response.response_gen


def nodes_of(evidence: Sequence[Evidence]) -> list[NodeWithScore]:
    """Evidence as the synthesizer takes it."""
    return [_node(item) for item in evidence]


def _node(item: Evidence) -> NodeWithScore:
    return NodeWithScore(node=TextNode(id_=item.hit.stored.id, text=item.prompt_text), score=item.hit.score)
