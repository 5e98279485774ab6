"""The binary format: decoder, encoder, name section (core: "Binary Format")."""
