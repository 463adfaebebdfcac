"""Pictures and pages: pure functions of an outcome."""
