"""A reader of Web IDL, as far as the WebAssembly JavaScript API uses it."""
