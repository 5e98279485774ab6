"""svg-flatten-wasi: SVG as Gerber, in C++, as a command of click's."""

from pathlib import Path

import click
import svg_flatten_wasi
import wasmtime

Path("in.svg").write_text(
    """<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="30mm" viewBox="0 0 40 30">
<g id="g-top-copper"><path d="M 2 2 L 30 4 L 20 25 z" fill="black"/></g></svg>"""
)
for arguments in (["in.svg", "out.gbr"], ["nothing.svg", "none.gbr"]):
    try:
        svg_flatten_wasi.run_svg_flatten(["--no-usvg", *arguments], standalone_mode=False)
        print("done", flush=True)
    except click.ClickException as error:
        print(error, flush=True)
    except wasmtime.Trap as trap:
        frames = [(each.func_index, each.func_name, each.func_offset) for each in trap.frames]
        print(trap.trap_code.name, frames, flush=True)
