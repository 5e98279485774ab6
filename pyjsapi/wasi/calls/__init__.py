"""WASI's functions, in files by what they are about. `calls.table` has a row for each.

A function gets the program's surroundings and its arguments, unsigned integers. It returns where it succeeds, and
raises `WasiError` or `OSError` else. Whatever it is to write is checked before anything happens.
"""
