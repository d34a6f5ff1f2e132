"""The schema of the pillar that is read, as data, and the messages about invalid pillar."""
