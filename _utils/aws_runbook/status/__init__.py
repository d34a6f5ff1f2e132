"""Report planned changes and pending entries, to people and to monitoring."""
