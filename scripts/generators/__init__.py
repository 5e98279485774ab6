"""What makes the generated files: one module for each kind, listed in scripts/generate.py."""
