"""Files of sessions: what requests of any code do, and by what the interpreters' code makes them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.sandbox import GuestError, Sandbox, SandboxError
from pyjsapi.sandbox.files import Files
from pyjsapi.wasi import ReadOnly
from tests.sandbox.guests import COUNT, sandbox

needs_pwasm = pytest.mark.skipif(find_spec("pwasm") is None, reason="pwasm is missing")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory with links that lead out of it, and a secret beside it."""
    (tmp_path / "secret").write_bytes(b"secret")
    made = tmp_path / "data"
    made.mkdir()
    (made / "in").write_bytes(b"inside")
    (made / "link").symlink_to("../secret")
    (made / "up").symlink_to("..")
    return made


@pytest.fixture
def files(outside: Path) -> Iterator[Files]:
    made = Files(
        {"a": b"text", "d/b": b"\xff"},
        {"/data": outside, "/read": ReadOnly(outside)},
        max_bytes=100,
        max_files=5,
    )
    yield made
    made.close()
    assert (outside.parent / "secret").read_bytes() == b"secret"
    assert sorted(os.listdir(outside.parent)) == ["data", "secret"]


def asked(files: Files, name: str, *arguments: Any, data: bytes = b"") -> Any:
    """What an answer has; an errno is raised as `OSError`."""
    answer = files.call(data, name, *arguments)
    if isinstance(answer, bytes):
        return answer
    kind, value = answer
    if kind == 1:
        raise OSError(*value)
    if kind == 2:
        raise ValueError(value)
    return value


def refused(files: Files, name: str, *arguments: Any, data: bytes = b"") -> int:
    with pytest.raises(OSError) as caught:
        asked(files, name, *arguments, data=data)
    assert caught.value.errno is not None and caught.value.filename is None
    return caught.value.errno


def content(files: Files, path: str) -> bytes:
    found = asked(files, "read", asked(files, "open", path, "r"), 1000)
    assert isinstance(found, bytes)
    return found


def test_i15_3_files_are_opened_in_the_longest_directory(files: Files, outside: Path) -> None:
    assert content(files, "a") == content(files, "/a") == content(files, "d/../a") == b"text"
    assert content(files, "/data/in") == content(files, "data/in") == b"inside"
    assert content(files, "/read/in") == b"inside"
    assert asked(files, "listdir", "/") == ["a", "d", "data", "read"]
    assert asked(files, "listdir", "d/") == ["b"]
    assert asked(files, "stat", "a") == [0, 4]
    assert asked(files, "stat", "/data") == [1, asked(files, "stat", "/data/.")[1]]


@pytest.mark.parametrize(
    "path", ["../secret", "/data/../secret", "/data/link", "/data/up/secret", "data/../a", "/.."]
)
def test_i15_2_no_path_of_a_session_leaves_its_directory(files: Files, path: str) -> None:
    for mode in ("r", "w", "a", "x", "r+"):
        found = refused(files, "open", path, mode)
        assert found == errno.EPERM or (mode == "x" and found == errno.EEXIST)
    assert refused(files, "stat", path) == errno.EPERM
    for name in ("mkdir", "rmdir", "listdir"):
        assert refused(files, name, path) in {
            errno.EPERM,
            errno.EEXIST,
            errno.ENOTDIR,
            errno.ENOTEMPTY,
            errno.EBUSY,
        }


def test_i15_2_what_is_read_only_stays_as_it_is(files: Files, outside: Path) -> None:
    for mode in ("w", "a", "x", "r+", "w+b"):
        assert refused(files, "open", "/read/in", mode) == errno.EROFS
    for name in ("mkdir", "remove", "rmdir"):
        assert refused(files, name, "/read/in") == errno.EROFS
    assert refused(files, "rename", "/read/in", "/x") == errno.EROFS
    assert refused(files, "rename", "/a", "/read/x") == errno.EROFS
    assert sorted(os.listdir(outside)) == ["in", "link", "up"]


