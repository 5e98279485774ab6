"""Python modules made of modules of WebAssembly, which need nothing but Python: ``pyjsapi compile`` writes them.

`python_module` is what such a module does, and is carried in it with the rooms of the package that it stands on
(`rooms`), found by what `carriers` has; the other files here write it.
"""
