"""Builtin sets of memory sharing: what a guest sees of it. Each module has ``BUILTINS``, a set's functions by name."""
