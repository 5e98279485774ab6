"""Modules compared on engines: the Python engine, the same with modules lowered, Wasmtime, Node, and browsers.

`folder.read` makes cases of a folder of modules, scripts and steps, `engines.run` runs them, `verdicts` says what
differs. The drivers are those of the project's own comparison page: one in Python, one in JavaScript (``static/``).
"""
