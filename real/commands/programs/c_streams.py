"""Streams, files and directories, in C."""

from real.commands.command import Command, Run, compiled

COMMAND = Command(
    module=compiled("streams.c", "-O2", "-s"),
    source="streams.c",
    language="C",
    runs={
        "all": Run(
            ["one", "two words", "", "ünï"],
            "streams, files, directories, links, what fails",
            stdin=b"several words and\nanother line",
            environment={"NAME": "value", "EMPTY": "", "SIGN": "a=b"},
            files={"given/data": bytes(range(256)) * 50, "given/empty": b""},
        ),
        "nothing": Run(does="the same with nothing given", stdin=b""),
    },
)
