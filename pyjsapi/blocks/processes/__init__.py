"""Blocks that several processes share, and what they agree by."""
