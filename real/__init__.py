"""Real modules with several memories, made from npm packages at set-up: see ``real/README.md``."""
