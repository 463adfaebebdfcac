"""Adapters of decision procedures behind one protocol, and process pools."""
