"""What functions say of arguments that they do not take, and of what is not there: a sentence each."""

import pytest
from salt.exceptions import CommandExecutionError

NETWORK = [
    ("ec2_vpc.obstacles", ["lab"], "There is no VPC lab in us-east-1: declare it in aws:ec2:vpcs, or name another."),
    (
        "ec2_subnet.create",
        ["lab-a", "lab", "10.0.1.0/24"],
        "There is no VPC lab in us-east-1: declare it in aws:ec2:vpcs, or name another.",
    ),
    ("ec2_subnet.obstacles", ["lab-a", "lab"], "There is no subnet lab-a in the VPC lab."),
    ("ec2_security_group.obstacles", ["web"], "There is no security group web in the default VPC."),
    ("ec2_security_group.obstacles", ["web", "lab"], "There is no security group web in the VPC lab."),
    (
        "ec2_security_group.create",
        ["sg-web", "Web"],
        (
            "security group sg-web: its name has 1 to 255 characters of letters without accents, digits, spaces and "
            "._-:/()#,@[]+=&;{}!$*, and does not begin with sg-."
        ),
    ),
]
BUCKETS = [
    ("s3_lifecycle.delete_rule", ["ocp-x", "old"], "There is no bucket ocp-x."),
    (
        "s3_lifecycle.update",
        ["ocp-x", "old"],
        "bucket ocp-x: rules is 'old'; give a list of lifecycle rules, which may be empty.",
    ),
]
USERS = [
    (
        "iam_access_key.apply",
        ["cms-backup", "burn", None, "sdb://vault/cms"],
        "action is 'burn'; allowed are create, rotate, deactivate, delete, clean.",
    ),
    (
        "iam_access_key.rotate",
        ["cms-backup"],
        "The user cms-backup has no store: set aws:backup:store in the server's pillar, or aws:ses:smtp_users:cms-backup:store.",
    ),
]
DATABASES = [
    ("rds_instance.connection_details", ["analysis"], "There is no DB instance analysis."),
    (
        "rds_instance.reset_password",
        ["analysis"],
        "The password of analysis has no store: set aws:rds:instances:analysis:store in pillar.",
    ),
]
PLANS = [
    (f"{module}.plan", ["xml"], "format is 'xml'; allowed are table, data.")
    for module in ("aws_backup", "aws_database", "aws_email")
]


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(("function", "arguments", "sentence"), [*NETWORK, *BUCKETS, *USERS, *DATABASES, *PLANS])
def test_it_is_refused_in_a_sentence(modules, function, arguments, sentence):
    with pytest.raises(CommandExecutionError) as refused:
        modules[function](*arguments)
    assert str(refused.value) == sentence
