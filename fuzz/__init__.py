"""Generated modules, run by pyjsapi in every way it can translate them and by other engines (docs/testing.md)."""
