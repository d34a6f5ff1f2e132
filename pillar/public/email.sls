# Email through SES, for the whole organization. It belongs to the control minion, which manages the account.
#
# `salt-call aws_email.plan` shows what follows from it. After `salt-call state.apply aws.account`, `salt-call aws_account.pending`
# lists what is left for people and DNS: records to add, links to follow, subscriptions to confirm.
aws:
  sns:
    topics:
      # Named after the address whose bounces and complaints it tells of. AWS asks each subscriber to confirm.
      noreply-example-org:
        subscriptions:
          - ops@example.org
      data-example-org:
        subscriptions:
          - data@example.org
          # Other protocols have an endpoint. A URL with a password belongs in private pillar:
          #
          # - protocol: https
          #   endpoint: https://hooks.example.org/ses

  ses:
    # SES keeps everything for each region by itself. An entry below can name another with `region`.
    region: us-east-1

    identities:
      # A domain that sends, and receives by SES: its inbound MX record is among those that
      # `salt-call ses_identity.dns_records noreply.example.org` shows.
      noreply.example.org:
        signing_key_length: RSA_2048_BIT
        # The envelope sender: a subdomain that sends and receives nothing else. It aligns SPF, for DMARC.
        mail_from: mail.noreply.example.org
        receives: True
      # A domain that only sends.
      data.example.org:
        signing_key_length: RSA_2048_BIT
      # Addresses. Their bounces and complaints go to a topic, with the headers of the mail that caused them.
      noreply@noreply.example.org:
        bounce_topic: noreply-example-org
        complaint_topic: noreply-example-org
        include_headers: True
        configuration_set: credere
      hello@noreply.example.org:
        bounce_topic: noreply-example-org
        complaint_topic: noreply-example-org
        include_headers: True
      data@data.example.org:
        bounce_topic: data-example-org
        complaint_topic: data-example-org
        include_headers: True

    # Addresses at a domain that receives by SES are verified without anybody reading the mail: once the inbound MX record is
    # in DNS, the mail is received into a bucket, which is made for that and goes again, and its link is opened.
    receiving:
      noreply@noreply.example.org:
        bucket: ocp-aws-verification

    configuration_sets:
      # What the topics above do not tell of.
      credere:
        event_destinations:
          credere-noreply:
            topic: noreply-example-org
            events:
              - RENDERING_FAILURE
              - REJECT
              - DELIVERY_DELAY

    smtp_users:
      # An IAM user that may send, and only from these addresses. Its user name and password go to the server's private
      # pillar, like the access keys for backups.
      credere-smtp:
        from_addresses:
          - noreply@noreply.example.org
        store:
          pillar_file: {{ opts.pillar_roots.base[0] }}/private/credere.sls
          keys:
            smtp_username: smtp:username
            smtp_password: smtp:password
            smtp_host: smtp:host
            smtp_port: smtp:port

    account:
      # Addresses that bounced or complained get no more mail. AWS's default; [] turns it off.
      suppression:
        - BOUNCE
        - COMPLAINT
      # Asked for once. Until AWS grants it, SES sends to verified addresses only.
      production_access:
        website_url: https://www.example.org
        mail_type: TRANSACTIONAL
        use_case: Password resets, and notices to people who asked for them, about 500 a day.
