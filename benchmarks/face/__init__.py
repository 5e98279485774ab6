"""What the JavaScript face costs: the namespace that Python implements, measured from JavaScript."""
