"""How AWS is reached, read and written: connections, one session for every call, retries, answers and errors."""
