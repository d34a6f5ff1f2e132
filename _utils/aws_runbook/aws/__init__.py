"""How AWS is reached, read and written: connections, one session for every call, its cache, retries and errors."""
