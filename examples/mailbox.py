"""Two memories in one module: a private one and a mailbox that the host reads.

Run it with `pyjsapi examples/mailbox.py`: WebAssembly, Uint8Array, wat2wasm … are in scope, and so is await.
"""

source = wat2wasm("""
(module
  (memory $private 1)
  (memory $mailbox (export "mailbox") 1)
  (data (memory $private) (i32.const 0) "the quick brown fox")
  (func (export "post") (param $from i32) (param $count i32) (result i32)
    (memory.copy $mailbox $private (i32.const 0) (local.get $from) (local.get $count))
    (i32.store8 $mailbox (local.get $count) (i32.const 0x21))
    (i32.add (local.get $count) (i32.const 1))))
""")

module, instance = (await WebAssembly.instantiate(source)).values()
mailbox = Uint8Array(instance.exports.mailbox.buffer)

length = instance.exports.post(4, 5)
print(mailbox[:length].tobytes().decode())

print([export["name"] for export in WebAssembly.Module.exports(module)])
print("private bytes in the mailbox:", any(mailbox[length:]))
