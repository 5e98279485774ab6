"""The standard library of C++."""

from real.commands.command import Command, Run, compiled

COMMAND = Command(
    module=compiled("containers.cpp", "-Os", "-s", "-fno-exceptions"),
    source="containers.cpp",
    language="C++",
    runs={
        "all": Run(
            ["the last argument"],
            "containers, streams, algorithms, random numbers",
            stdin=b"the cat and the dog and the bird",
        )
    },
)
