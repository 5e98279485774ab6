"""Whole programs of WASI beside Wasmtime; ``python -m real.commands`` runs them."""
