"""Runs the JS-API tests of the WebAssembly specification, from a checkout of it, in Node and in browsers."""
