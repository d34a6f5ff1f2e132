# The server's side of file backups, as such trees have it: a script, its settings, a cron entry.
include:
  - aws

/home/sysadmin-tools/bin/site-backup.sh:
  test.nop:
    - require:
      - test: awscli

site-backup:
  test.nop:
    - name: {{ pillar.backup.location }}
