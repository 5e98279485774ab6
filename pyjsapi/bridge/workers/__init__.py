"""Web Workers, each with a Pyodide of its own."""
