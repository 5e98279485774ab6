from __future__ import annotations

from pyjsapi.syntax.types import I32, I64
from pyjsapi.wasi import WASI
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.calls.table import TABLE
from pyjsapi.wasi.rights import ALL, SOCK_ACCEPT

# The interface of wasi_snapshot_preview1.witx: parameters as its types become those of WebAssembly, then whether there
# is a result. A list or string is a pointer and a length; each result but the errno is a pointer.
WITX = """
args_get u8** u8*
args_sizes_get size* size*
environ_get u8** u8*
environ_sizes_get size* size*
clock_res_get clockid timestamp*
clock_time_get clockid timestamp timestamp*
fd_advise fd filesize filesize advice
fd_allocate fd filesize filesize
fd_close fd
fd_datasync fd
fd_fdstat_get fd fdstat*
fd_fdstat_set_flags fd fdflags
fd_fdstat_set_rights fd rights rights
fd_filestat_get fd filestat*
fd_filestat_set_size fd filesize
fd_filestat_set_times fd timestamp timestamp fstflags
fd_pread fd iovec* size filesize size*
fd_prestat_get fd prestat*
fd_prestat_dir_name fd u8* size
fd_pwrite fd ciovec* size filesize size*
fd_read fd iovec* size size*
fd_readdir fd u8* size dircookie size*
fd_renumber fd fd
fd_seek fd filedelta whence filesize*
fd_sync fd
fd_tell fd filesize*
fd_write fd ciovec* size size*
path_create_directory fd u8* size
path_filestat_get fd lookupflags u8* size filestat*
path_filestat_set_times fd lookupflags u8* size timestamp timestamp fstflags
path_link fd lookupflags u8* size fd u8* size
path_open fd lookupflags u8* size oflags rights rights fdflags fd*
path_readlink fd u8* size u8* size size*
path_remove_directory fd u8* size
path_rename fd u8* size fd u8* size
path_symlink u8* size fd u8* size
path_unlink_file fd u8* size
poll_oneoff subscription* event* size size*
proc_exit exitcode
proc_raise signal
sched_yield
random_get u8* size
sock_accept fd fdflags fd*
sock_recv fd iovec* size riflags size* roflags*
sock_send fd ciovec* size siflags size*
sock_shutdown fd sdflags
"""
WIDE = {"timestamp", "filesize", "rights", "dircookie", "filedelta"}


def test_a_row_for_each_function_of_the_interface() -> None:
    wanted = {}
    for line in WITX.split("\n"):
        if line:
            name, *types = line.split()
            wanted[name] = [I64 if type_ in WIDE else I32 for type_ in types]
    assert {row.name: list(row.type.func.params) for row in TABLE} == wanted
    assert len(TABLE) == 46


def test_all_but_the_end_give_an_errno() -> None:
    for row in TABLE:
        assert list(row.type.func.results) == ([] if row.name == "proc_exit" else [I32])


def test_the_import_object_has_all_functions() -> None:
    wasi = WASI(version="preview1")
    assert list(wasi.getImportObject()) == ["wasi_snapshot_preview1"]
    assert set(wasi.getImportObject()["wasi_snapshot_preview1"]) == {row.name for row in TABLE}


def test_errnos_and_rights_have_the_numbers_of_the_interface() -> None:
    numbers = {
        "SUCCESS": 0,
        "2BIG": 1,
        "BADF": 8,
        "EXIST": 20,
        "FAULT": 21,
        "INVAL": 28,
        "NOENT": 44,
    }
    numbers |= {"NOTDIR": 54, "PERM": 63, "XDEV": 75, "NOTCAPABLE": 76}
    assert {name: Errno[name].value for name in numbers} == numbers
    assert len(Errno) == 77
    assert SOCK_ACCEPT == 1 << 29 and ALL == (1 << 30) - 1
