"""What the workbench computes without its page, in Node: each file of tests beside this one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NAMES = sorted(path.name.removesuffix(".test.mjs") for path in HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("name", NAMES)
def test_in_node(tmp_path: Path, name: str) -> None:
    for link, target in (("static", "web/static"), ("polyfill", "polyfill")):
        (tmp_path / link).symlink_to(ROOT / target)
    command = ["node", "--test", "--test-reporter=tap", str(HERE / f"{name}.test.mjs")]
    static = str(tmp_path / "static")
    environment = {**os.environ, "STATIC": static, "NODE_OPTIONS": "--preserve-symlinks"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout
    assert "# fail 0" in done.stdout
