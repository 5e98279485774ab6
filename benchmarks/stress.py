"""`python -m benchmarks.stress`: workers that do everything atomic to one memory at random, while it grows.

Each worker keeps account of what it did; at the end the accounts must explain the memory, exactly. On the way nothing
may be seen that cannot be: another worker's counter that falls, own bits that others changed, bytes that are not there.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyjsapi import WebAssembly, Worker, wat2wasm
from pyjsapi.agents.kinds import WorkerKind

SIZES: Final = (1, 2, 4, 8)
MOST_WORKERS: Final = 8
PAGES: Final = 400
"""The memory's maximum."""
TOKENS: Final = 4
"""Cells that workers exchange their tokens with, besides the one in each hand."""

# Addresses. Of each kind of cell there is one of each size, 8 bytes apart.
ADDED, XORED, BITS, COUNTED, TOKEN, OWN, INBOX, LANES = range(0, 64 * 8, 64)
STAMP: Final = 0x5AFE0000

_NAMES: Final = {1: "8", 2: "16", 4: "32", 8: ""}


def _access(family: str, size: int) -> str:
    return f"i64.atomic.{family}{_NAMES[size]}" + (
        "_u" if size < 8 and family.partition(".")[0] != "store" else ""
    )


def _text() -> str:
    """A module that exports every atomic access of every size, on 64-bit values, and the rest."""
    functions = []
    for size in SIZES:
        load, store = _access("load", size), _access("store", size)
        functions += [
            f'(func (export "load{size}") (param i32) (result i64) ({load} (local.get 0)))',
            f'(func (export "store{size}") (param i32 i64) ({store} (local.get 0) (local.get 1)))',
        ]
        for operation in ("add", "sub", "and", "or", "xor", "xchg"):
            name = f"i64.atomic.rmw{_NAMES[size]}.{operation}" + ("_u" if size < 8 else "")
            functions.append(
                f'(func (export "{operation}{size}") (param i32 i64) (result i64)'
                f" ({name} (local.get 0) (local.get 1)))"
            )
        name = f"i64.atomic.rmw{_NAMES[size]}.cmpxchg" + ("_u" if size < 8 else "")
        functions.append(
            f'(func (export "cmpxchg{size}") (param i32 i64 i64) (result i64)'
            f" ({name} (local.get 0) (local.get 1) (local.get 2)))"
        )
    return f"""(module
      (memory (import "env" "memory") 1 {PAGES} shared)
      {" ".join(functions)}
      (func (export "wait") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1)))
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "last") (result i64)
        (i64.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8))))
      (func (export "mark") (param i32 i64)
        (i64.store (i32.sub (i32.mul (local.get 0) (i32.const 65536)) (i32.const 8)) (local.get 1))
        atomic.fence))"""


class Broken(Exception):
    """An invariant does not hold."""


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise Broken(what)


@dataclass
class Account:
    """What one worker did."""

    steps: Counter[str] = field(default_factory=Counter)
    added: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    xored: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    bits: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    counted: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    tokens: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    lane: int = 0
    sent: list[int] = field(default_factory=lambda: [0] * MOST_WORKERS)
    taken: int = 0
    grown: list[int] = field(default_factory=list)


