"""How much slower a lowered module is than the module on an engine with multi-memory."""
