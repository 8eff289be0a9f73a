"""What mkdocs calls while it builds the site: the navigation, the lesson, the API's pages, links that leave docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import make_api
import make_lesson
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
ROOT = DOCS.parent
ROOT_PAGES = {"changelog.md": ROOT / "CHANGELOG.md", "contributing.md": ROOT / "CONTRIBUTING.md"}
GENERATED = {"lesson.md": "LeNet-5 in one sitting"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the navigation from docs/index.md: a section for each heading, a page for each link."""
    head, *sections = re.split(r"^## (.+)\n", (DOCS / "index.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    config.nav = [{"Start": ["index.md", *entries(head)]}]
    config.nav += [{title: entries(text)} for title, text in zip(sections[::2], sections[1::2], strict=True)]
    return config


def entries(text: str) -> list[Any]:
    """Return an entry of the navigation for each page that a part of the index links to."""
    links = dict.fromkeys(site_link(link) for link in re.findall(r"\]\(([^)#]+)\)", text))
    found: list[Any] = []
    for link in links:
        if link == "api.md":
            found += [{"API": link}, *({f"lenet.{name}": f"reference/{name}.md"} for name in make_api.modules())]
        elif not link.startswith("http"):
            found.append({title_of(link): link})
    return found


def title_of(link: str) -> str:
    """Return what the navigation calls a page: its heading, up to a colon."""
    path = ROOT_PAGES.get(link, DOCS / link)
    text = path.read_text(encoding="utf-8") if path.exists() else f"# {GENERATED[link]}"
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading[1].partition(":")[0] if heading else link


def site_link(link: str) -> str:
    """Return where on the site a link of docs/ leads, that may leave the folder."""
    if link == "lesson.ipynb":
        return "lesson.md"
    if link.startswith("../src/lenet/"):
        return f"reference/{Path(link.removesuffix('/__init__.py')).stem}.md"
    names = {f"../{path.name}": name for name, path in ROOT_PAGES.items()}
    return names.get(link, link)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that no file of docs/ holds: the lesson with what it prints and draws, the API, the changelog."""
    lesson, pictures = make_lesson.to_markdown(make_lesson.run(make_lesson.load()))
    heading, _, text = lesson.partition("\n\n")
    notebook = "[This lesson as a notebook](lesson.ipynb), to run and to change."
    lesson = f"---\nhide: [navigation]\n---\n\n{heading}\n\n{notebook}\n\n{text}"
    contents: dict[str, str | bytes] = {"lesson.md": lesson, **pictures}
    for name in make_api.modules():
        contents[f"reference/{name}.md"] = f"# lenet.{name}\n\n::: lenet.{name}\n"
    for name, path in ROOT_PAGES.items():
        contents[name] = followed(path.read_text(encoding="utf-8").replace("](docs/", "]("))
    for name, content in contents.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Turn links that leave docs/ into links of the site, and the names of the API's page into links."""
    here = page.file.src_uri
    if here == "lesson.md":  # which is the page of the notebook that it links to
        return markdown
    return followed(linked(markdown) if here == "api.md" else markdown)


def followed(markdown: str) -> str:
    """Turn links to what is another page on the site into links to it; what is not on the site keeps its words."""

    def follow(found: re.Match[str]) -> str:
        words, link, anchor = found.groups(default="")
        link = site_link(link)
        return words if link.startswith("../") else f"[{words}]({link}{anchor})"

    return re.sub(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#]+|lesson\.ipynb)(#[^)]*)?\)", follow, markdown)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Refuse a page that would load something from another host: who reads the docs tells nobody."""
    loads = re.findall(
        r"<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)", output
    )
    if loads:
        raise PluginError(f"{page.file.src_uri} loads {', '.join(loads)}")
    return output


def linked(markdown: str) -> str:
    """Make each name in the tables of docs/api.md a link to its docstring."""
    parts = re.split(r"^(## \[lenet\.(\w+)\].*)$", markdown, flags=re.MULTILINE)
    for k in range(1, len(parts), 3):
        module = parts[k + 1]
        link = rf"| \1[`\2`](reference/{module}.md#lenet.{module}.\2)\1 |"
        parts[k + 2] = re.sub(r"^\| (\**)`(\w+)`\** \|", link, parts[k + 2], flags=re.MULTILINE)
    return "".join(part for k, part in enumerate(parts) if k % 3 != 2)
