"""Errors of evaluations that callers tell apart."""

from __future__ import annotations

from ingest.errors import MidasError


class EvaluationNotFound(MidasError):
    """No run, question set, load test or question of this name; or none that whoever asks may see."""
