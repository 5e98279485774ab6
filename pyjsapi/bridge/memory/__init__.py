"""Memories whose bytes JavaScript can have, and shared bytes of JavaScript's own."""
