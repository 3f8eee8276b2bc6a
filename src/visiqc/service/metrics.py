"""What Prometheus may know: one registry an app, so that many apps can live in one process."""

from __future__ import annotations

import platform
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from visiqc import __version__
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60)


class Metrics:
    """Counters of one running service.

    Labels hold route templates, never paths, and never a SKU: a label's values must stay few.
    """

    def __init__(self) -> None:
        """A fresh registry with everything at zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "visiqc_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self.latency = Histogram(
            "visiqc_http_request_seconds",
            "Time from the request's first byte to the answer's last.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.refused = Counter(
            "visiqc_rejected_requests", "Requests refused, by the error's code.", ["code"], registry=self._registry
        )
        self.verdicts = Counter("visiqc_verdicts", "Verdicts given, by outcome.", ["outcome"], registry=self._registry)
        for outcome in Outcome:
            self.verdicts.labels(outcome=outcome.value)
        self.failures = Counter(
            "visiqc_scoring_failures", "Accepted photos that could not be scored.", registry=self._registry
        )
        self.stages = Histogram(
            "visiqc_scoring_stage_seconds",
            "Time of each stage of scoring one photo.",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.waiting = Gauge("visiqc_queue_photos", "Photos waiting to be scored.", registry=self._registry)
        self.scoring = Gauge("visiqc_scoring_photos", "Photos being scored now.", registry=self._registry)
        self.capacity = Gauge("visiqc_queue_capacity_photos", "Photos that may wait.", registry=self._registry)
        self.model_swaps = Counter(
            "visiqc_model_swaps",
            "Promoted sets of models that took over while the service ran.",
            registry=self._registry,
        )
        self.model_failures = Counter(
            "visiqc_model_load_failures",
            "Attempts to load a promoted set of models that failed.",
            registry=self._registry,
        )
        self.models_behind = Gauge(
            "visiqc_models_behind",
            "1 while a promoted set of models cannot be loaded and the one before goes on.",
            registry=self._registry,
        )
        self._build = Gauge(
            "visiqc_build_info",
            "1, labelled with what is running.",
            ["version", "python", "models"],
            registry=self._registry,
        )

    def describe_build(self, model_digests: tuple[str, ...]) -> None:
        """Say which code and models run; digests are shortened to 12 characters."""
        models = ",".join(digest[:12] for digest in model_digests)
        self._build.clear()
        self._build.labels(version=__version__, python=platform.python_version(), models=models).set(1)

    def describe_queue(self, waiting: Callable[[], int], scoring: Callable[[], int], capacity: int) -> None:
        """Have the queue asked for its state whenever somebody looks."""
        self.waiting.set_function(waiting)
        self.scoring.set_function(scoring)
        self.capacity.set(capacity)

    def record_failure(self) -> None:
        """Count one photo that could not be scored."""
        self.failures.inc()

    def record_verdict(self, verdict: Verdict) -> None:
        """Count one verdict and the time its stages took."""
        self.verdicts.labels(outcome=verdict.outcome.value).inc()
        for stage, milliseconds in verdict.timings_ms.items():
            self.stages.labels(stage=stage).observe(milliseconds / 1000)

    def exposition(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)
