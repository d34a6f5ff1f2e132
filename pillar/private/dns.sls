# The private half of email: how the DNS host is reached, which takes a secret. While no provider is named, the records that
# mail needs are shown by `salt-call aws_account.pending`, and somebody adds them by hand. With one, `state.apply aws.account` adds
# them (docs/email.md has other providers):
#
# aws:
#   ses:
#     dns:
#       provider: cloudflare
#       zone: example.org
#       auth_token: sdb://vault/cloudflare
