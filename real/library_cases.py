"""Comparison cases for the published libraries: merged, and on their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from real.binary import Summary
from real.case_steps import Step, Steps, big, path
from real.library_host import DIGESTS_OF_ABC, HASH_SETTINGS, decode_mappings

Case = dict[str, Any]
Names = Mapping[str, Mapping[str, str]]
COVERS = ["real modules: libraries merged by wasm-merge"]


def _case(id_: str, title: str, modules: Iterable[str], steps: Steps) -> Case:
    return {
        "id": id_,
        "title": title,
        "covers": COVERS,
        "group": "Real modules: merged libraries",
        "modules": {name: {"file": f"libraries/{name}.wasm"} for name in modules},
        "steps": list[Step](steps),
    }


class Library:
    """A library in an instance of the case."""

    def __init__(self, instance: str, label: str, names: Mapping[str, str] | None = None) -> None:
        self.label = label
        self._instance = instance
        self._names = names

    def path(self, export: str) -> str:
        """The path of an export by the library's own name."""
        return path(self._instance, self._names[export] if self._names else export)


class LibrarySteps(Steps):
    """Steps that call libraries, alone or merged."""

    def add(self, module: str, summary: Summary, on_mapping: str | None = None) -> None:
        """Instantiates a module, under its own name; imports that no sound run calls throw."""
        imports: dict[str, dict[str, str]] = {}
        for index, (owner, name, _) in enumerate(summary.imports):
            function = on_mapping if name == "mapping_callback" and on_mapping else None
            if function is None:
                function = f"{module}_import{index}"
                self.host(function, throws=f"{name} was called")
            imports.setdefault(owner, {})[name] = f"${function}"
        self.instance(module, module, imports)

    def hash_input(self, library: Library, name: str, data: bytes) -> None:
        """Starts a hash and gives it all of the input."""
        init, _, seed, _ = HASH_SETTINGS[name]
        self.call(library.path("Hash_GetBuffer"), as_=f"{library.label}_buffer")
        if seed:
            self.write(library.path("memory"), f"${library.label}_buffer", seed)
        self.call(library.path("Hash_Init"), init)
        self.write(library.path("memory"), f"${library.label}_buffer", data)
        self.call(library.path("Hash_Update"), len(data))

    def hash_result(self, library: Library, name: str, digest: bytes) -> None:
        """Ends it; the digest must be this one."""
        _, final, _, size = HASH_SETTINGS[name]
        self.call(library.path("Hash_Final"), final)
        buffer = f"${library.label}_buffer"
        self.read(library.path("memory"), buffer, size, expect=list(digest))


def _hash_cases(summaries: Mapping[str, Summary], names: Names) -> list[Case]:
    steps = LibrarySteps()
    steps.add("hashes", summaries["hashes"])
    libraries = {name: Library("hashes", name, names[name]) for name in names}
    # All hashes have their input before the first one is finished: each state is in a memory of its own.
    for name, library in libraries.items():
        steps.hash_input(library, name, b"abc")
    for name, library in libraries.items():
        steps.hash_result(library, name, DIGESTS_OF_ABC[name])
    title = (
        f"{len(names)} hash functions in one module, each with its memory, give published digests"
    )
    cases = [_case("real-hashes", title, ["hashes"], steps)]

    steps = LibrarySteps()
    steps.add("hashes", summaries["hashes"])
    for name in ("md5", "crc32", "sha256", "blake3"):
        merged = Library("hashes", f"merged_{name}", names[name])
        alone = Library(name, f"alone_{name}")
        steps.add(name, summaries[name])
        for library in (merged, alone):
            steps.hash_input(library, name, b"abc")
        for library in (merged, alone):
            steps.hash_result(library, name, DIGESTS_OF_ABC[name])
    title = "Merged hash functions and the unmerged ones give the same digests"
    modules = ["hashes", "md5", "crc32", "sha256", "blake3"]
    cases.append(_case("real-hashes-unmerged", title, modules, steps))

    steps = LibrarySteps()
    steps.add("hashes", summaries["hashes"])
    steps.append({"keys": "hashes.exports"})
    memories = [f"${path('hashes', table['memory'])}" for table in names.values()]
    steps.append({"same": memories[:2], "expect": False})
    steps.append({"same": [memories[-1], memories[-1]], "expect": True})
    for memory in memories:
        steps.get(f"{memory.removeprefix('$')}.buffer.byteLength", 131072)
    # a write to one memory stays there
    first, last = (memory.removeprefix("$") for memory in (memories[0], memories[-1]))
    steps.write(last, 1000, [1, 2, 3])
    steps.read(first, 1000, 3, expect=[0, 0, 0])
    title = "The memories of a merged module are as many objects as there are libraries"
    cases.append(_case("real-hashes-memories", title, ["hashes"], steps))
    return cases