class Player:
    """A worker's program."""

    def __init__(self, exports: Any, number: int, workers: int, seed: int) -> None:
        self._exports = exports
        self._number = number
        self._workers = workers
        self._random = random.Random(seed * MOST_WORKERS + number)
        self.account = Account(tokens=[number + 1] * len(SIZES))
        self._seen: dict[tuple[int, int], int] = {}
        self._moves = [
            self._add, self._xor, self._change_bits, self._count, self._exchange, self._publish,
            self._watch, self._lane, self._send, self._take, self._grow, self._probe,
        ]  # fmt: skip

    def _call(self, name: str, size: int, *arguments: int) -> int:
        """The old value, unsigned."""
        result = self._exports[f"{name}{size}"](*arguments)
        return 0 if result is None else result & 0xFFFF_FFFF_FFFF_FFFF

    def step(self) -> None:
        """Do something."""
        move = self._random.choice(self._moves)
        self.account.steps[move.__name__.strip("_")] += 1
        move()

    def _size(self) -> tuple[int, int]:
        k = self._random.randrange(len(SIZES))
        return k, SIZES[k]

    def _add(self) -> None:
        k, size = self._size()
        operand = self._random.getrandbits(8 * size)
        subtract = self._random.random() < 0.5
        self._call("sub" if subtract else "add", size, ADDED + 8 * k, operand)
        self.account.added[k] += -operand if subtract else operand

    def _xor(self) -> None:
        k, size = self._size()
        operand = self._random.getrandbits(8 * size)
        self._call("xor", size, XORED + 8 * k, operand)
        self.account.xored[k] ^= operand

    def _own_bits(self, size: int) -> int:
        """Every so-many-th bit."""
        return sum(1 << bit for bit in range(self._number, 8 * size, self._workers))

    def _change_bits(self) -> None:
        k, size = self._size()
        own = self._own_bits(size)
        operand = self._random.getrandbits(8 * size) & own
        if self._random.random() < 0.5:
            old, new = self._call("or", size, BITS + 8 * k, operand), operand
            new = self.account.bits[k] | operand
        else:
            keep = ((1 << 8 * size) - 1) & ~operand
            old, new = self._call("and", size, BITS + 8 * k, keep), self.account.bits[k] & keep
        _demand(old & own == self.account.bits[k], f"bits of size {size} were changed by others")
        self.account.bits[k] = new

    def _count(self) -> None:
        k, size = self._size()
        found = self._call("load", size, COUNTED + 8 * k)
        while True:
            new = (found + 1) & ((1 << 8 * size) - 1)
            old = self._call("cmpxchg", size, COUNTED + 8 * k, found, new)
            if old == found:
                break
            found = old
        self.account.counted[k] += 1

    def _exchange(self) -> None:
        k, size = self._size()
        cell = TOKEN + 8 * k
        self.account.tokens[k] = self._call("xchg", size, cell, self.account.tokens[k])

    def _publish(self) -> None:
        """A counter that only this worker stores to."""
        k, size = self._size()
        if self.account.own[k] < (1 << 8 * size) - 1:
            self.account.own[k] += 1
            self._call("store", size, self._own_cell(self._number, k), self.account.own[k])

    def _own_cell(self, number: int, k: int) -> int:
        return 4096 + 64 * number + 8 * k

    def _watch(self) -> None:
        k, size = self._size()
        other = self._random.randrange(self._workers)
        value = self._call("load", size, self._own_cell(other, k))
        if other == self._number:
            _demand(value == self.account.own[k], f"a store of size {size} was lost")
        _demand(value >= self._seen.get((other, k), 0), f"a counter of size {size} fell")
        self._seen[other, k] = value

    def _lane(self) -> None:
        """One byte of a word of 8, which others change the other bytes of."""
        self._call("add", 1, LANES + self._number, 1)
        self.account.lane += 1
        value = self._call("load", 8, LANES) >> 8 * self._number & 0xFF
        _demand(value == self.account.lane & 0xFF, "a byte of a word was changed by others")

    def _send(self) -> None:
        other = self._random.randrange(self._workers)
        self._call("add", 4, INBOX + 4 * other, 1)
        self.account.sent[other] += 1
        woken = self._exports.notify(INBOX + 4 * other, 1)
        _demand(woken in (0, 1), f"notify(1) woke {woken}")

    def _take(self) -> None:
        cell = INBOX + 4 * self._number
        count = self._call("load", 4, cell)
        if count == 0:
            result = self._exports.wait(cell, 0, self._random.randrange(200_000))
            _demand(result in (0, 1, 2), f"wait gave {result}")
            count = self._call("load", 4, cell)
            _demand(
                count > 0 or result != 1, "an inbox was filled and is empty: nobody took from it"
            )
            if count == 0:  # time is over; or the notification was that of what has been taken
                return
        self._call("sub", 4, cell, 1)
        self.account.taken += 1

    def _grow(self) -> None:
        before = self._exports.grow()
        if before >= 0:
            self.account.grown.append(before)
            self._exports.mark(before + 1, STAMP + before)

    def _probe(self) -> None:
        last = self._exports.last()
        _demand(last == 0 or last >> 16 == STAMP >> 16, f"new bytes hold {last:#x}")


