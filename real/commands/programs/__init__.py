"""Programs of WASI, one file each."""
