"""Numbers as text and back, sorted, and the mathematical functions, in C."""

from real.commands.command import Command, Run, compiled

COMMAND = Command(
    module=compiled("numbers.c", "-O2", "-s"),
    source="numbers.c",
    language="C",
    runs={"all": Run(does="all of `printf`, `strtod`, `qsort`, `math.h`")},
)
