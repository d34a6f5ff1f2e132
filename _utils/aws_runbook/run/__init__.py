"""One run of states: its cache, what a write invalidates, reading ahead, listings of the account, and what it has just created."""
