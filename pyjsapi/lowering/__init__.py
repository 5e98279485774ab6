"""Lowering: modules with several memories as modules with one each, for engines that lack multi-memory.

>>> from pyjsapi.lowering import lower
>>> lowered = lower(module_bytes)  # doctest: +SKIP

The form of the result is described in docs/lowering.md.
"""

from pyjsapi.lowering.errors import LoweringError
from pyjsapi.lowering.lower import lower, needs_lowering
from pyjsapi.lowering.options import Options
from pyjsapi.lowering.plan import SECTION
from pyjsapi.lowering.storages import Target

__all__ = ["LoweringError", "Options", "SECTION", "Target", "lower", "needs_lowering"]
