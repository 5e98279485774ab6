"""A function of a module, mapped over a Dask bag by the processes of a cluster.

pip install distributed
python dask_bag.py [file]
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dask.bag
from distributed import Client, LocalCluster

from pyjsapi import Uint8Array, WebAssembly, wat2wasm

# CRC-32 of the bytes at the start of the memory, bit by bit.
CRC = """
(module
  (memory (export "memory") 1)
  (func (export "crc") (param $length i32) (result i32)
    (local $i i32) (local $bit i32) (local $crc i32)
    (local.set $crc (i32.const -1))
    (block $end
      (loop $byte
        (br_if $end (i32.eq (local.get $i) (local.get $length)))
        (local.set $crc (i32.xor (local.get $crc) (i32.load8_u (local.get $i))))
        (local.set $bit (i32.const 8))
        (loop $bits
          (local.set $crc
            (i32.xor
              (i32.shr_u (local.get $crc) (i32.const 1))
              (i32.and (i32.const 0xEDB88320) (i32.sub (i32.const 0) (i32.and (local.get $crc) (i32.const 1))))))
          (local.set $bit (i32.sub (local.get $bit) (i32.const 1)))
          (br_if $bits (local.get $bit)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $byte)))
    (i32.xor (local.get $crc) (i32.const -1))))
"""


def checksums(lines: Iterable[str], module: WebAssembly.Module) -> list[tuple[int, str]]:
    """What a process does with a partition: an instance of its own, and a call for each line."""
    exports: Any = WebAssembly.Instance(module).exports
    found = []
    for line in lines:
        data = line.encode()[:65536]
        Uint8Array(exports.memory.buffer).set(data)
        found.append((exports.crc(len(data)) & 0xFFFFFFFF, line))
    return found


def main(path: str = __file__) -> None:
    """Have two processes compute the checksums of a file's lines."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    module = WebAssembly.Module(wat2wasm(CRC))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        # The module is pickled: its bytes go to each process once for a partition, and are compiled there.
        bag = dask.bag.from_sequence(lines, npartitions=4).map_partitions(checksums, module)
        for checksum, line in bag.compute():
            print(f"{checksum:08x} {line}")


if __name__ == "__main__":
    main(*sys.argv[1:])
