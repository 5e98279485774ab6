"""What the tools raise."""

from __future__ import annotations

from pyjsapi.rewriting.errors import RewritingError


class ToolError(RewritingError):
    """A module, or a description of one, that a tool cannot work with: the reason, and where it lies."""
