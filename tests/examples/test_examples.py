"""The worked examples, run as their first lines say; what they print is computed here in another way."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import runpy
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHORE = "She sells sea shells by the sea shore. " * 50


def said(name: str, *arguments: str | Path) -> str:
    """What an example prints, run in the folder that has `node_modules`."""
    return output([sys.executable, str(EXAMPLES / name), *map(str, arguments)])


def node(script: str) -> str:
    """What a script prints in Node, where it finds the same packages."""
    return output(["node", "--input-type=commonjs", "-e", script])


def output(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_zstd_packs_as_it_does_in_node() -> None:
    script = """
      const zstd = require("@bokuweb/zstd-wasm");
      zstd.init().then(() => {
        const text = zstd.compress(Buffer.from(TEXT), 10);
        const zeros = zstd.compress(new Uint8Array(9_000_000), 1);
        console.log(JSON.stringify([Buffer.from(text).toString("hex"), zeros.length]));
      });
    """
    text, zeros = json.loads(node(script.replace("TEXT", json.dumps(SHORE))))
    lines = said("emscripten_zstd.py").splitlines()
    assert lines[:3] == [
        f"1950 bytes packed: {text}",
        "unpacked the same: True",
        f"9000000 zeros packed: {zeros} bytes; unpacked the same: True",
    ]
    sizes = re.fullmatch(r"a view from .* has 0 bytes, a new one (\d+)", lines[3])
    assert sizes is not None and int(sizes[1]) > 258 * 65536
    assert lines[4] == "cut short: Zstandard's error 72"


def test_brotli_unpacks_its_own_text() -> None:
    assert said("wasm_bindgen_brotli.py").splitlines() == [
        "WebAssembly is a binary instruction format for a stack-based virtual machine. "
        "Brotli knows such words by heart.",
        "refused: Brotli decompress failed",
    ]


def test_brotli_unpacks_what_node_has_packed(tmp_path: Path) -> None:
    guide = ROOT / "docs" / "guide.md"
    packed = tmp_path / "guide.br"
    script = """
      const { readFileSync, writeFileSync } = require("fs");
      writeFileSync(PACKED, require("zlib").brotliCompressSync(readFileSync(GUIDE)));
    """
    paths = {"PACKED": packed, "GUIDE": guide}
    node(re.sub("PACKED|GUIDE", lambda found: json.dumps(str(paths[found[0]])), script))
    wasm = ROOT / "node_modules/brotli-dec-wasm/pkg/brotli_dec_wasm_bg.wasm"
    text, _, last = said("wasm_bindgen_brotli.py", wasm, packed).rpartition("refused: ")
    assert (text, last) == (guide.read_text(encoding="utf-8"), "Brotli decompress failed\n")


def test_i15_7_sqlite_answers_as_python_s_own_and_writes_the_same_tables(tmp_path: Path) -> None:
    path = tmp_path / "rivers.db"
    rows = [
        ("Donau", 2857.0, "Schwarzes Meer", b"\x00\xff"),
        ("Rhein", 1232.5, "Nordsee", None),
        ("Weser", 751.0, "Nordsee", b""),
        ("Łyna", 263.7, None, bytes(range(5))),
    ]
    with contextlib.closing(sqlite3.connect(":memory:")) as own:
        own.execute("CREATE TABLE river (name TEXT PRIMARY KEY, km REAL, mouth TEXT, map BLOB)")
        own.executemany("INSERT INTO river VALUES (?, ?, ?, ?)", rows)
        expected = [str(row) for row in own.execute("SELECT * FROM river ORDER BY km")]
        mouths = "SELECT mouth, count(*), sum(km), group_concat(name, '+') FROM river GROUP BY mouth ORDER BY 1"
        expected.append(str(own.execute(mouths).fetchall()))
        values = own.execute("SELECT ?, ?, typeof(?), upper('ß')", (2**62, -0.5, b"x"))
        expected.append(str(values.fetchall()))
        with pytest.raises(sqlite3.IntegrityError) as refused:
            own.execute("INSERT INTO river (name) VALUES ('Rhein')")
        expected.append(f"refused: {refused.value}")
    assert said("emscripten_sqlite.py", path).splitlines() == expected
    with contextlib.closing(sqlite3.connect(path)) as written:
        assert written.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert written.execute("SELECT * FROM river ORDER BY name").fetchall() == rows
    assert [each.name for each in tmp_path.iterdir()] == ["rivers.db"]


@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 9])
def test_sha256_is_what_hashlib_says(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(data)
    wasm = ROOT / "node_modules/@chainsafe/as-sha256/build/optimized.wasm"
    expected = f"{hashlib.sha256(data).hexdigest()} {path}\n"
    assert said("assemblyscript_sha256.py", wasm, path) == expected


def test_sha256_of_its_own_texts() -> None:
    short, long = (hashlib.sha256(text.encode()).hexdigest() for text in ("abc", SHORE))
    assert said("assemblyscript_sha256.py") == f"{short} 3 bytes\n{long} 1950 bytes\n"


def test_strings_of_assemblyscript_are_read() -> None:
    """The library fails nowhere where it is used rightly, so its assertion is called from here."""
    library = runpy.run_path(str(EXAMPLES / "assemblyscript_sha256.py"))
    sha256 = library["Sha256"]((ROOT / library["PUBLISHED"]).read_bytes())
    message, file = (
        re.search(re.escape(text.encode("utf-16-le")), sha256.assembly.memory.buffer.mv)
        for text in ("Invalid length", "~lib/arraybuffer.ts")
    )
    assert message is not None and file is not None
    with pytest.raises(RuntimeError, match=r"^~lib/arraybuffer\.ts:52:43: Invalid length$"):
        sha256.abort(message.start(), file.start(), 52, 43)


def test_gofmt_formats_as_it_does_in_node() -> None:
    example = runpy.run_path(str(EXAMPLES / "tinygo_gofmt.py"))
    script = """
      import("@wasm-fmt/gofmt").then(({ format }) => {
        process.stdout.write(format(TEXT));
        try { format("package main\\nfunc {") } catch (error) { console.log("refused:", error.message) }
      });
    """
    expected = node(script.replace("TEXT", json.dumps(example["UNTIDY"])))
    assert said("tinygo_gofmt.py") == expected
    assert "\tfor i, v := range []int{1, 2, 3} {\n" in expected


def test_gofmt_leaves_a_tidy_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "tidy.go"
    path.write_text("package tidy\n")
    wasm = ROOT / "node_modules/@wasm-fmt/gofmt/gofmt.wasm"
    assert said("tinygo_gofmt.py", wasm, path).startswith("package tidy\nrefused: 2:6: ")


def mandelbrot(
    width: int, height: int, limit: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """How many steps each point takes to leave the circle: all points at once."""
    x, y = np.meshgrid(np.arange(width) / 32 - 2, np.arange(height) / 32 - 1)
    r, i, steps = np.zeros_like(x), np.zeros_like(x), np.zeros(x.shape, np.int64)
    for _ in range(limit):
        inside = r * r + i * i <= 4
        steps += inside
        r, i = np.where(inside, r * r - i * i + x, r), np.where(inside, 2 * r * i + y, i)
    return steps


@pytest.mark.timeout(120)
@pytest.mark.parametrize("processes", [1, 3])
def test_the_pool_makes_the_picture_that_numpy_makes(processes: int) -> None:
    expected = mandelbrot(96, 64, 100)
    rows = [
        "".join(" .:-=+*#%@"[min(int(n).bit_length(), 9)] for n in row)
        for row in expected[::4, ::2]
    ]
    last = f"{processes} processes, 64 rows, sum {expected.sum()}"
    assert said("worker_pool.py", str(processes)).splitlines() == [*rows, last]


def test_mailbox() -> None:
    """The script that the command runs."""
    command = [sys.executable, "-m", "pyjsapi", "examples/mailbox.py"]
    assert output(command).splitlines() == [
        "quick!",
        "['mailbox', 'post']",
        "private bytes in the mailbox: False",
    ]


def test_pipeline() -> None:
    state, counts = 0, [0] * 256
    for _ in range(60_000):
        state = (state * 1664525 + 1013904223) % 2**32
        counts[state >> 24] += 1
    expected = f"60000 samples, {min(counts)} to {max(counts)} of each value\n"
    assert said("pipeline.py") == expected
    assert output([sys.executable, "-m", "pyjsapi", "examples/pipeline.py"]) == expected


def test_the_index_names_every_example_and_its_packages() -> None:
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    for path in EXAMPLES.glob("*.py"):
        assert f"({path.name})" in index
        for package in re.findall(r"npm install (\S+)", path.read_text(encoding="utf-8")):
            assert package in index and package in pinned


def test_a_cluster_of_dask_maps_a_function_of_a_module(tmp_path: Path) -> None:
    lines = ["hello", "", "wörld", SHORE, *(f"line {i}" for i in range(20))]
    file = tmp_path / "lines"
    file.write_text("\n".join(lines), encoding="utf-8")
    checksums = [f"{zlib.crc32(line.encode()):08x} {line}" for line in lines]
    assert said("dask_bag.py", file).splitlines() == checksums
