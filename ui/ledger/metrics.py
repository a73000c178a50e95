"""What Prometheus reads. No label has a person, a collection or a word of anybody's."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from assistant.types import Answer
from ui.ledger.usage import Outcome

if TYPE_CHECKING:
    from ui.house import House

SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)


class Metrics:
    """Measurements since the server started, and what is so at the moment of reading."""

    def __init__(self, house: House) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._questions = Counter("midas_questions", "Questions by outcome.", ["backend", "outcome"], registry=registry)
        self._tokens = Counter("midas_tokens", "Tokens of the models' calls.", ["backend", "kind"], registry=registry)
        self._first = Histogram(
            "midas_first_token_seconds", "Until the model's first token.", ["backend"], registry=registry, buckets=SECONDS
        )
        self._whole = Histogram(
            "midas_answer_seconds", "Until the verified answer.", ["backend"], registry=registry, buckets=SECONDS
        )
        registry.register(_Now(house))

    def asked(self, backend: str, outcome: Outcome, answer: Answer | None) -> None:
        """Counts a question. `backend` is the name of one that is configured, or empty."""
        self._questions.labels(backend, outcome).inc()
        if answer is None:
            return
        usage, timings = answer.usage, answer.timings
        tokens = {"prompt": usage.prompt_tokens, "cached": usage.cached_tokens, "completion": usage.completion_tokens}
        for kind, count in tokens.items():
            self._tokens.labels(backend, kind).inc(count)
        if timings.ttft_ms is not None:
            self._first.labels(backend).observe(timings.ttft_ms / 1000)
        if timings.total_ms is not None:
            self._whole.labels(backend).observe(timings.total_ms / 1000)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it in the format that the header `Accept` asks for, and the format's name."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _Now(Collector):
    """What is counted when somebody looks."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        yield from self._work()
        collections = self._house.service.collections()
        yield GaugeMetricFamily("midas_collections", "Collections.", len(collections))
        yield GaugeMetricFamily("midas_documents", "Documents that are served.", sum(info.documents for info in collections))
        yield GaugeMetricFamily("midas_chunks", "Passages that can be found.", sum(info.chunks for info in collections))
        failed = self._house.ledger.failed_sign_ins
        yield CounterMetricFamily("midas_sign_ins_failed", "Sign-ins that failed.", failed)
        process = psutil.Process()
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory of the server.", process.memory_info().rss)
        yield GaugeMetricFamily("process_start_time_seconds", "When the server started.", process.create_time())

    def _work(self) -> Iterator[Metric]:
        queues = GaugeMetricFamily("midas_queue_length", "Questions that are served or wait.", labels=["backend"])
        for backend, length in self._house.service.queues().items():
            queues.add_metric([backend], length)
        jobs = GaugeMetricFamily("midas_jobs", "Jobs of loading documents, as far as the server remembers.", labels=["state"])
        for state, count in Tally(view.state for view in self._house.jobs.all()).items():
            jobs.add_metric([state], count)
        writing = GaugeMetricFamily("midas_answers_in_writing", "Answers of conversations that are being written.")
        writing.add_metric([], len(self._house.writings))
        yield from (queues, jobs, writing)
