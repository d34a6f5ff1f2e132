# The private half: only the master and the server read it. `state.apply aws.account` on the control minion adds aws:access_key
# and aws:secret_key to it.
