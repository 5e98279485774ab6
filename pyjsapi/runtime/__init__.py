"""The store's objects, linking and instantiation (core specification, "Execution")."""

from pyjsapi.runtime.exception import HOST_TAG, ExnInst, HostException, TagInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.instance import ExternVal, ModuleInstance
from pyjsapi.runtime.instantiate import extern_type, instantiate, start_function
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.runtime.table import TableInst, new_table

__all__ = [
    "HOST_TAG",
    "ExnInst",
    "ExternVal",
    "FuncInst",
    "GlobalInst",
    "HostException",
    "MemInst",
    "ModuleInstance",
    "TableInst",
    "TagInst",
    "extern_type",
    "instantiate",
    "new_memory",
    "new_table",
    "start_function",
]
