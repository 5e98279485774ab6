"""A second memory that is mapped before the module runs, because a custom section of the module says so.

Option 2 of the discussion. The section is JSON: which resource of the host, from where on, at which address of which
memory. The host gives resources by their names when it instantiates the module. What the module then has is an ordinary
memory: its data segments and its start function see the resource already, and loads and stores are plain instructions.
Other hosts ignore the section, so the same module runs there, on a memory of zeros.
"""

import json
import sys
import warnings
from functools import partial
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report, seconds
from pyjsapi.sharing import HostResource

PAGE = 65536
READINGS = 4000

SECTION = {
    "version": 1,
    "memories": [
        {"memory": 1, "resource": "sensors", "length": PAGE},
        {"memory": 1, "resource": "limits", "at": PAGE, "length": 16, "mode": "r"},
        {"memory": 1, "resource": "extras", "at": 2 * PAGE, "required": False},
    ],
}

# The sum of the readings in memory 1, by instructions and by functions of the host; the same of memory 0.
FIELDS = """
  (import "host" "get32" (func $get32 (param i32) (result i32)))
  (memory $own (export "own") 2 80)
  (memory $bank (export "bank") 3 3)
  (data (memory $bank) (i32.const 65532) "done")
  (global $first (export "first") (mut i32) (i32.const 0))
  (func $start (global.set $first (i32.load $bank (i32.const 0))))
  (start $start)
  (func (export "direct") (param $n i32) (result i32) (local $sum i32) (local $at i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum) (i32.load $bank (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "getter") (param $n i32) (result i32) (local $sum i32) (local $at i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum) (call $get32 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "sum_own") (param $n i32) (result i32) (local $sum i32) (local $at i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum) (i32.load $own (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "load") (param $at i32) (result i32) (i32.load $bank (local.get $at)))
  (func (export "store") (param $at i32) (i32.store $bank (local.get $at) (i32.const 1)))
  (func (export "grow") (result i32) (memory.grow $bank (i32.const 1)))
  (func (export "size") (result i32) (memory.size $own))
"""


def module(section: Any) -> WebAssembly.Module:
    """The module with a section."""
    text = json.dumps(section).replace('"', "\\22")
    return WebAssembly.Module(
        wat2wasm(f'(module (@custom "pyjsapi.memory-map" "{text}") {FIELDS})')
    )


def readings(resource: HostResource) -> Any:
    """Write readings into a resource; they can be seen by the host as numbers."""
    cells = resource.view().cast("i")
    for n in range(READINGS):
        cells[n] = n + 1
    return cells


def compare(report: Report) -> None:
    """The same loop with instructions on memory 1, with a host's function, and on memory 0."""
    section = {"version": 1, "memories": [{"memory": 1, "resource": "sensors"}]}
    possible = missing("linux") is None
    with HostResource.memfd(PAGE) if possible else HostResource.anon(PAGE) as sensors:
        cells = readings(sensors)
        imports = {"host": {"get32": lambda at: cells[at >> 2]}}
        instance = WebAssembly.Instance(module(section), imports, resources={"sensors": sensors})
        exports: Any = instance.exports
        report.figure("strategy", exports.bank.mappings[0].strategy)
        exports.own.view("i", 0, READINGS)[:] = cells[:READINGS]
        ways = ("direct", "getter", "sum_own")
        for way in ways:
            report.equal(f"the sum, {way}", exports[way](READINGS), sum(cells[:READINGS]), "O2-4")
        direct, getter, own = (seconds(partial(exports[way], READINGS)) for way in ways)
        report.figure("a call for each access takes", getter / direct, "times as long")
        report.figure("memory 1 takes", direct / own, "times as long as memory 0")


@demo(checks="O2-1 O2-2 O2-4 O2-5 CS-1")
def main(report: Report) -> None:
    """Instantiate a module on resources, and on what is not right."""
    trap = WebAssembly.RuntimeError
    sensors = HostResource.anon(PAGE)
    cells = readings(sensors)
    limits = HostResource.buffer(b"low\0high\0\0\0\0\0\0\0\0")
    resources = {"sensors": sensors, "limits": limits}
    imports = {"host": {"get32": lambda at: cells[at // 4]}}

    report.step("a module and the resources that its section names")
    exports: Any = WebAssembly.Instance(module(SECTION), imports, resources=resources).exports
    names = {sensors: "sensors", limits: "limits"}
    report.picture(space_of("memory 0", exports.own, {}), space_of("memory 1", exports.bank, names))
    report.equal("its start function saw the first reading", exports.first.value, 1, "O2-1")
    report.equal("its data segment is in the resource", bytes(sensors.view()[-4:]), b"done", "O2-1")
    cells[0] = 1000
    report.equal("what the host writes is there at once", exports.load(0), 1000, "O2-1")
    report.raises("what is mapped for reading is not written", trap, lambda: exports.store(PAGE))
    report.equal("a resource that may be missing is zeros", exports.load(2 * PAGE), 0, "O2-1")
    report.figure("bytes copied", exports.bank.stats.bytes_copied)

    report.step("instructions instead of functions of the host, on a file that the system maps")
    compare(report)

    report.step("sizes")
    report.equal("a mapped memory of fixed size does not grow", exports.grow(), -1, "O2-5")
    larger: Any = WebAssembly.Instance(
        module(SECTION), imports, resources=resources, memory_overrides={0: {"minimum": 40}}
    ).exports
    report.equal("the host makes memory 0 larger than was declared", larger.size(), 40, "CS-1")

    report.step("what is not right")

    def instantiate(section: Any, **given: Any) -> WebAssembly.Instance:
        return WebAssembly.Instance(module(section), imports, resources=given)

    error = WebAssembly.LinkError
    report.raises("a resource is missing", error, lambda: instantiate(SECTION), "O2-2")
    small = HostResource.anon(8)
    short = lambda: instantiate(SECTION, sensors=small, limits=limits)  # noqa: E731
    report.raises("one is too short", error, short, "O2-2")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found: Any = instantiate({"version": 1, "memories": "all"}).exports
    report.equal("a malformed section is as good as none", found.first.value, 0)
    report.check(f"with a warning: {caught[0].message}", len(caught) == 1)


if __name__ == "__main__":
    sys.exit(main())
