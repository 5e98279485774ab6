"""A heap under stress, in C."""

from real.commands.command import Command, Run, compiled

COMMAND = Command(
    module=compiled("heap.c", "-O2", "-s"),
    source="heap.c",
    language="C",
    runs={"all": Run(does="6,000 allocations of all sizes, 9 MiB at once")},
)
