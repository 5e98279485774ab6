"""Between Python and JavaScript inside Pyodide: the Python side of the JavaScript face.

This is the only place that may import `js` or `pyodide`. The JavaScript side is in ``polyfill/python``.
"""
