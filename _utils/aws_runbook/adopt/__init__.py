"""Which pillar describes what there is in an account already: a file for each subject."""
