"""Exact rationals and tensors, affine forms, boxes, errors, verdicts."""
