# The private half of the databases: `state.apply aws.account` on the control minion adds their passwords to it.
