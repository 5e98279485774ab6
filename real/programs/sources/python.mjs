/** Python for interpreters of it; what is printed counts. */
export const PYTHON = `
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(9), [fib(k) for k in range(8)])
words = "the quick brown fox jumps over the lazy dog".split()
counts = {}
for word in words:
    counts[word] = counts.get(word, 0) + 1
print(sorted(counts.items()), "-".join(reversed(words))[:20].upper(), "{:>6}|{!r}".format("a", "b'"))
class Shape:
    def __init__(self, *sides, **names):
        self.sides, self.names = sides, names
    def __repr__(self):
        return "%s%r" % (type(self).__name__, self.sides)
    def __lt__(self, other):
        return sum(self.sides) < sum(other.sides)
print(sorted([Shape(3, 4), Shape(1), Shape(2, 2, x=1)]), 7 // -2, 7 % -3, 2 ** 70, -(1 << 65) >> 3, 1e300 * 10, 0.1 + 0.2)
try:
    {}["missing"]
except KeyError as error:
    print("KeyError", error.args)
finally:
    print("finally")
def gen(n):
    for k in range(n):
        got = yield k
        if got:
            yield got * 2
g = gen(5)
print(next(g), g.send(21), list(g), sum(x * x for x in range(10) if x % 2))
`;

/** More of it, in pieces of which each may fail. */
export const MORE_PYTHON = `def outer():
    total = 0
    def inner(x):
        nonlocal total
        total += x
        return total
    return inner
f = outer(); f(3); print(f(4), (lambda *a, k=1, **kw: (a, k, kw))(1, 2, k=3, z=4))
####
a, *b, c = range(6); print(a, b, c, {1, 2} | {2, 3}, {1, 2} & {2}, b[::-1], b[1:3])
####
sieve = [True] * 200
for i in range(2, 15):
    if sieve[i]:
        for j in range(i * i, 200, i):
            sieve[j] = False
print([i for i in range(2, 200) if sieve[i]])
####
class E(Exception):
    pass
def thrower(n):
    try:
        if n == 0:
            raise E("deep", n)
        thrower(n - 1)
    finally:
        print(n, end=" ")
try:
    thrower(6)
except (ValueError, E) as e:
    print(type(e).__name__, e.args)
####
class Ctx:
    def __enter__(self): print("in", end=" "); return self
    def __exit__(self, *a): print("out", a[0] is ZeroDivisionError); return True
with Ctx() as ctx:
    1 / 0
####
print(bytes(range(5)), bytearray(b"abc")[1], "äöü€".encode(), b"\\xe2\\x82\\xac".decode(), hash("a") == hash("a"), ord("é"))
####
print("%5.2f|%-5d|%05x|%s" % (3.14159, 42, 255, None), "{0:.3e} {1:>8} {2:^7}".format(12345.678, "r", "m"), int("-0x1f", 16), float("1e-3"), round(2.5), divmod(-17, 5), pow(3, 100, 7), abs(-2.5))
####
print(isinstance(True, int), type(1.0), all([1, 0]), any([0, 1]), max([3, 9, 2], key=lambda x: -x), list(zip("abc", range(3))), list(enumerate("xy", 1)), list(map(str, [1, 2])), "a,b,,c".split(","), " x ".strip(), "abc".find("c"), "aXbX".replace("X", "--"))
####
def recurse(n):
    return recurse(n + 1)
try:
    recurse(0)
except RuntimeError as e:
    print("RuntimeError", e)
####
big = 1
for k in range(1, 40):
    big *= k
print(big, big // 3 ** 20, big % 1000007, -big >> 70, big & 0xffffffffffff, int(str(big)[::-1]))
####
class Meta:
    x = 1
    @property
    def y(self): return self.x * 2
    @staticmethod
    def s(): return "static"
    @classmethod
    def c(cls): return cls.__name__
    def __getattr__(self, name): return "no " + name
    def __call__(self, *a): return len(a)
    def __getitem__(self, k): return k
    def __contains__(self, k): return k == 5
    def __eq__(self, o): return True
m = Meta(); print(m.y, m.s(), m.c(), m.zz, m(1, 2), m[1:2], 5 in m, m == 3, not m)
####
exec("q = [x for x in range(3)]"); print(eval("q + [sum(q)]"), (yield_ := 5) if False else "walrus")
`.split("####\n");
