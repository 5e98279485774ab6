"""The WebAssembly JavaScript API on Python values, one file per interface."""
