"""Code of the guests' own languages by which they use files: what a program there expects to find."""

from __future__ import annotations

from typing import Final

from pyjsapi.sandbox.bridge import AT_ONCE, FILES, LISTEN
from pyjsapi.sandbox.bridge import SIGN as _SIGN

SIGN: Final = _SIGN.decode()

PYTHON: Final = f"""
def __files(*given):
    import host
    try:
        kind, value = host.call({FILES!r}, *given)
    except RuntimeError as error:
        text = error.args[0]
        if text[:1] != {SIGN!r}:
            raise
        return text[1:]
    if kind == 0:
        return value
    if kind == 1:
        raise OSError(*value)
    raise ValueError(value)

class __File:
    def __init__(self, name, mode):
        self.name = name
        self.mode = mode
        self.closed = False
        self._binary = 'b' in mode
        self._number = __files('open', name, mode)
        self._empty = b'' if self._binary else ''
        self._ahead = self._empty
        self._at = 0

    def _read(self, size):
        data = __files('read', self._number, size)
        return data.encode() if self._binary else data

    def _back(self):
        if self._at < len(self._ahead):
            __files('seek', self._number, self._at - len(self._ahead), 1)
        self._ahead = self._empty
        self._at = 0

    def read(self, size=-1):
        self._back()
        if size is None:
            size = -1
        parts = []
        while size:
            part = self._read(size if 0 < size < {AT_ONCE} else {AT_ONCE})
            if not part:
                break
            parts.append(part)
            if size > 0:
                size -= len(part)
        return self._empty.join(parts)

    def readline(self):
        end = b'\\n' if self._binary else '\\n'
        while True:
            at = self._ahead.find(end, self._at) + 1
            if at:
                line = self._ahead[self._at:at]
                self._at = at
                return line
            more = self._read(8192)
            rest = self._ahead[self._at:]
            self._ahead = rest + more
            self._at = 0
            if not more:
                self._ahead = self._empty
                return rest

    def readlines(self):
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, data):
        if isinstance(data, str) is self._binary:
            raise TypeError('a file in binary mode takes bytes, others text')
        import host
        self._back()
        for start in range(0, len(data), {AT_ONCE}):
            part = data[start:start + {AT_ONCE}]
            host.call({LISTEN!r})
            print(bytes(part).decode() if self._binary else part, end='')
            __files('write', self._number)
        return len(data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def seek(self, offset, whence=0):
        self._back()
        return __files('seek', self._number, offset, whence)

    def tell(self):
        self._back()
        return __files('tell', self._number)

    def truncate(self, size=None):
        self._back()
        return __files('truncate', self._number, size)

    def flush(self):
        pass

    def close(self):
        __files('close', self._number)
        self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, *given):
        self.close()

def open(file, mode='r', encoding='utf-8'):
    return __File(file, mode)

class os:
    @staticmethod
    def listdir(path='/'):
        return __files('listdir', path)

    @staticmethod
    def stat(path):
        directory, size = __files('stat', path)
        return (0x4000 if directory else 0x8000, 0, 0, 1, 0, 0, size, 0, 0, 0)

    @staticmethod
    def mkdir(path):
        __files('mkdir', path)

    @staticmethod
    def remove(path):
        __files('remove', path)

    @staticmethod
    def rmdir(path):
        __files('rmdir', path)

    @staticmethod
    def rename(old, new):
        __files('rename', old, new)

    unlink = remove
"""
"""``open`` of Python, and as ``os`` what there is of the module."""

JAVASCRIPT: Final = f"""
(() => {{
  const call = (...given) => {{
    const [kind, value] = host.{FILES}(...given);
    if (kind === 0) return value;
    if (kind === 1) throw Object.assign(new Error(value[1]), {{errno: value[0]}});
    throw new TypeError(value);
  }};
  const tried = (act, failed) => {{
    try {{
      return act();
    }} catch (error) {{
      if (error.errno === undefined) throw error;
      return failed(error.errno);
    }}
  }};
  class File {{
    #number; #end = false;
    constructor(number) {{ this.#number = number; }}
    read(buffer, position, length) {{
      const view = new Uint8Array(buffer, position, length);
      let done = 0;
      while (done < length) {{
        const part = Uint8Array.fromBase64(
          call('read_base64', this.#number, Math.min(length - done, {AT_ONCE})));
        if (!part.length) {{ this.#end = true; break; }}
        view.set(part, done);
        done += part.length;
      }}
      return done;
    }}
    write(buffer, position, length) {{
      return call('write_base64', this.#number, new Uint8Array(buffer, position, length).toBase64());
    }}
    readAsString() {{
      const parts = [];
      for (;;) {{
        const part = call('read_text', this.#number);
        if (!part) {{ this.#end = true; return parts.join(''); }}
        parts.push(part);
      }}
    }}
    getline() {{
      let line = '';
      while (!line.endsWith('\\n')) {{
        const part = call('read_line', this.#number);
        if (!part) {{ this.#end = true; return line || null; }}
        line += part;
      }}
      return line.slice(0, -1);
    }}
    puts(...parts) {{ call('write_text', this.#number, parts.join('').toWellFormed()); }}
    seek(offset, whence) {{ call('seek', this.#number, offset, whence); this.#end = false; return 0; }}
    tell() {{ return call('tell', this.#number); }}
    eof() {{ return this.#end; }}
    flush() {{}}
    close() {{ call('close', this.#number); return 0; }}
  }}
  const open = (path, mode) => new File(call('open', path, mode));
  globalThis.std = {{
    SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2,
    open(path, mode = 'r', failure = undefined) {{
      const told = errno => {{ if (failure) failure.errno = errno; return null; }};
      return tried(() => {{ const file = open(path, mode); told(0); return file; }}, told);
    }},
    loadFile(path) {{
      return tried(() => {{
        const file = open(path, 'r');
        try {{ return file.readAsString(); }} finally {{ file.close(); }}
      }}, () => null);
    }},
    writeFile(path, data) {{
      const file = open(path, 'w');
      try {{ file.puts(data); }} finally {{ file.close(); }}
    }},
  }};
  const negated = errno => -errno;
  const done = (...given) => tried(() => {{ call(...given); return 0; }}, negated);
  globalThis.os = {{
    S_IFMT: 0xf000, S_IFDIR: 0x4000, S_IFREG: 0x8000,
    readdir: path => tried(() => [call('listdir', path), 0], errno => [[], errno]),
    stat: path => tried(() => {{
      const [directory, size] = call('stat', path);
      return [{{mode: directory ? 0x4000 : 0x8000, size}}, 0];
    }}, errno => [null, errno]),
    mkdir: path => done('mkdir', path),
    remove: path => {{
      const [found] = os.stat(path);
      return done(found?.mode === 0x4000 ? 'rmdir' : 'remove', path);
    }},
    rename: (old, now) => done('rename', old, now),
  }};
}})();
"""
"""What there is of ``std`` and ``os``, the modules of QuickJS."""
