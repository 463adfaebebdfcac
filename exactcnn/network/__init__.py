"""Layers, exact evaluation, the construction, the symbolic form."""
