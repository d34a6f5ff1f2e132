"""What is mutated, which tests must notice (those of the same room, without AWS, in seconds), and which mutants may live."""

from dataclasses import dataclass
from pathlib import Path

import yaml

REASONS = Path(__file__).with_name("survivors.yaml")

# Tests of what the other tests draw: they take seconds, and say nothing of the code.
LEFT_OUT = {
    "test_fleets_are_drawn_with_plans_and_without",
    "test_ids_are_unique_and_short_enough",
    "test_the_situations_drawn_are_of_both_sorts",
}


@dataclass(frozen=True)
class Room:
    """Files below ``_utils/aws_runbook``, and tests below the root."""

    files: tuple
    tests: tuple


ROOMS = {
    "prefixes": Room(("prefixes.py",), ("tests/unit/test_prefixes.py",)),
    "guards": Room(
        (
            "backups/expiry.py",
            "backups/lifecycle_dangers.py",
            "backups/lifecycle_merge.py",
            "backups/lifecycle_rule.py",
            "backups/policy_replacement.py",
            "backups/search.py",
            "buckets/lifecycle_form.py",
        ),
        (
            "tests/unit/backups/test_lifecycle.py",
            "tests/unit/backups/test_policy_replacement.py",
            "tests/unit/backups/test_recovery.py",
            "tests/unit/backups/test_search.py",
            "tests/unit/buckets/test_lifecycle_form.py",
        ),
    ),
    "policies": Room(
        ("backups/policy_recognition.py", "iam/backup_policy.py", "iam/coverage.py", "iam/policies.py"),
        ("tests/unit/iam", "tests/unit/backups/test_policy_recognition.py", "tests/unit/backups/test_orphans.py"),
    ),
    "conflicts": Room(
        ("backups/conflicts.py",), ("tests/unit/backups/test_conflicts.py", "tests/unit/backups/test_plan.py")
    ),
    "recovery": Room(
        (
            "recovery/copying.py",
            "recovery/activity.py",
            "recovery/retention.py",
            "recovery/moments.py",
            "recovery/locations.py",
            "recovery/steps.py",
            "recovery/versions.py",
        ),
        ("tests/unit/recovery",),
    ),
    "stores": Room(
        (
            "stores/backends/pillar_file.py",
            "stores/backends/sdb.py",
            "stores/gpg.py",
            "stores/location.py",
            "stores/locking.py",
            "stores/minion.py",
            "stores/atomic_file.py",
            "stores/secret.py",
            "stores/store.py",
            "stores/yaml_edit.py",
        ),
        ("tests/unit/stores",),
    ),
}


def reasons():
    """By file, function, and the lines before and after: why a mutant may live."""
    return {
        (path, function, entry["from"], entry["to"]): entry["why"]
        for path, functions in yaml.safe_load(REASONS.read_text()).items()
        for function, entries in functions.items()
        for entry in entries
    }
