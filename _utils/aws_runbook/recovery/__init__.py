"""The way back: what a listing of versions says of a moment, what was done since, and bringing objects back to what they were."""
