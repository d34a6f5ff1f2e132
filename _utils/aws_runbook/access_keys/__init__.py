"""The access keys of IAM users: their inventory, the owner of a key, creation so that no secret is lost, and rotation."""
