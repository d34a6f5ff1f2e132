"""What would change and what waits, for a person and for a program that watches."""
