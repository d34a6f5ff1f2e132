"""
Show a text as it is, and nothing beside it, so that it can be written into a file; anything else as Salt shows it.

CLI Example:

.. code-block:: bash

    salt-call aws_account.adopt > adopted.sls
"""

import salt.output


def output(data, **_options):
    """The values of ``data``, which are by minion."""
    values = list(data.values()) if isinstance(data, dict) else [data]
    if all(isinstance(value, str) for value in values):
        return "\n".join(values)
    return salt.output.out_format(data, "nested", __opts__)
