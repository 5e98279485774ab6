"""Agents: workers, ports and structured clones (HTML, "Web workers", "Channel messaging", "Safe passing").

- `agent`: the agent of a thread, and whether it may block.
- `clone`: StructuredSerialize and StructuredDeserialize, through records that can travel.
- `ports`: `MessageChannel` and `MessagePort`.
- `worker`: `Worker`, the side of whoever starts one; `scope`: the side of the worker.
- `interruption`: where an exception may be raised in another thread.
- `backend`: what a kind of worker must do; `thread`, `process`, `web`: the kinds.
"""
