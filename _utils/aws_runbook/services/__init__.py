"""
AWS's services: a file for each has, as data, the facts about it that this project needs. New files are discovered.
"""

import importlib
import pkgutil

from aws_runbook.services.service import Service

_FILES = [entry.name for entry in pkgutil.iter_modules(__path__) if entry.name != "service"]
_SERVICES = {
    service.name: service for name in _FILES for service in importlib.import_module(f"{__name__}.{name}").SERVICES
}


def of(name):
    """The service that boto3 calls ``name``; one without a file has the defaults."""
    return _SERVICES.get(name) or Service(name)


def merged(attribute):
    """The mappings that the services have as ``attribute``, merged."""
    return {key: value for service in _SERVICES.values() for key, value in getattr(service, attribute).items()}


def iam_action(service, operation):
    """The IAM action, such as ``iam:CreateUser``, that ``operation`` (``CreateUser``) of ``service`` needs."""
    known = of(service)
    return f"{known.prefix or known.name}:{known.action_names.get(operation, operation)}"
