"""Backups: from pillar to targets, buckets, lifecycle rules, policies, users and keys."""