# XXH64, with the seed 7, of the block that lz4 makes of the input below.
FINGERPRINT = 6774951055959321646


def _fingerprint_cases(summaries: Mapping[str, Summary], names: Names) -> list[Case]:
    data = b"many memories, " * 20
    steps = LibrarySteps()
    steps.add("fingerprint", summaries["fingerprint"])
    steps.add("lz4", summaries["lz4"])
    steps.add("xxhash", summaries["xxhash"])
    merged = {member: Library("fingerprint", member, names[member]) for member in names}
    steps.call(merged["lz4"].path("__wbindgen_malloc"), len(data), as_="input")
    steps.write(merged["lz4"].path("memory"), "$input", data)
    function = merged["fingerprint"].path("fingerprint")
    steps.call(function, "$input", len(data), big(7), type="i64", expect=big(FINGERPRINT))
    # unmerged: compress, carry the bytes over, hash
    lz4, xxhash = Library("lz4", "lz4"), Library("xxhash", "xxhash")
    steps.call(lz4.path("__wbindgen_add_to_stack_pointer"), -16, as_="frame")
    steps.call(lz4.path("__wbindgen_malloc"), len(data), as_="input2")
    steps.write(lz4.path("memory"), "$input2", data)
    steps.call(lz4.path("compress"), "$frame", "$input2", len(data))
    steps.read(lz4.path("memory"), "$frame", 2, "Uint32Array", as_="packed")
    steps.read(lz4.path("memory"), "$packed[0]", "$packed[1]", as_="bytes")
    steps.append({"new": "Uint8Array", "args": [f"${xxhash.path('mem')}.buffer"], "as": "target"})
    steps.call("target.set", "$bytes", expect="$undefined")
    steps.call(xxhash.path("xxh64"), 0, "$packed[1]", big(7), type="i64", expect=big(FINGERPRINT))
    # what went over into the memory of xxhash is what lz4 makes of the input
    steps.read(merged["xxhash"].path("mem"), 0, "$packed[1]")
    title = (
        "lz4 compresses, memory.copy carries over, xxhash hashes: as the two libraries on their own"
    )
    cases = [_case("real-fingerprint", title, ["fingerprint", "lz4", "xxhash"], steps)]

    steps = LibrarySteps()
    steps.add("fingerprint", summaries["fingerprint"])
    lz4, memory = merged["lz4"], merged["lz4"].path("memory")
    for noise in (16, 512):
        # a little noise, and zeros: they compress well, so xxhash's memory needs not grow
        steps.call(lz4.path("__wbindgen_malloc"), 0x8000 * noise // 16, as_="input")
        steps.append({"get": f"{memory}.buffer.byteLength"})
        steps.write(memory, "$input", _noise(noise))
        steps.call(function, "$input", 0x8000 * noise // 16, big(1), type="i64")
        steps.get(f"{merged['xxhash'].path('mem')}.buffer.byteLength", 65536)
    title = "The memory of one library grows, that of the other does not"
    cases.append(_case("real-fingerprint-growth", title, ["fingerprint"], steps))
    return cases


def _noise(count: int) -> bytes:
    """Bytes that do not repeat soon."""
    state, data = 1, bytearray()
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        data.append(state >> 16 & 0xFF)
    return bytes(data)


def mapping_steps(library: Library, parsed: str, text: str, count: int) -> Steps:
    """Steps that ask source-map's module for the original locations of the first mappings."""
    steps = Steps()
    seen: set[tuple[int, ...]] = set()
    for mapping in decode_mappings(text):
        if len(seen) < count and len(mapping) > 2 and mapping[:2] not in seen:
            seen.add(mapping[:2])
            steps.call(library.path("original_location_for"), parsed, *mapping[:2], 1)
    return steps


def _mapping_cases(
    summaries: Mapping[str, Summary], names: Names, text: str, packed: bytes
) -> list[Case]:
    steps = LibrarySteps()
    steps.host("on_mapping", params=["i32"] * 10)
    steps.add("packed_mappings", summaries["packed_mappings"], "on_mapping")
    merged = {member: Library("packed_mappings", member, names[member]) for member in names}
    brotli, mappings = merged["brotli"], merged["mappings"]
    steps.call(brotli.path("__wbindgen_malloc"), len(packed), 1, as_="input")
    steps.write(brotli.path("memory"), "$input", packed)
    parse = merged["packed_mappings"].path("parse_packed")
    steps.call(parse, "$input", len(packed), as_="parsed")
    steps.call(mappings.path("get_last_error"), expect=0)
    steps += mapping_steps(mappings, "$parsed", text, 12)
    # the same from source-map's own module
    steps.add("mappings", summaries["mappings"], "on_mapping")
    alone = Library("mappings", "mappings")
    steps += parse_steps(alone, text)
    steps += mapping_steps(alone, "$parsed_alone", text, 12)
    title = "brotli decompresses a source map in its memory, source-map parses it in another"
    return [_case("real-packed-mappings", title, ["packed_mappings", "mappings"], steps)]


def parse_steps(library: Library, text: str) -> Steps:
    """Steps that give the text of mappings to source-map's module; the result is called ``parsed_alone``."""
    steps = Steps()
    steps.call(library.path("allocate_mappings"), len(text), as_="text")
    steps.write(library.path("memory"), "$text", text.encode())
    steps.call(library.path("parse_mappings"), "$text", as_="parsed_alone")
    steps.call(library.path("get_last_error"), expect=0)
    return steps


def sqlite_steps(summary: Summary, names: Mapping[str, str]) -> Steps:
    """Steps that open a database in memory, fill a table with k * k % 97 and sum it up."""
    steps = Steps()
    steps.host("zero", returns=0)
    imports: dict[str, dict[str, str]] = {}
    for module, name, _ in summary.imports:
        imports.setdefault(module, {})[name] = "$zero"
    steps.instance("sqlite", "sqlite", imports)
    memory = path("sqlite", next(name for name, kind in summary.exports if kind == "memory"))
    # Emscripten's first exported function runs the constructors.
    steps.call(path("sqlite", next(n for n, kind in summary.exports if kind == "function")))

    def text(content: str, name: str) -> str:
        data = content.encode() + b"\0"
        steps.call(path("sqlite", names["malloc"]), len(data), as_=name)
        steps.write(memory, f"${name}", data)
        return f"${name}"

    def call(function: str, *arguments: Any, **keys: Any) -> None:
        steps.call(path("sqlite", names[function]), *arguments, **keys)

    call("malloc", 8, as_="slots")
    call("sqlite3_open", text(":memory:", "name"), "$slots", expect=0)
    steps.read(memory, "$slots", 1, "Uint32Array", as_="database")
    sql = (
        "create table n(v); with recursive c(k) as "
        "(select 1 union all select k + 1 from c where k < 200) "
        "insert into n select k * k % 97 from c;"
    )
    call("sqlite3_exec", "$database[0]", text(sql, "fill"), 0, 0, 0, expect=0)
    query = text("select sum(v) from n", "query")
    call("sqlite3_prepare_v2", "$database[0]", query, -1, "$slots", 0, expect=0)
    steps.read(memory, "$slots", 1, "Uint32Array", as_="statement")
    call("sqlite3_step", "$statement[0]", expect=100)
    total = sum(k * k % 97 for k in range(1, 201))
    call("sqlite3_column_double", "$statement[0]", 0, expect=total, type="f64")
    call("sqlite3_finalize", "$statement[0]", expect=0)
    return steps


def library_cases(
    summaries: Mapping[str, Summary], names: Mapping[str, Names], text: str, packed: bytes
) -> list[Case]:
    """The cases; ``names`` are results of `libraries.merge`, ``packed`` is ``text`` as Brotli."""
    return [
        *_hash_cases(summaries, names["hashes"]),
        *_fingerprint_cases(summaries, names["fingerprint"]),
        *_mapping_cases(summaries, names["packed_mappings"], text, packed),
    ]


def bench_entries(
    summaries: Mapping[str, Summary], sizes: Mapping[str, int], names: Mapping[str, str], text: str
) -> list[Case]:
    """Single-memory modules for measurements, with steps that use them as a program would."""
    mappings = LibrarySteps()
    mappings.host("on_mapping", params=["i32"] * 10)
    mappings.add("mappings", summaries["mappings"], "on_mapping")
    library = Library("mappings", "mappings")
    mappings += parse_steps(library, text)
    mappings += mapping_steps(library, "$parsed_alone", text, 40)
    entries = [
        ("mappings", "source-map parses the mappings of a source map", list[Step](mappings)),
        (
            "sqlite",
            "SQLite fills a table and sums it up",
            list[Step](sqlite_steps(summaries["sqlite"], names)),
        ),
    ]
    return [
        {
            "id": name,
            "title": title,
            "file": f"libraries/{name}.wasm",
            "size": sizes[name],
            "modules": {name: {"file": f"libraries/{name}.wasm"}},
            "steps": steps,
        }
        for name, title, steps in entries
    ]
