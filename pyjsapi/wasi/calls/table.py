"""The functions of WASI preview 1: one row each, in the order of ``wasi_snapshot_preview1.witx``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from pyjsapi.syntax.deftypes import DefType, func_def_type
from pyjsapi.syntax.errors import DeadlineExceeded, Interrupted, OutOfFuel, Trap
from pyjsapi.syntax.types import I32, I64, FuncType
from pyjsapi.wasi.abi import Errno, WasiError, errno_of
from pyjsapi.wasi.calls import descriptors, paths, polling, program
from pyjsapi.wasi.process import Process

_TYPES: Final = {"i": I32, "I": I64}


def _sockets(name: str) -> Callable[..., None]:
    """A function of sockets, which few programs have."""

    def call(*arguments: Any) -> None:
        from pyjsapi.wasi.calls import sockets

        getattr(sockets, name)(*arguments)

    return call


class Row(NamedTuple):
    """A function."""

    name: str
    parameters: str
    """A letter for each: ``i`` for i32, ``I`` for i64. The result is an errno; `proc_exit` has none."""
    function: Callable[..., None]

    @property
    def type(self) -> DefType:
        """The type that modules import it with."""
        return _type(self.parameters, self.name != "proc_exit")

    def bound(self, process: Process) -> Callable[..., Any]:
        """The function as a guest calls it: with the errno as its result, whatever happens."""
        function = self.function

        def call(*arguments: int) -> int:
            try:
                function(process, *arguments)
            except WasiError as error:
                return error.errno.value
            except OSError as error:
                return errno_of(error).value
            except (DeadlineExceeded, Interrupted, OutOfFuel):
                raise
            except Trap:  # a protection that was changed meanwhile
                return Errno.FAULT.value
            except MemoryError:
                return Errno.NOMEM.value
            except RecursionError:  # the guest's own calls are too deep
                raise
            except Exception as error:  # of the host's streams and functions
                process.last_error = error
                return Errno.IO.value
            return 0

        return call


@cache
def _type(parameters: str, has_result: bool) -> DefType:
    return func_def_type(
        FuncType(tuple(_TYPES[letter] for letter in parameters), (I32,) if has_result else ())
    )


TABLE: Final = (
    Row("args_get", "ii", program.args_get),
    Row("args_sizes_get", "ii", program.args_sizes_get),
    Row("environ_get", "ii", program.environ_get),
    Row("environ_sizes_get", "ii", program.environ_sizes_get),
    Row("clock_res_get", "ii", program.clock_res_get),
    Row("clock_time_get", "iIi", program.clock_time_get),
    Row("fd_advise", "iIIi", descriptors.fd_advise),
    Row("fd_allocate", "iII", descriptors.fd_allocate),
    Row("fd_close", "i", descriptors.fd_close),
    Row("fd_datasync", "i", descriptors.fd_datasync),
    Row("fd_fdstat_get", "ii", descriptors.fd_fdstat_get),
    Row("fd_fdstat_set_flags", "ii", descriptors.fd_fdstat_set_flags),
    Row("fd_fdstat_set_rights", "iII", descriptors.fd_fdstat_set_rights),
    Row("fd_filestat_get", "ii", descriptors.fd_filestat_get),
    Row("fd_filestat_set_size", "iI", descriptors.fd_filestat_set_size),
    Row("fd_filestat_set_times", "iIIi", descriptors.fd_filestat_set_times),
    Row("fd_pread", "iiiIi", descriptors.fd_pread),
    Row("fd_prestat_get", "ii", descriptors.fd_prestat_get),
    Row("fd_prestat_dir_name", "iii", descriptors.fd_prestat_dir_name),
    Row("fd_pwrite", "iiiIi", descriptors.fd_pwrite),
    Row("fd_read", "iiii", descriptors.fd_read),
    Row("fd_readdir", "iiiIi", descriptors.fd_readdir),
    Row("fd_renumber", "ii", descriptors.fd_renumber),
    Row("fd_seek", "iIii", descriptors.fd_seek),
    Row("fd_sync", "i", descriptors.fd_sync),
    Row("fd_tell", "ii", descriptors.fd_tell),
    Row("fd_write", "iiii", descriptors.fd_write),
    Row("path_create_directory", "iii", paths.path_create_directory),
    Row("path_filestat_get", "iiiii", paths.path_filestat_get),
    Row("path_filestat_set_times", "iiiiIIi", paths.path_filestat_set_times),
    Row("path_link", "iiiiiii", paths.path_link),
    Row("path_open", "iiiiiIIii", paths.path_open),
    Row("path_readlink", "iiiiii", paths.path_readlink),
    Row("path_remove_directory", "iii", paths.path_remove_directory),
    Row("path_rename", "iiiiii", paths.path_rename),
    Row("path_symlink", "iiiii", paths.path_symlink),
    Row("path_unlink_file", "iii", paths.path_unlink_file),
    Row("poll_oneoff", "iiii", polling.poll_oneoff),
    Row("proc_exit", "i", program.proc_exit),
    Row("proc_raise", "i", program.proc_raise),
    Row("sched_yield", "", program.sched_yield),
    Row("random_get", "ii", program.random_get),
    Row("sock_accept", "iii", _sockets("sock_accept")),
    Row("sock_recv", "iiiiii", _sockets("sock_recv")),
    Row("sock_send", "iiiii", _sockets("sock_send")),
    Row("sock_shutdown", "ii", _sockets("sock_shutdown")),
)
