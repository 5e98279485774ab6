"""The calendar, clocks and the times of files, in C."""

from real.commands.command import Command, Run, compiled

COMMAND = Command(
    module=compiled("times.c", "-O2", "-s"),
    source="times.c",
    language="C",
    runs={"all": Run(does="the calendar, clocks, sleeping, the times of files")},
)
