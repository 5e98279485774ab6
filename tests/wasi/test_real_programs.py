"""Programs in C, compiled here by Zig, on pyjsapi and on Wasmtime: the same output and the same exit code."""

from __future__ import annotations

import importlib.util
import inspect
import io
import os
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi import WebAssembly
from pyjsapi.wasi import WASI
from pyjsapi.wasi.paths.beneath import has_openat2

pytestmark = [
    pytest.mark.long,  # Zig compiles its C library first
    pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is missing"),
]
wasmtime = pytest.importorskip("wasmtime")

FILES = r"""
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, int result) {
  printf("%s: %d %s\n", what, result, result < 0 ? strerror(errno) : "");
}

int main(int argc, char **argv) {
  char line[100], text[200];
  for (int i = 1; i < argc; i++) printf("argument %s\n", argv[i]);
  printf("A=%s\n", getenv("A"));
  while (fgets(line, sizeof line, stdin)) printf("line %s", line);
  say("mkdir", mkdir("/made", 0777));
  say("mkdir again", mkdir("/made", 0777));
  FILE *file = fopen("/made/file", "w+");
  fprintf(file, "hello %d\n", 42);
  fseek(file, 2, SEEK_SET);
  printf("read %s", fgets(line, sizeof line, file));
  fclose(file);
  struct stat found;
  say("stat", stat("/made/file", &found));
  printf("size %d\n", (int)found.st_size);
  say("symlink", symlink("file", "/made/link"));
  int size = readlink("/made/link", text, sizeof text);
  printf("link %.*s\n", size, text);
  say("rename", rename("/made/file", "/made/other"));
  say("open dangling", open("/made/link", O_RDONLY));
  say("truncate", truncate("/made/other", 3));
  DIR *directory = opendir("/made");
  struct dirent *entry;
  int count = 0;
  while ((entry = readdir(directory))) count++;
  closedir(directory);
  printf("entries %d\n", count);
  say("rmdir", rmdir("/made"));
  say("outside", open("/../../etc/passwd", O_RDONLY));
  say("unlink", unlink("/made/link"));
  say("unlink", unlink("/made/other"));
  say("rmdir", rmdir("/made"));
  fprintf(stderr, "end\n");
  exit(argc);
}
"""

CRASH = r"""
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int divide(int a, int b) { return a / b; }
__attribute__((noinline)) int average(const int *numbers, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) sum += numbers[i];
  return divide(sum, count) + 1;
}
int main(int argc, char **argv) {
  int numbers[] = {1, 2, 3};
  printf("%d\n", average(numbers, 3));
  fflush(stdout);
  printf("%d\n", average(numbers, argc > 9 ? 3 : 0) + 1);
  return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(FILES, tmp_path_factory.mktemp("program") / "files.c", "-Os")


def compiled(text: str, source: Path, *options: str) -> Path:
    """The module of a program in C."""
    source.write_text(text)
    made = source.with_suffix(".wasm")
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi", *options]
    subprocess.run([*command, source, "-o", made], check=True, timeout=800)
    return made


def on_wasmtime(program: Path, folder: Path) -> tuple[int, bytes, bytes]:
    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    config = wasmtime.WasiConfig()
    config.argv = ["files", "one", "two"]
    config.env = [["A", "b"]]
    root = folder / "root"
    root.mkdir()
    (folder / "in").write_bytes(b"1\n2\n")
    config.stdin_file = folder / "in"
    config.stdout_file = folder / "out"
    config.stderr_file = folder / "err"
    config.preopen_dir(str(root), "/")
    store.set_wasi(config)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(program)))
    code = 0
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        code = end.code
    return code, (folder / "out").read_bytes(), (folder / "err").read_bytes()


@pytest.mark.parametrize("resolution", ["openat2", "walk"])
def test_i15_7_a_program_in_c_as_on_wasmtime(
    program: Path, tmp_path: Path, resolution: str
) -> None:
    if resolution == "openat2" and not has_openat2():
        pytest.skip("the kernel has no openat2")
    (tmp_path / "root").mkdir()
    out, err = io.BytesIO(), io.BytesIO()
    with WASI(
        version="preview1",
        args=["files", "one", "two"],
        env={"A": "b"},
        preopens={"/": tmp_path / "root"},
        stdin=io.BytesIO(b"1\n2\n"),
        stdout=out,
        stderr=err,
        resolution=resolution,
    ) as wasi:
        code = wasi.run(WebAssembly.Module(program.read_bytes()))
    (tmp_path / "theirs").mkdir()
    assert (code, out.getvalue(), err.getvalue()) == on_wasmtime(program, tmp_path / "theirs")
    assert code == 3
    assert b"rmdir: 0" in out.getvalue()
    assert os.listdir(tmp_path / "root") == []


def test_i15_6_a_trap_in_c_shows_functions_by_name_and_where_they_are(tmp_path: Path) -> None:
    program = compiled(CRASH, tmp_path / "crash.c", "-O1", "-g")
    done = subprocess.run(
        [sys.executable, "-m", "pyjsapi", "run", program], capture_output=True, text=True
    )
    first, _, *frames = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "3\n")
    assert first == "pyjsapi: _start: RuntimeError: integer divide by zero"
    found = [re.search(r"at (\S+) \(wasm://wasm/crash\.wasm-.*:0x([0-9a-f]+)\)", f) for f in frames]
    names = [each[1] for each in found if each is not None]
    assert names[:3] == ["divide", "average", "main"]
    assert names == names_on_wasmtime(program)
    # What is at the offsets in the file: a signed division, and calls around it.
    offsets = [int(each[2], 16) for each in found if each is not None]
    assert [program.read_bytes()[offset] for offset in offsets[:3]] == [0x6D, 0x10, 0x10]


def names_on_wasmtime(program: Path) -> list[str]:
    """The functions of a trap, innermost first."""
    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(program)))
    with pytest.raises(wasmtime.Trap) as trap:
        instance.exports(store)["_start"](store)
    return [str(each.func_name) for each in trap.value.frames]


def test_i15_6_help_shows_the_signature_of_an_export_of_a_program(program: Path) -> None:
    with WASI(version="preview1", stdout=io.BytesIO()) as wasi:
        module = WebAssembly.Module(program.read_bytes())
        instance = WebAssembly.Instance(module, wasi.getImportObject())
    start = instance.exports["_start"]
    assert str(inspect.signature(start)) == "() -> None"
    text = pydoc.plain(pydoc.render_doc(start))
    assert "() -> None" in text
    assert "[] -> [], exported as '_start'" in text
    assert "_start" in repr(start)
