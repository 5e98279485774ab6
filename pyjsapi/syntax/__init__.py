"""Structure of WebAssembly modules: types, the instruction table, modules, errors."""
