"""Snapshots: the state of a whole instance, kept in memory or in a file, and instances that go on from it.

from pyjsapi.snapshots import Snapshot, snapshot

snapshot(instance).save("warm.snap")
...
warm = Snapshot.load("warm.snap")
instance = warm.instantiate(warm.module(), imports)
"""

from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.snapshots.instances import Snapshot, restore, snapshot

__all__ = ["Snapshot", "SnapshotError", "restore", "snapshot"]
