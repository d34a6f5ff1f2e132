# MySQL and files in one bucket. Both expire and nothing else is in it, so one rule, `delete-after-30-days`, covers the
# whole bucket.
mysql:
  backup:
    location: ocp-coalition-backup/database

backup:
  location: ocp-coalition-backup/site
  directories:
    /home/coalition/public_html:

aws:
  backup:
    # The user, and its policy, are named after the minion (cms-backup) unless this says otherwise.
    user: coalition-backup
    # What a bucket has beyond its name. The region here wins over aws:region, for this bucket.
    buckets:
      ocp-coalition-backup:
        region: us-east-1
        tags:
          site: coalition
    store:
      pillar_file: {{ opts.pillar_roots.base[0] }}/private/cms.sls
