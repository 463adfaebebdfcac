"""Features, classes, configurations, admissibility of an image, the generator."""
