"""Where secrets are kept: private pillar files, GPG, sdb."""
