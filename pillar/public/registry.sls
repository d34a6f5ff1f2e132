# PostgreSQL with a dump script, and a directory that is mirrored into the same bucket.
#
# Dumps expire after 30 days. A mirror must never expire: a file that has not changed for 30 days is still part of it. So
# the rule is limited to the dumps' prefix, database/.
postgres:
  backup:
    type: script
    location: ocp-registry-backup/database
    databases:
      - registry
      - spoonbill

sync:
  location: ocp-registry-backup/file-sync
  directories:
    /data/storage/exporter:

aws:
  # The server is in London, so its bucket is too.
  region: eu-west-2
  backup:
    store:
      pillar_file: {{ opts.pillar_roots.base[0] }}/private/registry.sls
    # The other kinds of store, in place of the above:
    #
    # 1. The same file, with the secret encrypted for Salt's GPG renderer. Name recipients by their whole fingerprint.
    #
    # store:
    #   pillar_file: {{ opts.pillar_roots.base[0] }}/private/registry.sls
    #   gpg:
    #     recipients: [2DC47B416EE8C3484450B450A4D44406274AF44E]
    #
    # 2. A vault, keyring or database that Salt's sdb can write to, as sdb://PROFILE/ADDRESS. PROFILE is in the
    #    configuration of the minion that runs the states; the values go to ADDRESS/access_key and ADDRESS/secret_key.
    #
    # store: sdb://vault/secret/aws/registry
    #
    # What is deleted or overwritten with the server's key can be had back for 30 days with this beside `store`; docs/recovery.md has what it costs.
    #
    # recovery:
    #   days: 30
