"""IAM."""

from collections import defaultdict

from aws_runbook.services.service import Made, Service, Whole

_ABSENT = ("NoSuchEntity",)
# What a listing of the account answers.
_COVERED = frozenset(
    {
        "get_group",
        "get_policy",
        "get_policy_version",
        "get_user",
        "list_attached_group_policies",
        "list_attached_user_policies",
        "list_groups",
        "list_groups_for_user",
        "list_policies",
        "list_users",
    }
)


def _answers(pages):
    """
    The content of GetAccountAuthorizationDetails about users, groups and customer managed policies. Of a policy it leaves out the tags.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    users, groups, policies = (
        [entry for page in pages for entry in page.get(member) or ()]
        for member in ("UserDetailList", "GroupDetailList", "Policies")
    )
    # The time of the answer, by AWS's clock, is in its header.
    asked_at = pages[0].get("ResponseMetadata") if pages else None
    members = defaultdict(list)
    for user in users:
        asked = {"UserName": user["UserName"]}
        joined = user.get("GroupList") or []
        for group in joined:
            members[group].append(asked)
        yield "get_user", asked, {"User": user, "ResponseMetadata": asked_at or {}}
        yield "list_attached_user_policies", asked, {"AttachedPolicies": user.get("AttachedManagedPolicies") or []}
        yield "list_groups_for_user", asked, {"Groups": [{"GroupName": group} for group in joined]}
    for group in groups:
        asked = {"GroupName": group["GroupName"]}
        yield "get_group", asked, {"Group": group, "Users": members[group["GroupName"]]}
        yield "list_attached_group_policies", asked, {"AttachedPolicies": group.get("AttachedManagedPolicies") or []}
    for policy in policies:
        asked = {"PolicyArn": policy["Arn"]}
        yield "get_policy", asked, {"Policy": {**policy, "PolicyVersionList": None}}
        for version in policy.get("PolicyVersionList") or ():
            if version["VersionId"] == policy.get("DefaultVersionId"):
                yield "get_policy_version", {**asked, "VersionId": version["VersionId"]}, {"PolicyVersion": version}
    yield "list_users", {}, {"Users": [{"UserName": user["UserName"]} for user in users]}
    yield "list_groups", {}, {"Groups": [{"GroupName": group["GroupName"]} for group in groups]}
    named = [{"PolicyName": policy["Arn"].rpartition("/")[2], "Arn": policy["Arn"]} for policy in policies]
    yield "list_policies", {"Scope": "Local"}, {"Policies": named}


SERVICES = (
    Service(
        "iam",
        busy=("ConcurrentModification", "EntityTemporarilyUnmodifiable"),
        subjects=("GroupName", "PolicyArn", "PolicyName", "UserName"),
        changed_by={
            "list_access_keys": (
                "create_access_key",
                "update_access_key",
                "delete_access_key",
                "create_user",
                "delete_user",
            )
        },
        made={
            "create_user": Made(("UserName",), ("UserName",), _ABSENT, in_any_case=True),
            "create_group": Made(("GroupName",), ("GroupName",), _ABSENT, in_any_case=True),
            "create_policy": Made(("PolicyName",), ("PolicyArn",), _ABSENT),
            "create_access_key": Made(("AccessKey", "AccessKeyId"), ("AccessKeyId",), _ABSENT),
        },
        whole=Whole(
            "get_account_authorization_details",
            {"Filter": ["User", "Group", "LocalManagedPolicy"], "PaginationConfig": {"PageSize": 1000}},
            _answers,
            _COVERED,
            "list the users, groups and policies of the account",
            {
                "get_user": ("UserName", r"[^/:]+"),
                "get_group": ("GroupName", r"[^/:]+"),
                "get_policy": ("PolicyArn", r"arn:[\w-]+:iam::\d{12}:policy/.+"),
            },
        ),
    ),
)
