"""Scripts in the specification's test format (``.wast``), run on the core engine."""

from __future__ import annotations

from pyjsapi.wast.runner import Failure, ScriptResult, run_script, run_text

__all__ = ["Failure", "ScriptResult", "run_script", "run_text"]
