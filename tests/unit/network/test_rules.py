"""Rules of security groups: one text for each, whoever wrote it and however."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_runbook.errors import RunbookError
from aws_runbook.network import rules as security_rules

GROUPS = {"app": "sg-0123456789abcdef0", "bastion hosts": "sg-0123456789abcdef1"}

ports = st.one_of(
    st.none(),
    st.integers(0, 65535),
    st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(lambda pair: f"{min(pair)}-{max(pair)}"),
)
peers = st.sampled_from(["anywhere", "10.0.0.0/8", "2001:DB8::/32", "192.0.2.7/32", "pl-12345678", *GROUPS])
rules = st.one_of(
    st.builds(
        lambda protocol, port, source: {"protocol": protocol, "port": port, "source": source},
        st.sampled_from(["tcp", "udp"]),
        ports,
        peers,
    ),
    st.builds(
        lambda protocol, source: {"protocol": protocol, "source": source},
        st.sampled_from(["icmp", "icmpv6", "all"]),
        peers,
    ),
    st.builds(
        lambda service, source: {"service": service, "source": source},
        st.sampled_from([*security_rules.SERVICES]),
        peers,
    ),
)


def canonical(*given, direction="ingress"):
    return security_rules.canonical("security group g", direction, list(given))


@given(st.lists(rules, max_size=6))
def test_what_is_written_reads_back_the_same(wanted):
    texts = canonical(*wanted)
    permissions = [security_rules.permission(text, GROUPS) for text in texts]
    names = {group_id: name for name, group_id in GROUPS.items()}
    assert security_rules.texts("ingress", permissions, names) == texts
    assert canonical(*texts) == texts


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ({"service": "postgresql", "source": "anywhere"}, ["tcp 5432 from 0.0.0.0/0", "tcp 5432 from ::/0"]),
        ({"port": "0-65535", "source": "10.0.0.0/8"}, ["tcp 0-65535 from 10.0.0.0/8"]),
        ({"port": "80-80", "source": ["app", "10.0.0.0/8"]}, ["tcp 80 from 10.0.0.0/8", "tcp 80 from group app"]),
        ({"protocol": "all", "source": "2001:DB8::/32"}, ["all all from 2001:db8::/32"]),
        ({"protocol": "icmp", "source": "10.0.0.0/8"}, ["icmp all from 10.0.0.0/8"]),
    ],
)
def test_forms_of_a_rule(rule, texts):
    expected = [text.replace("tcp 0-65535", "tcp all") for text in texts]
    assert canonical(rule) == expected


def test_aws_groups_permissions_as_it_likes():
    merged = {
        "IpProtocol": "6",
        "FromPort": 5432,
        "ToPort": 5432,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0", "Description": "all"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        "UserIdGroupPairs": [{"GroupId": GROUPS["app"]}, {"GroupId": "sg-0fffffffffffffff0"}],
        "PrefixListIds": [{"PrefixListId": "pl-12345678"}],
    }
    assert security_rules.texts("ingress", [merged], {GROUPS["app"]: "app"}) == [
        "tcp 5432 from 0.0.0.0/0",
        "tcp 5432 from 10.0.0.0/8",
        "tcp 5432 from ::/0",
        "tcp 5432 from group app",
        "tcp 5432 from group sg-0fffffffffffffff0",
        "tcp 5432 from pl-12345678",
    ]


def test_a_type_and_code_of_icmp_survive():
    permission = {"IpProtocol": "icmp", "FromPort": 3, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    (text,) = security_rules.texts("ingress", [permission], {})
    assert text == "icmp 3/-1 from 10.0.0.0/8"
    assert security_rules.permission(text, {}) == permission


def test_ids_become_names():
    names = {group_id: name for name, group_id in GROUPS.items()}
    texts = canonical({"port": 22, "source": [GROUPS["bastion hosts"], "10.0.0.0/8", "sg-0fffffffffffffff0"]})
    assert security_rules.renamed(texts, names) == [
        "tcp 22 from 10.0.0.0/8",
        "tcp 22 from group bastion hosts",
        "tcp 22 from group sg-0fffffffffffffff0",
    ]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"service": "ftp", "source": "anywhere"}, "service is 'ftp'; allowed are ssh, http"),
        ({"service": "ssh", "port": 22, "source": "anywhere"}, "give one or the other"),
        ({"port": "5432-22", "source": "anywhere"}, "port is '5432-22'"),
        ({"port": True, "source": "anywhere"}, "port is True"),
        ({"protocol": "icmp", "port": 1, "source": "anywhere"}, "which icmp does not have"),
        ({"protocol": "gre", "source": "anywhere"}, "protocol is 'gre'; allowed are"),
        ({"port": 22, "source": "10.0.0.1/8"}, "10.0.0.1/8 has host bits set"),
        ({"port": 22, "source": 10}, "source is 10"),
        ({"port": 22, "from": "anywhere"}, "unknown key 'from'; allowed are service, port, protocol, source"),
        ({"port": 22}, "without source"),
        ("ssh from home", "has the rule 'ssh from home'"),
        ("tcp 22 to 10.0.0.0/8", "has the rule 'tcp 22 to 10.0.0.0/8'"),
        (22, "has the rule 22"),
    ],
)
def test_a_rule_that_cannot_be_meant(rule, sentence):
    with pytest.raises(RunbookError, match=r"^security group g: ingress") as excinfo:
        canonical(rule)
    assert sentence in str(excinfo.value)


@pytest.mark.parametrize("rules_given", ["anywhere", {"service": "ssh"}, None])
def test_rules_are_a_list(rules_given):
    with pytest.raises(RunbookError, match="give a list of rules"):
        security_rules.canonical("security group g", "ingress", rules_given)
