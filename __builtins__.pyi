# The names that Salt puts into the modules that it loads, for pyright.
# https://docs.saltproject.io/en/latest/topics/development/modules/developing.html#dunder-dictionaries
from typing import Any

__salt__: Any
__states__: Any
__opts__: Any
__pillar__: Any
__context__: Any
__grains__: Any
__instance_id__: Any
__lowstate__: Any
__running__: Any
