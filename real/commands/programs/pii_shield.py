"""A scanner for personal data, in Go."""

from real.commands.command import Command, Distribution, Guest, Run, pinned

VERSION = pinned("pii-shield-wasi")
LINES = [
    "nothing of interest here",
    "mail jane.doe@example.org, card 4111 1111 1111 1111, phone +49 30 123456",
    '{"password": "hunter2", "token": "ghp_a8Zk29QmXv71LpTn40RsUwYb63CdEfGh5678", "n": 3}',
    "key=AKIAIOSFODNN7EXAMPLE at 192.168.0.1",
]


def redact(guest: Guest) -> bytes:
    """Each line as it is shown afterwards."""
    found = []
    settings = b'{"salt": "fixed"}'
    for name, text in [("init_config", settings), *(("redact", line.encode()) for line in LINES)]:
        address = guest.call("allocate", len(text))
        guest.write(address, text)
        packed = guest.call(name, address, len(text))
        if name == "redact":
            start, size = packed >> 32 & 0xFFFFFFFF, packed & 0xFFFFFFFF
            found.append(guest.read(start, size) if size else text)
        guest.call("free", address, len(text))
    return b"\n".join(found)


COMMAND = Command(
    module=Distribution("pii-shield-wasi", "pii_shield/pii-shield-wasi.wasm", VERSION),
    source=f"pii-shield-wasi {VERSION}",
    language="Go",
    drive=redact,
    runs={"lines": Run(does="four lines searched for personal data")},
)
