"""IAM: the listing of the account, policy documents, and who has which policy."""
