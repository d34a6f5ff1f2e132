"""
All users, groups, roles and policies of the account, in one listing. Access keys are not in it.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

_OWN = ("User", "Group", "Role", "LocalManagedPolicy")
_OF_AWS = "AWSManagedPolicy"
# As many as AWS gives in one answer; without it, a hundred.
_PAGE = 1000


def details(session, doing="list the users and policies of the account", *, policies_of_aws=False):
    """
    ``UserDetailList``, ``GroupDetailList``, ``RoleDetailList`` and ``Policies``, as AWS has them.

    With ``policies_of_aws``, the documents of attached AWS managed policies are included.
    """
    kinds = [*_OWN, *([_OF_AWS] if policies_of_aws else [])]
    return session.read("iam", "get_account_authorization_details", doing, Filter=kinds, MaxItems=_PAGE)
