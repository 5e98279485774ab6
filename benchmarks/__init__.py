"""Benchmarks of pyjsapi against other engines: `python -m benchmarks`."""
