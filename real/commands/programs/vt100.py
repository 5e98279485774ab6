"""A terminal's screen, in Rust."""

from real.commands.command import Command, Distribution, Guest, Run, pinned

VERSION = pinned("vt100wasm")
TYPED = [
    b"\x1b[2J\x1b[Hplain \x1b[1;31mbold red\x1b[0m and \x1b[4munderlined\x1b[0m\r\n",
    "wide \u4f60\u597d, \u00fcml\u00e4uts\r\n".encode() + b"\x1b[5;10Hplaced\x1b[2D##",
    b"".join(b"line %d\r\n" % i for i in range(40)) + b"\x1b[38;2;1;2;3mrgb\x1b[48;5;99m\x1b[7m",
    b"\x1b[?1049hthe other screen\x1b[?25l\x1b[3;3r\x1bM\x1b[?1049l\x1b]0;title\x07 back",
]


def _result(guest: Guest, packed: int) -> bytes:
    address, size = packed >> 32 & 0xFFFFFFFF, packed & 0xFFFFFFFF
    data = guest.read(address, size)
    guest.call("wasm_dealloc", address, size)
    return data


def show(guest: Guest) -> bytes:
    """What is on the screen after each text."""
    screen = guest.call("create", 10, 40, 100)
    seen = []
    for text in TYPED:
        address = guest.call("wasm_alloc", len(text))
        guest.write(address, text)
        guest.call("process", screen, address, len(text))
        guest.call("wasm_dealloc", address, len(text))
        seen.append(_result(guest, guest.call("screen_contents", screen)))
        seen.append(_result(guest, guest.call("screen_contents_formatted", screen)))
        seen.append(_result(guest, guest.call("screen_cells", screen)).hex().encode())
    guest.call("set_scrollback", screen, 15)
    guest.call("resize", screen, 6, 20)
    seen.append(_result(guest, guest.call("screen_contents", screen)))
    guest.call("destroy", screen)
    return b"\n".join(seen)


COMMAND = Command(
    module=Distribution("vt100wasm", "vt100wasm/_vt100.wasm", VERSION),
    source=f"vt100wasm {VERSION}",
    language="Rust",
    drive=show,
    runs={"screen": Run(does="a terminal's screen after each of four texts")},
)
