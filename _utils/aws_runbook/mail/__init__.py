"""Email: SES identities, SNS topics, subscriptions, SMTP, receiving and verification."""
