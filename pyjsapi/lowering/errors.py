"""What lowering raises."""

from __future__ import annotations

from pyjsapi.rewriting.errors import RewritingError


class LoweringError(RewritingError):
    """A valid module that cannot be lowered exactly: the reason, and where in the module it lies.

    ``funcidx`` is the index of the function and ``offset`` the byte offset in the module, where they are known.
    """
