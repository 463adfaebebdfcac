"""What has to be proved: border kinds, local and head sequents, admissibility."""
