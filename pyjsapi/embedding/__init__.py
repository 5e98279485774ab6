"""Where an engine and a host meet (core: "Embedding"): what either may expect of the other."""
