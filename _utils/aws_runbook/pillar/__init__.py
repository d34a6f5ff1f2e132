"""The shape of the pillar that is read, as data, and the sentences about what is wrong with it."""
