"""The Python side of the JavaScript face: what ``polyfill/python/impl`` calls."""
