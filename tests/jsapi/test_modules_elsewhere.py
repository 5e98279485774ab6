"""A module that is sent to other processes by what people use for that: it arrives, and takes its code from the cache.

Dask is in ``tests/examples``; Ray sends by cloudpickle, as joblib and Dask do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi import wat2wasm

PROGRAM = '''
import os
import sys

from pyjsapi import WebAssembly

DATA = open(sys.argv[0].replace("program.py", "module.wasm"), "rb").read()


def answer(module, n):
    """In another process: a call of a function, while nothing may be validated or translated there."""
    import pyjsapi.compiler.function as function

    def never(*_, **__):
        raise AssertionError("translated again")

    assert os.getpid() != int(os.environ["FIRST"])
    assert module._compiled.cache.known_valid
    function.compile_function = never
    return WebAssembly.Instance(module).exports.f(n)


def main():
    os.environ["FIRST"] = str(os.getpid())
    module = WebAssembly.Module(DATA)
    assert WebAssembly.Instance(module).exports.f(1) == 1  # nothing was kept before: it is translated here
    print(elsewhere(module, [2, 3, 10]))
'''
WAYS = {
    "spawn": """
def elsewhere(module, numbers):
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.starmap(answer, [(module, n) for n in numbers])
""",
    "executor": """
def elsewhere(module, numbers):
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(answer, [module] * 3, numbers))
""",
    "joblib": """
def elsewhere(module, numbers):
    from joblib import Parallel, delayed

    return Parallel(n_jobs=2, backend="loky")(delayed(answer)(module, n) for n in numbers)
""",
    "cloudpickle": """
def elsewhere(module, numbers):
    import subprocess
    import cloudpickle

    # A function by value, with the module inside it, as Ray sends what it is to call.
    sent = cloudpickle.dumps(lambda: [answer(module, n) for n in numbers])
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    done = subprocess.run([sys.executable, "-c", code], input=sent, stdout=subprocess.PIPE, check=True)
    return eval(done.stdout)
""",
}
MODULE = wat2wasm(f"""(module
  (func (export "f") (param i32) (result i32) (local i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  {"(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))" * 600})""")


@pytest.mark.parametrize("way", WAYS)
def test_i15_6_a_module_arrives_and_takes_its_code_from_the_cache(way: str, tmp_path: Path) -> None:
    if way in ("joblib", "cloudpickle"):
        pytest.importorskip(way)
    (tmp_path / "module.wasm").write_bytes(MODULE)
    program = tmp_path / "program.py"
    program.write_text(f'{PROGRAM}\n{WAYS[way]}\n\nif __name__ == "__main__":\n    main()\n')
    done = subprocess.run(
        [sys.executable, str(program)],
        env={
            **os.environ,
            "PYJSAPI_CACHE": str(tmp_path / "cache"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[3, 6, 55]\n"
