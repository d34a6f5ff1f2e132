"""What a kind of resource is: the algorithm behind every state, and the checks of arguments."""
