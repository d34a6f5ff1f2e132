"""
The report: an HTML page about backups, pending entries and differences from pillar.
"""
