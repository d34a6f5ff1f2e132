# PostgreSQL with pgBackRest, and some files beside it in the same bucket.
#
# pgBackRest expires its own backups, so no lifecycle rule may touch /kingfisher: the rule for the files is limited to
# their prefix, incremental/.
postgres:
  backup:
    type: pgbackrest
    configuration: kingfisher-main1
    stanza: kingfisher
    # The repository's place in the bucket. The bucket itself is in the private half.
    repo_path: /kingfisher
    retention_full: 4

backup:
  # BUCKET/PREFIX
  location: ocp-db-backup/incremental
  directories:
    /var/lib/kingfisher:
    /etc/kingfisher:

aws:
  # Where the server's scripts, and so its file backups, go. The repository's s3_region must agree: it is one bucket.
  region: eu-central-1
  backup:
    # Where the user's access key goes once it is made. pgBackRest and the scripts read it from different pillar keys
    # (postgres:backup:s3_key… and aws:access_key…), so it is written to both. opts.pillar_roots.base[0] is this folder:
    # /srv/pillar, unless Salt's configuration says otherwise.
    store:
      pillar_file: {{ opts.pillar_roots.base[0] }}/private/kingfisher-main.sls
