"""What transformations of modules have in common: instructions, edits of function bodies, functions that are added."""
