"""The audit of backups: read, judge, render."""
