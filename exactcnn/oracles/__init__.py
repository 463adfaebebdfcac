"""Independent deciders: the monolithic formula and the enumeration of the generator."""
