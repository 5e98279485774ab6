"""Validation (core specification, "Validation"): types, contexts, instruction sequences, modules."""
