"""Other programs that answer as S3 or AWS do, each started and stopped by a file of its own: second opinions of the sandbox."""
