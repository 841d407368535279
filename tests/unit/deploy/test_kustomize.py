"""The part of kustomize that is understood, and that the rest is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeport.entry.deploy.errors import TemplateUnreadable
from homeport.entry.deploy.kustomize import build
from homeport.entry.deploy.merge_patch import merge
from homeport.entry.deploy.read_yaml import Document

POD = {"name": "one", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_generated_objects_have_the_names_that_kustomize_gives(tmp_path: Path) -> None:
    content: Document = {
        "configMapGenerator": [{"name": "plain", "literals": ["B=two & <three>", "A=ö"]}, {"name": "empty"}],
        "secretGenerator": [{"name": "sealed", "literals": ["KEY=value"]}],
    }
    made = {one["metadata"]["name"]: one for one in build(tmp_path, content)}
    assert set(made) == {"plain-6679tgm5gt", "empty-6ct58987ht", "sealed-9c56bf5695"}
    assert made["sealed-9c56bf5695"]["data"] == {"KEY": "dmFsdWU="}


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({"env": [{"name": "B", "value": "3"}]}, ["A=1", "B=3"]),
        ({"env": [{"name": "C", "value": "3"}]}, ["C=3", "A=1", "B=2"]),
        ({"env": [{"name": "A", "$patch": "delete"}]}, ["B=2"]),
        ({"env": [{"name": "Z", "$patch": "delete"}]}, ["A=1", "B=2"]),
        ({"env": None}, []),
        ({"name": "two"}, ["A=1", "B=2"]),
    ],
)
def test_named_items_are_merged_by_their_names(patch: dict[str, Any], result: list[str]) -> None:
    merged = merge(POD, patch)
    assert merged is not None
    assert [f"{one['name']}={one['value']}" for one in merged.get("env", [])] == result
    assert len(POD["env"]) == 2


def test_a_patch_may_delete_the_whole(tmp_path: Path) -> None:
    assert merge(POD, {"$patch": "delete"}) is None
    assert merge({"a": {"b": 1}, "c": 2}, {"a": {"$patch": "delete"}}) == {"c": 2}


def test_a_list_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(TemplateUnreadable, match="'hostAliases'"):
        merge({"hostAliases": [1]}, {"hostAliases": [2]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"namePrefix": "x-"}, "namePrefix"),
        ({"labels": [{"pairs": {"a": "b"}, "includeSelectors": True}]}, "pairs alone"),
        ({"configMapGenerator": [{"name": "x", "options": {}}]}, "options"),
        ({"configMapGenerator": [{"name": "x", "behavior": "merge"}]}, "not there to be merged"),
        ({"configMapGenerator": [{"name": "x"}, {"name": "x"}]}, "twice"),
        ({"configMapGenerator": [{"name": "x", "envs": ["broken.env"]}]}, "not NAME=value"),
        ({"configMapGenerator": [{"name": "x", "envs": ["none.env"]}]}, "cannot be read"),
        ({"patches": [{"patch": "kind: Pod\nmetadata: {name: x}\nspec: {}\n"}]}, "changes nothing"),
        ({"patches": [{"patch": "a: 1\n", "target": {"group": "apps"}}]}, "group"),
        ({"patches": [{"patch": "a: 1\n---\nb: 2\n"}]}, "2 documents"),
        ({"resources": ["list.yaml"]}, "something else than mappings"),
        ({"resources": ["wrong.yaml"]}, "is not YAML"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, content: Document, words: str) -> None:
    write(tmp_path, broken_env="NAME\n", list_yaml="[1]\n", wrong_yaml="a: [\n")
    with pytest.raises(TemplateUnreadable, match=words):
        build(tmp_path, content)


def test_a_component_changes_what_is_there_already(tmp_path: Path) -> None:
    component = tmp_path / "component"
    component.mkdir()
    write(
        component,
        kustomization_yaml="kind: Component\nconfigMapGenerator: [{name: x, behavior: merge, literals: [B=2]}]\n"
        "patches: [{patch: '{spec: {added: yes}}', target: {kind: Thing}}]\n",
    )
    write(tmp_path, thing_yaml="kind: Thing\nmetadata: {name: t}\nspec: {configMapRef: {name: x}}\n")
    content: Document = {
        "resources": ["thing.yaml"],
        "components": ["component"],
        "configMapGenerator": [],
    }
    with pytest.raises(TemplateUnreadable, match="not there to be merged"):
        build(tmp_path, content)
    base = tmp_path / "base"
    base.mkdir()
    write(base, kustomization_yaml="resources: [../thing.yaml]\nconfigMapGenerator: [{name: x, literals: [A=1]}]\n")
    made, thing = build(tmp_path, {**content, "resources": ["base"]})
    assert made["data"] == {"A": "1", "B": "2"}
    assert thing["spec"] == {"added": True, "configMapRef": {"name": made["metadata"]["name"]}}
