# Which pillar each minion gets. A server's pillar has two halves that Salt merges: the public one can be shown to
# anybody, the private one holds what must stay between this folder and the server.
base:
  kingfisher-main:
    - public.kingfisher-main
    - private.kingfisher-main
  registry:
    - public.registry
    - private.registry
  cms:
    - public.cms
    - private.cms
  credere:
    - public.credere
    - private.credere
  docs:
    - public.docs
    - private.docs
  # The minion that manages the AWS account for all of them, and databases of nobody's in particular.
  control:
    - public.control
    - public.email
    - private.dns
    - public.databases
    - private.databases
