"""The ``pyjsapi`` command."""

from pyjsapi.cli.main import main

__all__ = ["main"]
