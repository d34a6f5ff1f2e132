"""What services/ must know of each call that the code makes: a new kind that forgets it fails here."""

import re

import botocore.session

from aws_runbook import services
from tests.unit.test_permissions_page import OPERATIONS, _files, _operations

MADE = services.merged("made")
# They create nothing that a later call names: a change of something that exists, or something without a name.
UNNAMED = {
    "add_tags_to_resource",
    "add_user_to_group",
    "attach_group_policy",
    "attach_role_policy",
    "attach_user_policy",
    "copy_object",
    "create_configuration_set_event_destination",
    "create_multipart_upload",
    "create_policy_version",
    "create_receipt_rule",
    "create_receipt_rule_set",
    "create_route",
    "create_tags",
}
CREATING = re.compile(r"(create|attach|register|add|import|allocate|restore|copy)_\w+")


def called():
    """``(service, method, operation)`` of every call that the code can make."""
    names = {operation: method for known in OPERATIONS.values() for method, operation in known.items()}
    return {
        (service, names[operation], operation)
        for path in _files()
        if path.parent.name != "services"
        for service, operation in _operations(path)
    }


def test_what_a_call_creates_is_known_or_has_no_name():
    creating = {method for _, method, _ in called() if CREATING.fullmatch(method)}
    assert sorted(creating - MADE.keys() - UNNAMED) == [], "add it to `made` of its service, or to UNNAMED here"
    assert sorted(UNNAMED - creating) == []
    assert not UNNAMED & MADE.keys()


def test_each_error_of_a_concurrent_change_is_repeated():
    loader = botocore.session.get_session()
    forgotten = set()
    for service, _, operation in called():
        model = loader.get_service_model(service).operation_model(operation)
        for shape in model.error_shapes:
            code = shape.metadata.get("error", {}).get("code") or shape.name
            if re.search("Concurren", shape.name) and code not in services.of(service).busy:
                forgotten.add((service, code))
    assert sorted(forgotten) == []
