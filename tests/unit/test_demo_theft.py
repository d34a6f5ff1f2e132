"""The third scene of ``make demo``."""

import shutil

import yaml

from demo import theft
from tests.fixtures.sample import SAMPLE


def test_the_sample_pillar_has_the_comment_that_the_scene_uncomments(tmp_path):
    shutil.copytree(SAMPLE, tmp_path / "pillar")
    theft.keep_versions(tmp_path / "pillar")
    text = (tmp_path / "pillar" / "public" / f"{theft.SERVER}.sls").read_text()
    found = yaml.safe_load(text.replace("{{ opts.pillar_roots.base[0] }}", ""))
    assert found["aws"]["backup"]["recovery"] == {"days": 30}
