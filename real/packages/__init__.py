"""Published packages that import ``wasmtime``, unmodified, with that and with `pyjsapi.compat.wasmtime`."""
