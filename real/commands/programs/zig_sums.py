"""Zig's own library."""

from real.commands.command import Command, Run, compiled

COMMAND = Command(
    module=compiled("sums.zig", "-O", "ReleaseSmall"),
    source="sums.zig",
    language="Zig",
    runs={"all": Run(does="hashes, a hash map, sorting, integers of 128 bits")},
)
