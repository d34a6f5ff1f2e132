"""Kinds of resources: their tables of attributes, the algorithm behind every state, and the checks of arguments."""
