"""Wasmtime as an engine behind the JS API, through the C API of the library that PyPI's ``wasmtime`` brings.

`engine.WasmtimeEngine` is the engine. Nothing of the package's own Python code is used: `library` loads what it needs,
`self_test` sees that the structures are laid out as this room believes. Handles of the C API are arrays of 64-bit
words, pointers are integers.
"""
