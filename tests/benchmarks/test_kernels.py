"""Every kernel of the benchmarks computes the right answer on pyjsapi, on wasmtime and by hand."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from benchmarks.engines import Engine, HandWritten, Pyjsapi, Wasmtime
from benchmarks.kernels import ALL_KERNELS, FOLDER, Kernel, WrongAnswer
from benchmarks.make_kernels import made_kernels

# The environments of the other Pythons hold the project and pytest alone.
ORACLES = (Wasmtime(),) if find_spec("wasmtime") else ()
ENGINES: tuple[Engine, ...] = (Pyjsapi(), *ORACLES, HandWritten())


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize("kernel", ALL_KERNELS, ids=lambda kernel: kernel.name)
def test_the_answer_is_right(engine: Engine, kernel: Kernel) -> None:
    kernel.check(engine.name, engine.load(kernel)())


def test_a_kernel_can_be_called_again() -> None:
    for kernel in ALL_KERNELS:
        if kernel.name == "nbody":
            continue  # the simulation goes on where it stopped
        call = Pyjsapi().load(kernel)
        kernel.check("the first call", call())
        kernel.check("the second call", call())


def test_nbody_goes_on_as_by_hand() -> None:
    (kernel,) = (each for each in ALL_KERNELS if each.name == "nbody")
    compiled, by_hand = Pyjsapi().load(kernel), HandWritten().load(kernel)
    assert [compiled() for _ in range(3)] == [by_hand() for _ in range(3)]


def test_every_file_is_a_kernel_and_every_kernel_a_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.wat")} == {each.name for each in ALL_KERNELS}


def test_the_made_kernels_are_what_the_generator_makes() -> None:
    made = made_kernels()
    assert made == {name: (FOLDER / name).read_text(encoding="utf-8") for name in made} != {}


def test_a_wrong_answer_is_found() -> None:
    kernel = ALL_KERNELS[0]
    with pytest.raises(WrongAnswer, match=r"engine computes 378 in fib\(14,\), it is 377"):
        kernel.check("engine", 378)
    kernel.check("engine", kernel.expected - 2**32)
