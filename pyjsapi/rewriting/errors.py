"""What transformations raise."""

from __future__ import annotations

from pyjsapi.syntax.errors import WasmError


class RewritingError(WasmError):
    """A valid module that cannot be transformed: the reason, and where in the module it lies.

    ``funcidx`` is the index of the function and ``offset`` the byte offset in the module, where they are known.
    """

    def __init__(
        self, message: str, *, funcidx: int | None = None, offset: int | None = None
    ) -> None:
        super().__init__(message)
        self.funcidx = funcidx
        self.offset = offset

    def __str__(self) -> str:
        where = [] if self.funcidx is None else [f"in function #{self.funcidx}"]
        if self.offset is not None:
            where.append(f"at offset {self.offset:#x}")
        return f"{self.message} ({', '.join(where)})" if where else self.message
