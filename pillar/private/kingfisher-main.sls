# The private half: only the master and the server read it. `state.apply aws.account` on the control minion fills in the keys and
# leaves everything else as it is; so there is no Jinja in here.
postgres:
  backup:
    s3_bucket: ocp-db-backup
    s3_region: eu-central-1
    s3_endpoint: s3.eu-central-1.amazonaws.com
    # The access key of the user kingfisher-main-backup.
    s3_key:
    s3_key_secret:

aws:
  # The same key, for the script that backs up files.
  access_key:
  secret_key:
