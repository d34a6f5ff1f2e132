"""IAM: policy documents, attachments and the rotation of access keys."""
