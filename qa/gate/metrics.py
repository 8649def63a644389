"""What an operator watches, in the text format of Prometheus. All label sets are fixed."""

import os
from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from qa.index import OpenIndex

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """Counts, of this process or, where several share a folder for it, of all of them."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "qa_requests", "requests by route and status", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "qa_request_seconds",
            "time from the head of a request to its response",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.stages = Histogram(
            "qa_stage_seconds",
            "time in each stage of an answer",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.answers = Counter("qa_answers", "answers by status", ["status"], registry=registry)
        self.in_flight = Gauge(
            "qa_questions_in_flight",
            "questions that wait or are computed",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._generation = Gauge(
            "qa_index_generation",
            "number of the open generation",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._built = Gauge(
            "qa_index_built_timestamp_seconds",
            "when the open generation was built",
            registry=registry,
            multiprocess_mode="livemax",
        )

    def answered(self, status: str, timings_ms: Mapping[str, float]) -> None:
        """Count an answer and the time of its stages."""
        self.answers.labels(status).inc()
        for stage, milliseconds in timings_ms.items():
            self.stages.labels(stage).observe(milliseconds / 1000)

    def opened(self, generation: OpenIndex) -> None:
        """Say which generation is open."""
        self._generation.set(generation.number)
        self._built.set(generation.built_at)

    def text(self) -> bytes:
        """Return everything."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
