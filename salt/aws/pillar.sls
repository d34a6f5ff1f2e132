# Fails, with a sentence for each problem, when the pillar cannot be meant. The other files then render nothing.
aws-pillar:
  aws_account.pillar_valid: []
