"""The comparison of pyjsapi with the browser's own WebAssembly: cases, page, server, report."""
