"""The groups: one module each, at most a screen long, that holds a ``GROUP``."""