def test_i15_3_modes_are_those_of_python(files: Files) -> None:
    for mode, before, after in (("w", b"", b"xy"), ("a", b"xy", b"xyxy"), ("r+", b"xyxy", b"xyxy")):
        number = asked(files, "open", "new", mode)
        assert content(files, "new") == before
        assert asked(files, "write", number, data=b"xy") == 2
        assert content(files, "new") == after
    assert refused(files, "open", "new", "x") == errno.EEXIST
    assert refused(files, "write", asked(files, "open", "a", "r"), data=b"x") == errno.EIO
    both = asked(files, "open", "new", "r+b")
    assert asked(files, "read", both, 1) == b"x"
    assert asked(files, "write", both, data=b"-") == 1
    assert asked(files, "read", both, 9) == b"xy"
    assert asked(files, "seek", both, -3, 1) == asked(files, "tell", both) == 1
    assert asked(files, "truncate", both, 3) == 3
    assert content(files, "new") == b"x-x"
    for mode in ("", "rw", "rbt", "rr", "z", "U"):
        with pytest.raises(ValueError, match="is no mode of files"):
            asked(files, "open", "a", mode)


def test_i15_2_what_a_session_writes_has_an_end(files: Files, outside: Path) -> None:
    number = asked(files, "open", "new", "w+")
    assert asked(files, "write", number, data=bytes(90)) == 90
    assert refused(files, "write", number, data=bytes(11)) == errno.EDQUOT
    assert refused(files, "truncate", number, 1 << 40) == errno.EDQUOT
    assert asked(files, "write", number, data=b"0123456789") == 10  # the file is as good as before
    assert len(content(files, "new")) == 100
    other = asked(files, "open", "/data/in", "r+")
    assert refused(files, "write", other, data=b"x") == errno.EDQUOT
    for index in range(4):
        asked(files, "mkdir", f"n{index}")
    assert refused(files, "mkdir", "m") == errno.EDQUOT
    assert refused(files, "open", "/data/m", "w") == errno.EDQUOT


def test_i15_3_the_start_brings_back_the_files_and_the_bounds(files: Files, outside: Path) -> None:
    number = asked(files, "open", "a", "r+")
    asked(files, "write", number, data=bytes(100))
    asked(files, "remove", "d/b")
    files.reset()
    assert files.folder is not None and files.folder.files() == {"a": b"text", "d/b": b"\xff"}
    with pytest.raises(ValueError, match="the file is closed"):
        asked(files, "read", number, 1)
    again = asked(files, "open", "a", "r+")
    assert again > number
    assert asked(files, "write", again, data=bytes(100)) == 100


def test_i15_2_too_many_files(files: Files) -> None:
    for _ in range(256):
        last = asked(files, "open", "a", "r")
    assert refused(files, "open", "a", "r") == errno.EMFILE
    asked(files, "close", last)
    asked(files, "close", last)
    assert asked(files, "open", "a", "r") == last + 1


@pytest.mark.parametrize(
    "request_",
    [
        ("open", 5, "r"),
        ("open", "a"),
        ("read", 1, "x"),
        ("read", [], 1),
        ("read", 99, 1),
        ("seek", 1, 1 << 70, 0),
        ("seek", 1, 0, 7),
        ("truncate", 1, -1),
        ("write_base64", 1, "é"),
        ("open", "a\0", "r"),
        ("open", "\ud800", "r"),
        ("nothing",),
        ("__init__",),
        (None,),
        ([],),
    ],
)
def test_i15_2_requests_that_are_none(files: Files, request_: tuple[Any, ...]) -> None:
    """They are exceptions of the code's, and change nothing."""
    assert asked(files, "open", "a", "r+") == 1
    with pytest.raises((TypeError, ValueError, AttributeError, OverflowError)):
        asked(files, *request_)
    assert content(files, "a") == b"text"


