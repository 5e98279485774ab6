"""quickjs-rs: QuickJS, with functions of the host, coroutines, modules and TypeScript."""

import asyncio

from quickjs_rs import JSError, Runtime

with Runtime() as runtime, runtime.new_context(timeout=600) as context:
    print(context.eval("[1, 2, 3].map(x => x * 2)"), context.eval("({a: 1n << 70n, b: 'ü'})"))

    @context.function
    def greet(name: str) -> str:
        return f"hi {name}"

    print(context.eval("greet('world')"))
    for source in ("null.x", "throw new RangeError('told')", "1 +"):
        try:
            context.eval(source)
        except JSError as error:
            print(type(error).__name__, error)

    @context.function
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    print(asyncio.run(context.eval_async("(await later(1)) + (await later(2))")))
