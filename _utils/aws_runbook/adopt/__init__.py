"""Generate pillar that describes the existing resources of an account: a file for each subject."""
