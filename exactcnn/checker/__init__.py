"""The independent checker of certificates: standard library only, imports nothing of the package (see FORMAT.md)."""
