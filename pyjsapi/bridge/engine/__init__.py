"""The engine of JavaScript, which Pyodide itself runs in, for Python; ``polyfill/python/engine/`` is its other side."""
