"""A file as the second memory of a module: what it stores there is there when it runs again.

Memory 0 is the module's own and begins empty every time; memory 1 is a file. A load reads the file, a store writes it,
and nothing is saved or loaded anywhere in the program: the counter goes on where the last run left it, and each run
appends a line to the journal behind it. The second run is another Python process, and a third one finds the file grown
by somebody who knows nothing of WebAssembly. The file is opened with ``trusted=True``, because nobody makes it shorter
while it is mapped; one that others may cut is copied instead.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report

PAGE = 65536
LINE = b"another run\n"

JOURNAL = """
(module
  (import "host" "file" (memory $file 1))
  (memory $own 1)
  (data (memory $own) (i32.const 100) "another run\\0a")
  (func (export "run") (result i32)
    (local $runs i32)
    (local.set $runs (i32.load $file (i32.const 0)))
    ;; a line behind those that are there
    (memory.copy $file $own
      (i32.add (i32.const 16) (i32.mul (local.get $runs) (i32.const 12)))
      (i32.const 100) (i32.const 12))
    (i32.store $file (i32.const 0) (i32.add (local.get $runs) (i32.const 1)))
    ;; the module's own counter, which no run finds as another left it
    (i32.store $own (i32.const 0) (i32.add (i32.load $own (i32.const 0)) (i32.const 1)))
    (i32.add (i32.mul (i32.load $file (i32.const 0)) (i32.const 100)) (i32.load $own (i32.const 0)))))
"""


def run(path: str, report: Report | None = None) -> int:
    """One run: the file's counter times 100, and the module's own."""
    from pyjsapi.sharing import HostResource

    with HostResource.file(path, trusted=True) as file:
        memory = WebAssembly.Memory(initial=1)
        with memory.map(file) as mapping:
            module = WebAssembly.Module(wat2wasm(JOURNAL))
            answer: int = WebAssembly.Instance(module, {"host": {"file": memory}}).exports.run()
            if report is not None:
                report.picture(space_of("memory 1", memory, {file: "journal"}))
                report.figure("strategy", mapping.strategy)
                report.figure("bytes copied", memory.stats.bytes_copied)
                if mapping.zero_copy:
                    shown = Path(path).read_bytes()[0]
                    report.equal("the file shows the store at once", shown, answer // 100)
    return answer


def run_elsewhere(path: str) -> int:
    """The same in another Python process, where there are processes."""
    if missing("processes"):
        return run(path)
    code = f"from pyjsapi.demos.persistent_file import run; print(run({path!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@demo()
def main(report: Report) -> None:
    """Run three times on one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "journal")
        Path(path).write_bytes(bytes(PAGE))
        report.step("a first run, on a file of zeros")
        report.equal("the file's counter is 1, the module's 1", run(path, report), 101)
        report.step("a second one, in another process")
        report.equal("the file's counter is 2, the module's 1", run_elsewhere(path), 201)
        report.step("somebody writes to the file in the ordinary way, and it runs again")
        with open(path, "r+b") as file:
            file.write((9).to_bytes(4, "little"))
        report.equal("the file's counter goes on from there", run_elsewhere(path), 1001)
        data = Path(path).read_bytes()
        report.equal("the journal has the lines of the first two runs", data[16:40], LINE * 2)
        at = 16 + 9 * len(LINE)
        report.equal("and that of the third where it belongs", data[at : at + len(LINE)], LINE)


if __name__ == "__main__":
    sys.exit(main())
