# The private half: only the master and the server read it. `state.apply aws.account` on the control minion fills in the key and
# leaves everything else as it is; so there is no Jinja in here.
postgres:
  backup:
    s3_bucket: ocp-credere-backup
    # The bucket is created in this region.
    s3_region: us-east-1
    s3_endpoint: s3.us-east-1.amazonaws.com
    # s3_key and s3_key_secret are not here yet: they are added beside the others.
