"""
How to connect to a database: host, port and user, and shell commands. Never a password.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ConnectToPostgreSQLInstance.html
"""

import shlex

_LOCAL_PORT = 15432


def details(host, port, user, database, engine, *, public, secret=None):
    """What is known of the way to a database, as a mapping."""
    postgresql = "postgres" in engine
    database = database or ("postgres" if postgresql else None)
    found = {"host": host, "port": port, "user": user, "database": database}
    notes = []
    if secret:
        found["secret_arn"] = secret
        notes.append("AWS keeps the password in Secrets Manager, under secret_arn.")
    if public:
        if postgresql:
            found["psql"] = psql_line(host, port, user, database)
        return {**found, "notes": notes}
    found["tunnel"] = tunnel_line(host, port)
    if postgresql:
        found["psql"] = psql_line("localhost", _LOCAL_PORT, user, database)
    notes.append(
        "It has no public address: a bastion is needed, a machine in its VPC that you can log in to. Put it in place of "
        "BASTION, leave the tunnel line running, and connect in another shell."
    )
    return {**found, "notes": notes}


def psql_line(host, port, user, database):
    """A line for the shell that connects with psql, encrypted, and asks for the password."""
    parts = {"host": host, "port": port, "user": user, "dbname": database, "sslmode": "require"}
    conninfo = " ".join(f"{name}={_quoted(str(value))}" for name, value in parts.items())
    return f"psql {shlex.quote(conninfo)}"


def _quoted(value):
    """https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE"""
    if value and not set(value) & set(" '\\"):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def tunnel_line(host, port):
    """A line for the shell that leads a port of this machine to the database, through a bastion."""
    return f"ssh -N -L {_LOCAL_PORT}:{host}:{port} BASTION"
