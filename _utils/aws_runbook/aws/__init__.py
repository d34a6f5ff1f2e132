"""Access to AWS: connections, one session for every call, retries, answers and errors."""
