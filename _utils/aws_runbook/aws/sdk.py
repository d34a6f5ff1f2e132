"""The imports of AWS's library, in one place, so that every module reports what to install if it is missing."""

try:
    import boto3
    from botocore import exceptions
    from botocore.config import Config
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials, ProcessProvider
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.validate import ParamValidator
except ImportError as error:
    raise ImportError(f"saltext.aws-runbook needs boto3 ({error}): install it with 'salt-pip install boto3'") from error

__all__ = [
    "AssumeRoleCredentialFetcher",
    "BotoCoreError",
    "ClientError",
    "Config",
    "DeferredRefreshableCredentials",
    "NoCredentialsError",
    "ParamValidator",
    "ProcessProvider",
    "boto3",
    "exceptions",
]
