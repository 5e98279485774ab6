"""vt100wasm: the state of a terminal, in Rust."""

from vt100wasm import Screen

with Screen(4, 20, 10) as screen:
    screen.process(b"\x1b[31mhello\x1b[0m\r\nworld\r\n" + b"more\r\n" * 6 + "ünïcode".encode())
    print(screen.contents(), screen.contents_formatted(), len(screen.cells()))
    screen.resize(2, 10)
    print(screen.scrollback(), screen.contents().splitlines())
    copy = Screen.restore(screen.snapshot())
    copy.process(b"\x1b[2Jagain")
    print(copy.contents().split(), screen.cells_diff()[:20])
