"""What a new kind of resource must be added to: forgetting it fails here, and not silently."""

import ast
import pkgutil

from aws_runbook import services
from aws_runbook.run import prefetch
from sandbox import handlers
from tests.fixtures.modules import STATES, TREE, loaded


def functions(path):
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


ROLES = {name: loaded(name, "states").ROLE for name in STATES}


def test_each_state_module_says_what_a_run_does_for_several_of_its_states():
    assert {type(role) for role in ROLES.values()} == {prefetch.Role}
    assert {name for name, role in ROLES.items() if role.read_ahead} >= {
        "s3_bucket",
        "s3_lifecycle",
        "iam_user",
        "sns_topic",
    }
    assert not any(ROLES[name].read_ahead for name in ROLES if name.startswith("ses_")), "SES answers once a second"


def test_what_is_listed_has_a_listing_and_what_writes_side_by_side_is_a_state():
    for name, role in ROLES.items():
        assert not role.listed or services.of(role.listed).whole, name
        assert set(role.batched) <= set(functions(TREE / "_states" / f"{name}.py")), name


def test_each_kind_that_can_wait_is_asked_what_for():
    waiting = {path.stem for path in TREE.glob("_modules/*.py") if "pending" in functions(path)}
    assert set(loaded("aws_account")._waiting_kinds()) == waiting - {"aws_account"}
    assert {"ses_identity", "rds_cluster"} <= waiting


def test_each_service_that_the_sandbox_has_has_a_file():
    files = {entry.name for entry in pkgutil.iter_modules(services.__path__)} - {"service"}
    assert {name.removesuffix("v2") for name in handlers.SERVICES} - files == {"sts"}, "STS has nothing particular"


def test_what_a_service_says_names_boto3s_own_methods():
    import boto3

    session = boto3.Session(region_name="us-east-1")
    for name in handlers.SERVICES:
        known, client = services.of(name), session.client(name)
        methods = client.meta.method_to_api_mapping
        assert known.made.keys() | known.listings.keys() | known.about_several.keys() <= methods.keys()
        assert known.action_names.keys() <= set(methods.values())
        for method, made in known.made.items():
            members = set(client.meta.service_model.operation_model(methods[method]).input_shape.members)
            answer = client.meta.service_model.operation_model(methods[method]).output_shape
            assert made.name[0] in members | set(answer.members if answer else ()), method
            assert made.within is None or made.within in members, method
