# The private half: only the master and the server read it. `state.apply aws.account` on the control minion fills in the key and
# leaves everything else as it is; so there is no Jinja in here.
aws:
  # The access key of the user coalition-backup, for the scripts.
  access_key:
  secret_key:

mysql:
  users:
    coalition:
      password: not-a-real-password  # private values of other states stay untouched