@pytest.mark.parametrize("path", ["x" * 300, "d/" * 5000, "", "none/x"])
def test_i15_2_paths_that_are_none(files: Files, path: str) -> None:
    assert refused(files, "open", path, "r") in {errno.ENAMETOOLONG, errno.ENOENT}


def test_i15_3_text_is_cut_between_characters(files: Files) -> None:
    text = "aé€😀" * 10_000
    files.close()
    with_text = Files({"t": text.encode(), "bad": b"\xe2\x82"}, {}, max_bytes=9, max_files=9)
    number = asked(with_text, "open", "t", "r")
    parts = []
    while part := asked(with_text, "read_text", number):
        parts.append(part)
    assert "".join(parts) == text and len(parts) == 2
    assert asked(with_text, "read_text", asked(with_text, "open", "bad", "r")) == "�"
    with_text.close()


# ---- sessions


def test_i15_3_files_stay_between_runs_and_are_no_part_of_a_snapshot() -> None:
    with sandbox(files={"a": "é"}) as session:
        assert session.files == {"a": "é".encode()}
        taken = session.snapshot()
        session.add_files({"b/c": b"1", "a": "2"})
        session.run(COUNT)
        session.restore(taken)
        assert session.files == {"a": b"2", "b/c": b"1"}
        session.reset()
        assert session.files == {"a": "é".encode()}
        assert session._files is not None and session._files.folder is not None
        path = session._files.folder.path
    assert not os.path.exists(path)
    for use in (lambda: session.files, session.reset, lambda: session.restore(taken)):
        with pytest.raises(SandboxError):
            use()


def test_i15_3_without_files_there_are_none() -> None:
    session = sandbox()
    with pytest.raises(SandboxError, match="the sandbox has no files"):
        session.add_files({"a": b""})
    with pytest.raises(ValueError, match="files: "):
        sandbox(files={"/a": b""})
    with pytest.raises(FileNotFoundError):
        sandbox(directories={"/a": "/no such directory"})


def test_i15_2_files_are_not_added_through_links(outside: Path) -> None:
    with sandbox(files={}, directories={"/data": outside}) as session:
        assert session._files is not None
        asked(session._files, "rename", "/data/up", "up")
        with pytest.raises(OSError, match="'up/secret' cannot be written"):
            session.add_files({"up/secret": b"changed"})
        asked(session._files, "rename", "/data/link", "link")
        with pytest.raises(OSError):
            session.add_files({"link": b"changed"})
        assert session.files == {}
    assert (outside.parent / "secret").read_bytes() == b"secret"


PYTHON = """
with open('a.txt') as f:
    lines = [line for line in f]
    assert f.readline() == '' and f.read() == ''
assert lines == ['é1\\n', 'zwei\\n', 'drei'], lines
with open('/d/out', 'wb') as f:
    assert f.write(bytes(range(256)) * 600) == 153600
f = open('d/out', 'r+b')
assert f.read() == bytes(range(256)) * 600
f.seek(1)
assert f.readline() == bytes(range(1, 11)) and f.tell() == 11
f.write(b'xyz')
f.seek(-4, 1)
assert f.read(5) == b'\\nxyz\\x0e', f.tell()
assert f.truncate(12) == 12
f.close()
assert os.listdir('/') == ['a.txt', 'd'] and os.stat('d/out')[6] == 12
os.mkdir('new')
os.rename('a.txt', 'new/b')
open('new/b', 'a').writelines(['4', '\\n'])
for code, number in (("open('none')", 2), ("open('../x')", 1), ("os.rmdir('new')", 39)):
    try:
        eval(code)
        assert False, code
    except OSError as error:
        assert error.errno == number, (code, error)
for code in ("f.read()", "open('x', 'z')"):
    try:
        eval(code)
        assert False, code
    except ValueError:
        pass
for data, mode in (('x', 'wb'), (b'x', 'w')):
    try:
        open('y', mode).write(data)
        assert False, mode
    except TypeError:
        pass
print('done')
"""


