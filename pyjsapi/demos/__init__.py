"""Demonstrations of memories that are shared: one module each, short programs that check themselves.

``pyjsapi demo --list`` names them, ``pyjsapi demo NAME`` or ``python -m pyjsapi.demos.NAME`` runs one. A demonstration
prints what it does, its figures, and whether what came out is right; the exit status depends on the latter alone.

Every module here but those of the frame (`report`, `catalogue`, `needs`) is one, and has a function ``main`` that
`catalogue.demo` made a `catalogue.Demo`.
"""
