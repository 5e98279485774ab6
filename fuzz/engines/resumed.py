"""Runs programs in two parts: the second on an instance that goes on from a snapshot of the first's.

``python -m fuzz.engines.resumed SNAPSHOT < JSON`` does a second part in this process; needs pyjsapi only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from fuzz.engines.harness import Json, Run
from pyjsapi.snapshots import Snapshot, snapshot


class FirstPart(Run):
    """The first ``count`` calls of a program."""

    def __init__(self, program: Json, module_of: Callable[[bytes], Any], count: int) -> None:
        super().__init__({**program, "calls": program["calls"][:count]}, module_of)
        self._rest = {**program, "calls": program["calls"][count:]}

    def take(self) -> tuple[Snapshot, Json]:
        """A snapshot of all that the instance is and imports, and what a second part needs beside. Raises
        `SnapshotError`."""
        rest = {"program": self._rest, "host_calls": self.host_calls, "log": self._log}
        return snapshot(self.instance, imported=True), rest


class SecondPart(Run):
    """The other calls, with imports that are made anew."""

    def __init__(
        self, taken: Snapshot, rest: Json, module_of: Callable[[bytes], Any] | None = None
    ) -> None:
        super().__init__(rest["program"], module_of or (lambda _: taken.module()))
        self._snapshot = taken
        self.host_calls = dict(rest["host_calls"])
        self._log += rest["log"]

    def _instantiate(self, module: Any, imports: Json) -> Any:
        return self._snapshot.instantiate(module, imports)


def joined(first: Json, second: Json) -> Json:
    """What was seen of both parts, as if there were no parts."""
    # The first outcome is that of the instantiation.
    return {**second, "calls": first["calls"] + second["calls"][1:]}


def main() -> None:
    seen = SecondPart(Snapshot.load(sys.argv[1]), json.load(sys.stdin)).observe()
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