@needs_pwasm
def test_i15_3_python_opens_files() -> None:
    with Sandbox.python(files={"a.txt": "é1\nzwei\ndrei", "d/x": b""}) as session:
        assert session.run(PYTHON).stdout == "done\n"
        assert session.files == {
            "d/x": b"",
            "d/out": bytes(range(11)) + b"x",
            "new/b": "é1\nzwei\ndrei4\n".encode(),
            "y": b"",
        }
        taken = session.snapshot()
        session.run("f = open('y', 'w')\nf.write('later')")
        session.restore(taken)
        assert session.run("print(open('y').read())").stdout == "later\n"
    with Sandbox.python(snapshot=taken, files={"y": "other"}) as other:
        assert other.run("print(open('y').read())").stdout == "other\n"
    with Sandbox.python(snapshot=taken) as other, pytest.raises(GuestError, match="no function"):
        other.run("open('y')")


@needs_pwasm
def test_i15_3_an_open_file_does_not_outlive_its_session() -> None:
    with Sandbox.python(files={"a": "1", "b": "2"}) as session:
        session.run("f = open('a')")
        taken = session.snapshot()
        session.restore(taken)
        session.run("g = open('b')")
        with pytest.raises(GuestError, match="ValueError: the file is closed"):
            session.run("f.read()")


@needs_pwasm
def test_i15_2_writing_more_than_one_may_is_an_exception_of_python() -> None:
    with Sandbox.python(files={}, max_written_bytes=10) as session:
        with pytest.raises(GuestError, match="OSError"):
            session.run("f = open('a', 'w')\nf.write('0123456789')\nf.write('x')")
        assert session.files == {"a": b"0123456789"}


JAVASCRIPT = """
const check = (found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(JSON.stringify([found, wanted]));
};
const f = std.open('a.txt');
check([f.getline(), f.getline(), f.eof()], ['é1', 'zwei', false]);
check([f.getline(), f.getline(), f.eof()], ['drei', null, true]);
f.seek(4, std.SEEK_SET);
check([f.tell(), f.readAsString()], [4, 'zwei\\ndrei']);
f.close();
check([std.loadFile('a.txt'), std.loadFile('none')], ['é1\\nzwei\\ndrei', null]);
std.writeFile('d/out', 'xé');
const g = std.open('d/out', 'r+b');
const bytes = new Uint8Array(70000);
check([g.read(bytes.buffer, 1, 3), bytes[0], bytes[1], bytes[3]], [3, 0, 120, 169]);
check(g.write(bytes.buffer, 0, 70000), 70000);
check(g.tell(), 70003);
const failure = {};
check([std.open('../x', 'r', failure), failure.errno], [null, 1]);
check(os.readdir('/'), [['a.txt', 'd'], 0]);
check(os.readdir('none'), [[], 2]);
check([os.stat('d')[0].mode, os.stat('d/out')[0].size, os.stat('none')], [0x4000, 70003, [null, 2]]);
check([os.mkdir('n'), os.mkdir('n'), os.remove('n'), os.rename('a.txt', 'b'), os.remove('b')], [0, -17, 0, 0, 0]);
let told;
try { std.open('d/out', 'z'); } catch (error) { told = error instanceof TypeError; }
check(told, true);
print('done');
"""


@needs_pwasm
def test_i15_3_javascript_opens_files() -> None:
    with Sandbox.javascript(files={"a.txt": "é1\nzwei\ndrei", "d/x": b""}) as session:
        assert session.run(JAVASCRIPT).stdout == "done\n"
        assert sorted(session.files) == ["d/out", "d/x"]


@needs_pwasm
def test_i15_3_text_crosses_as_it_is() -> None:
    """Text of functions and files is the same in Python, whose strings are bytes there."""
    with Sandbox.python(files={"a": "é"}, functions={"f": lambda: "é"}) as session:
        assert session.run("print(open('a').read() == f() == 'é')").stdout == "True\n"
    with Sandbox.javascript(functions={"f": lambda: "\ud800é"}) as other:
        assert other.run("f()").value == "\ud800é"
