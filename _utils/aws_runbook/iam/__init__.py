"""IAM: the listing of the account, policy documents, and the holders of policies."""
