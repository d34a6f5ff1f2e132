"""The access keys of IAM users: what there is, who owns a key, creation so that no secret is lost, and rotation."""
