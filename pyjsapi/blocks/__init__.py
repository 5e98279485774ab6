"""Shared data blocks and the agents that wait on them (ECMA-262 §6.2.9, §9.7, §25.4.1; threads proposal).

What shared memories of the `runtime` and `SharedArrayBuffer`s of `ecmascript` have in common, below both of them:

- `block`: `SharedBlock`, bytes that never move, their length, their lock and the queues of those who wait.
- `waiters`: the queues, first in, first out, for blocking and for asynchronous waiters alike.
- `waiting`: how the agent of the current thread waits, or that it must not.
- `owners`: to which thread and event loop those belong who wait without blocking.
- `undivided`: several things in one step of Python.
- `timers`: one thread for all timeouts that need no event loop.
"""
