"""Why a snapshot cannot be taken, read or used."""

from __future__ import annotations


class SnapshotError(ValueError):
    """An instance has something that no snapshot can hold, a file is none or is damaged, or it does not fit."""
