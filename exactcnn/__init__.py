"""exactcnn proves, in exact rational arithmetic, that a CNN is right on every image of a feature-based task."""

__version__ = "0.1.0"
