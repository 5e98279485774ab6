"""Control flow: from the instructions of a function to suites of Python, or to a state machine."""
