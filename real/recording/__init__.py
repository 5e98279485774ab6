"""Recordings of programs in Node, and their players; README.md of the folder above tells how they work."""
