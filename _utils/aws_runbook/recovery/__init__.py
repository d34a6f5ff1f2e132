"""Recovery: which objects existed at a moment, by a listing of versions; what was done since; and restoring them."""
