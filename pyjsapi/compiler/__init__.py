"""Translation of WebAssembly functions to Python source, and the engine around it.

`engine` is the way in; `function` translates one function; `environment` binds code to an instance.
"""
