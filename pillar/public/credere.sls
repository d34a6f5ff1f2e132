# PostgreSQL with pgBackRest, alone in its bucket: the bucket gets no lifecycle rule at all.
postgres:
  backup:
    type: pgbackrest
    configuration: credere1
    stanza: credere
    repo_path: /credere
    process_max: 4

aws:
  backup:
    store:
      pillar_file: {{ opts.pillar_roots.base[0] }}/private/credere.sls
