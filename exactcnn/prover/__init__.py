"""The modular proof: facts, head, refutation, verdict."""
