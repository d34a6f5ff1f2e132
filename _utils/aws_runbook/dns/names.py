"""
Domains and addresses of email, in the canonical form that SES and DNS use.
"""

import re

from aws_runbook.errors import RunbookError

# https://www.rfc-editor.org/rfc/rfc1035#section-2.3.1, with the digits that RFC 1123 allows at the beginning of a label.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN_LENGTH = 253
# The part before the @ that SES takes: a dot-atom. https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LOCAL_LENGTH = 64


def is_address(identity):
    """Whether an identity is an address, and not a domain."""
    return "@" in identity


def domain_of(identity):
    """The domain of an identity: its own, or that of the address."""
    return identity.rpartition("@")[2].lower()


def identity(name):
    """An identity in the form in which SES lists it; ``ValueError`` with the rest of a sentence if it cannot be one."""
    return address(name) if isinstance(name, str) and is_address(name) else domain(name)


def address(name):
    """An address, its domain in small letters; ``ValueError`` with the rest of a sentence if it is none."""
    local, at, of = name.rpartition("@") if isinstance(name, str) else ("", "", "")
    if not at or len(local) > _LOCAL_LENGTH or not _LOCAL.fullmatch(local):
        raise ValueError("give an email address such as noreply@example.org")
    return f"{local}@{domain(of)}"


def domain(name):
    """A domain in small letters; ``ValueError`` with the rest of a sentence if it is none that can have mail."""
    if not isinstance(name, str) or not name:
        raise ValueError("give a domain such as example.org")
    if not name.isascii():
        raise ValueError(f"DNS has it in its IDNA form: write {_idna(name)}")
    if name.endswith("."):
        raise ValueError("leave out the dot at the end")
    if "_" in name:
        raise ValueError("a domain that sends or receives mail has no underscore")
    lowered = name.lower()
    labels = lowered.split(".")
    if len(lowered) > _DOMAIN_LENGTH or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004 - a name and its top-level domain
        raise ValueError("give a domain such as example.org")
    return lowered


def _idna(name):
    try:
        return name.rstrip(".").encode("idna").decode()
    except UnicodeError:
        return "it as xn--…"


def is_below(name, parent):
    """Whether ``name`` is a subdomain of ``parent``, and not the same."""
    return name.endswith(f".{parent}")


def check(where, argument, value, form):
    """``value`` in the form that ``form`` (a function of this module) gives it; one sentence if it has none."""
    try:
        return form(value)
    except ValueError as error:
        raise RunbookError(f"{where}: {argument} is {value!r}: {error}.") from None


def check_mail_from(where, value, identity):
    """The MAIL FROM domain of an identity: a subdomain of the identity's domain."""
    checked = check(where, "mail_from", value, domain)
    if not is_below(checked, domain_of(identity)):
        raise RunbookError(
            f"{where}: mail_from is {value!r}; give a subdomain of {domain_of(identity)}, such as "
            f"mail.{domain_of(identity)}, that sends and receives nothing else."
        )
    return checked
