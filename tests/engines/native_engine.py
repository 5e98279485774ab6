"""An engine beside the Python engine that stands for one of machine code, where there may be none.

It validates bodies by itself, knows an instruction more than this package, allows more, and lacks what it is told to
lack: what programs see of a module must not depend on that.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pyjsapi.embedding.settings import Settings
from pyjsapi.embedding.valid_module import ValidModule, valid_module
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.native import compile_natively, refuse_limits
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits
from tests.engines.second_engine import SecondEngine, SecondModule

NEW: Final = b"\xf7\x2a"
"""An instruction of its own, which takes and leaves nothing."""
_LAX: Final = Settings(
    Features(memory_control=True),
    Limits(
        body_size=1 << 30,
        locals=1 << 30,
        array_new_fixed_operands=1 << 30,
        operands=1 << 30,
        params=1 << 30,
        results=1 << 30,
        struct_fields=1 << 30,
    ),
)


class NativeEngine(SecondEngine):
    """See above; ``lacks`` are bytes that it refuses modules for."""

    name = "native-one"

    def __init__(self, lacks: bytes | None = None) -> None:
        super().__init__()
        self.seen: Counter[bool] = Counter()
        """How many modules it was given, by whether their bodies were left to it."""
        self._lacks = lacks

    def compile(self, data: bytes, settings: Settings, /) -> SecondModule:
        self.asked["compile"] += 1
        return compile_natively(data, settings, self._made)

    def prepare(self, module: ValidModule, /) -> SecondModule:
        self.asked["prepare"] += 1
        return self._made(module)

    def _made(self, module: ValidModule) -> SecondModule:
        refuse_limits(self.name, module.settings.limits)
        try:
            valid_module(module.data.replace(NEW, b"\x01\x01"), _LAX)
        except WasmError as error:
            raise Refusal(f"the machine says no: {error}") from error
        if self._lacks is not None and self._lacks in module.data:
            raise Refusal("the machine has no floats")
        return SecondModule(module)
