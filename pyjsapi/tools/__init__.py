"""Transformations that make ordinary modules, for any engine: bytes in, bytes out.

See "Transforming modules" in the guide.
"""

from pyjsapi.tools.adapter import make_adapter
from pyjsapi.tools.errors import ToolError
from pyjsapi.tools.far import far_accessors
from pyjsapi.tools.log_format import Kind
from pyjsapi.tools.owoa import owoa, owoa_memory
from pyjsapi.tools.profile import instrument_profile, profiled
from pyjsapi.tools.store_marks import Record, forget, mark, records, rollback
from pyjsapi.tools.stores import instrument_stores

__all__ = [
    "Kind",
    "Record",
    "ToolError",
    "far_accessors",
    "forget",
    "instrument_profile",
    "instrument_stores",
    "make_adapter",
    "mark",
    "owoa",
    "owoa_memory",
    "profiled",
    "records",
    "rollback",
]
