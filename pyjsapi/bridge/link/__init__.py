"""The link between Python and JavaScript: calls, exceptions and objects that cross it."""