def work(scope: Any) -> None:
    """A worker: play for so many steps or seconds, and send the account."""
    job = scope.receive()
    exports = WebAssembly.Instance(job["module"], {"env": {"memory": job["memory"]}}).exports
    player = Player(exports, job["number"], job["workers"], job["seed"])
    end = time.monotonic() + job["seconds"]
    done = 0
    while done < job["steps"] or time.monotonic() < end:
        player.step()
        done += 1
    account = dict(vars(player.account))
    account["steps"] = dict(player.account.steps)
    scope.postMessage(account)


def run(
    kind: WorkerKind, *, workers: int, seed: int, steps: int = 0, seconds: float = 0
) -> Counter[str]:
    """Let workers of a kind play, for at least so many steps each and so long; how often each move was made.

    Raises `Broken` where the accounts do not explain the memory, and what the workers raised.
    """
    memory = WebAssembly.Memory(initial=1, maximum=PAGES, shared=True)
    module = WebAssembly.Module(wat2wasm(_text()))
    job = {
        "module": module,
        "memory": memory,
        "workers": workers,
        "seed": seed,
        "steps": steps,
        "seconds": seconds,
    }
    players = [
        Worker("benchmarks.stress:work", kind=kind, name=f"player {n}") for n in range(workers)
    ]
    try:
        for number, player in enumerate(players):
            player.postMessage({**job, "number": number})
        received = [player.receive() for player in players]
        for player in players:
            player.join()
    finally:
        for player in players:
            player.terminate()
    accounts = [Account(**{**one, "steps": Counter(one["steps"])}) for one in received]
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    _check(accounts, exports, memory.type()["minimum"])
    return sum((account.steps for account in accounts), Counter())


def _check(accounts: Sequence[Account], exports: Any, pages: int) -> None:
    for k, size in enumerate(SIZES):
        mask = (1 << 8 * size) - 1

        def cell(start: int, k: int = k, size: int = size, mask: int = mask) -> int:
            return int(exports[f"load{size}"](start + 8 * k)) & mask

        xored = bits = 0
        for account in accounts:
            xored ^= account.xored[k]
            bits |= account.bits[k]
        what = f"of size {size}"
        _demand(cell(ADDED) == sum(a.added[k] for a in accounts) & mask, f"additions {what}")
        _demand(cell(XORED) == xored, f"exclusive ors {what}")
        _demand(cell(BITS) == bits, f"ands and ors {what}")
        _demand(cell(COUNTED) == sum(a.counted[k] for a in accounts) & mask, f"cmpxchg {what}")
        tokens = sorted([cell(TOKEN), *(account.tokens[k] for account in accounts)])
        _demand(tokens == list(range(len(accounts) + 1)), f"tokens {what} were lost: {tokens}")
    taken = [account.taken for account in accounts]
    for number, account in enumerate(accounts):
        sent = sum(other.sent[number] for other in accounts)
        left = exports.load4(INBOX + 4 * number)
        _demand(sent == taken[number] + left, f"{sent} sent, {taken[number]} taken, {left} left")
        lane = exports.load1(LANES + number)
        _demand(lane == account.lane & 0xFF, f"lane {number}")
    grown = sorted(size for account in accounts for size in account.grown)
    _demand(grown == list(range(1, pages)), "sizes before growth are not unique")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress", description=__doc__)
    parser.add_argument("--kind", choices=("thread", "process"), default="process")
    parser.add_argument("--workers", type=int, default=4, metavar="N")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args(arguments)
    if not 1 <= options.workers <= MOST_WORKERS:
        parser.error(f"there can be 1 to {MOST_WORKERS} workers")
    if options.kind == "thread":
        sys.setswitchinterval(1e-5)
    moves = run(options.kind, workers=options.workers, seed=options.seed, seconds=options.seconds)
    print(f"{sum(moves.values())} moves, every account explains the memory: {dict(moves)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
