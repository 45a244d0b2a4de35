"""The thinking, held against tables and laws: what is decided, what it costs, what forbids it, what it is known by."""
