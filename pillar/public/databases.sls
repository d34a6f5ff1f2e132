# Databases for analysis, which the control minion makes. Their data may be lost: see docs/databases.md for what that
# allows, and for the preset `production`, which allows none of it.
aws:
  ec2:
    vpcs:
      # A network of its own for the cluster below. Subnets that name no zone land in different ones, as RDS asks for.
      lab:
        cidr_block: 10.0.0.0/16
        enable_dns_hostnames: True
        subnets:
          lab-a: {cidr_block: 10.0.1.0/24}
          lab-b: {cidr_block: 10.0.2.0/24}
    security_groups:
      # `anywhere` is any IPv4 and any IPv6 address. For an office alone: source: 192.0.2.0/24.
      postgresql-anywhere:
        vpc: lab
        description: PostgreSQL from anywhere
        ingress:
          - {service: postgresql, source: anywhere}

  rds:
    instances:
      # The preset is the whole of it: the latest PostgreSQL on a db.t3.micro, public, with no backups. It is in the
      # default VPC, where the security group that the preset names is made too. Any attribute can be overridden here.
      analysis:
        preset: data-analysis
        # Where the password goes that is made for it. Nobody sees it on the way.
        store:
          pillar_file: {{ opts.pillar_roots.base[0] }}/private/databases.sls
          keys: {password: databases:analysis:password}
        # With `wait: 20m` the state would wait until it can be used. Without, it says that it is being created.

    clusters:
      # Aurora Serverless v2. It pauses, and costs only its storage, after an hour without connections. It has no public
      # address: `salt-call rds_cluster.connection_details common` gives the lines to reach it through a bastion.
      common:
        engine: aurora-postgresql
        engine_version: latest
        min_capacity: 0
        max_capacity: 2
        seconds_until_auto_pause: 3600
        data_api: True
        database: common
        backup_retention_period: 1
        vpc: lab
        vpc_security_groups: [postgresql-anywhere]
        store:
          pillar_file: {{ opts.pillar_roots.base[0] }}/private/databases.sls
          keys: {password: databases:common:password}
