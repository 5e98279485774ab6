"""Numbers and layouts of WASI preview 1 (``typenames.witx``)."""

from __future__ import annotations

import errno as host
from enum import IntEnum
from struct import Struct
from typing import Final

Errno = IntEnum(
    "Errno",
    "SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD "
    "CONNABORTED CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM "
    "ILSEQ INPROGRESS INTR INVAL IO ISCONN ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN "
    "NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS "
    "NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY NXIO OVERFLOW OWNERDEAD PERM PIPE PROTO "
    "PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV NOTCAPABLE",
    start=0,
)
"""``errno``: in the order of the specification, from 0 on."""

_OF_HOST: Final = {
    number: Errno[name.removeprefix("E")]
    for number, name in host.errorcode.items()
    if name.removeprefix("E") in Errno.__members__
}
# Two names for one number, or a name of the host's own.
_OF_HOST[host.EAGAIN] = Errno.AGAIN
_OF_HOST[host.EOPNOTSUPP] = Errno.NOTSUP
_OF_HOST[host.EDEADLK] = Errno.DEADLK


class WasiError(Exception):
    """A function of WASI fails: what the guest gets is ``errno``."""

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno.name)
        self.errno = errno


def errno_of(error: OSError) -> Errno:
    """What the guest gets for an error of the host's system."""
    return _OF_HOST.get(error.errno or 0, Errno.IO)


FILETYPE_UNKNOWN: Final = 0
FILETYPE_BLOCK_DEVICE: Final = 1
FILETYPE_CHARACTER_DEVICE: Final = 2
FILETYPE_DIRECTORY: Final = 3
FILETYPE_REGULAR_FILE: Final = 4
FILETYPE_SOCKET_DGRAM: Final = 5
FILETYPE_SOCKET_STREAM: Final = 6
FILETYPE_SYMBOLIC_LINK: Final = 7

FDFLAGS_APPEND: Final = 1
FDFLAGS_DSYNC: Final = 2
FDFLAGS_NONBLOCK: Final = 4
FDFLAGS_RSYNC: Final = 8
FDFLAGS_SYNC: Final = 16

OFLAGS_CREAT: Final = 1
OFLAGS_DIRECTORY: Final = 2
OFLAGS_EXCL: Final = 4
OFLAGS_TRUNC: Final = 8

LOOKUP_SYMLINK_FOLLOW: Final = 1

FSTFLAGS_ATIM: Final = 1
FSTFLAGS_ATIM_NOW: Final = 2
FSTFLAGS_MTIM: Final = 4
FSTFLAGS_MTIM_NOW: Final = 8

CLOCK_REALTIME: Final = 0
CLOCK_MONOTONIC: Final = 1
CLOCK_PROCESS_CPUTIME: Final = 2
CLOCK_THREAD_CPUTIME: Final = 3

EVENT_CLOCK: Final = 0
EVENT_FD_READ: Final = 1
EVENT_FD_WRITE: Final = 2
EVENT_HANGUP: Final = 1
SUBSCRIPTION_ABSTIME: Final = 1

RIFLAGS_RECV_PEEK: Final = 1
RIFLAGS_RECV_WAITALL: Final = 2
ROFLAGS_RECV_DATA_TRUNCATED: Final = 1
SDFLAGS_RD: Final = 1
SDFLAGS_WR: Final = 2

U32: Final = Struct("<I")
U64: Final = Struct("<Q")
FDSTAT: Final = Struct("<BxHxxxxQQ")
"""File type, flags, rights, rights that are inherited."""
FILESTAT: Final = Struct("<QQBxxxxxxxQQQQQ")
"""Device, inode, file type, links, size, times of access, modification and change."""
PRESTAT: Final = Struct("<BxxxI")
"""Tag (0: a directory) and length of its name."""
DIRENT: Final = Struct("<QQIBxxx")
"""Cookie of the next entry, inode, length of the name, file type."""
SUBSCRIPTION: Final = Struct("<QBxxxxxxxIxxxxQQHxxxxxx")
"""User data, kind, clock or file descriptor, timeout, precision, flags."""
EVENT: Final = Struct("<QHBxxxxxQHxxxxxx")
"""User data, errno, kind, bytes, flags."""
