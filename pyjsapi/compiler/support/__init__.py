"""What generated code calls when it runs: numerics, vectors, aggregates, exceptions, traps, assertions."""
