"""What the tests remember of Salt's search for modules, and of what it compiles, is what it would find and make."""

import jinja2
import pytest
import salt.loader
import salt.loader.lazy

from tests.fixtures import loaders as remembering

SEARCH = salt.loader.lazy.LazyLoader._refresh_file_mapping


@pytest.mark.parametrize("kind", ["modules", "states", "utils", "serializers"])
def test_it_is_the_same(loaders, kind):
    loader = getattr(loaders, kind)
    loader._refresh_file_mapping()
    assert remembering._searched(loader) is not None
    remembered = loader.file_mapping, loader.suffix_map, loader.suffix_order
    assert remembered[0]
    SEARCH.__wrapped__(loader)
    assert remembered == (loader.file_mapping, loader.suffix_map, loader.suffix_order)


@pytest.mark.parametrize("steady", [True, False], ids=["in a folder that stays", "elsewhere"])
def test_a_file_that_is_added_is_found(tmp_path, monkeypatch, minion_opts, steady):
    if steady:
        monkeypatch.setattr(remembering, "_STEADY", (str(tmp_path.parent),))
    folder = tmp_path / "_modules"
    folder.mkdir()

    def found(**others):
        return salt.loader.minion_mods({**minion_opts, "module_dirs": [str(folder)], **others}).file_mapping

    assert "added" not in found()
    assert "added" not in found()
    (folder / "added.py").write_text("")
    assert found()["added"][0] == str(folder / "added.py")
    assert "added" not in found(disable_modules=["added"])
    (folder / "added.py").unlink()
    assert "added" not in found()


def test_a_module_that_is_written_anew_is_loaded_anew(tmp_path, minion_opts):
    folder = tmp_path / "_modules"
    folder.mkdir()
    for answer in ("first", "second"):
        (folder / "written.py").write_text(f"def said():\n    return {answer!r}\n")
        assert salt.loader.minion_mods({**minion_opts, "module_dirs": [str(folder)]})["written.said"]() == answer


def test_a_template_is_what_its_environment_makes_of_it():
    text = "{% if True %}\n{{ name|said }} {{ name is good }}{% endif %}"
    made = []
    for trim, said in ((False, str.upper), (False, str.lower), (True, str.upper)):
        environment = jinja2.Environment(trim_blocks=trim)  # noqa: S701 - no HTML
        environment.filters["said"] = said
        environment.tests["good"] = str.isupper
        made += [environment.from_string(text).render(name=name) for name in ("Ana", "BERTA")]
    assert made == ["\nANA False", "\nBERTA True", "\nana False", "\nberta True", "ANA False", "BERTA True"]
    with pytest.raises(jinja2.TemplateError, match="said"):
        jinja2.Environment().from_string(text).render(name="Ana")  # noqa: S701
