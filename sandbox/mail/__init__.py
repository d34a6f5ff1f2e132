"""
SES as both of its APIs see it: identities, configuration sets, the account, and mail that arrives.
"""
