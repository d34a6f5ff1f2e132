# The private half of the databases: `state.apply aws` on the control minion adds their passwords to it.
