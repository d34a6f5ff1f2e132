"""
The report: one HTML page about backups, what waits and what differs, for a person.
"""
