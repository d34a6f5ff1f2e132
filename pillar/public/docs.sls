# Files, alone in their bucket and without a prefix: the rule and the policy are for the whole bucket.
backup:
  location: ocp-docs-backup
  directories:
    /srv/docs:

aws:
  region: us-east-1
  backup:
    # Days until a backup expires. 30 unless said otherwise.
    expire_days: 90
    store:
      pillar_file: {{ opts.pillar_roots.base[0] }}/private/docs.sls
