"""PostgreSQL's HTML manual as rows: one JSON object a line on standard output.

    manual.py HTML_FOLDER > sections.jsonl

A row is a section, or a smaller piece that people look up by itself: a
configuration parameter, a function, a glossary term.  Sections longer than an
embedding sees are cut into pieces at paragraphs.  Standard library only.
"""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

PIECE_WORDS = 150       # some 240 tokens with the title: what the model is given

SECTION = re.compile(r"^(book|part|partintro|reference|refentry|chapter|appendix|preface|"
                     r"glossary|simplesect|(ref)?sect[1-5])$")
SKIPPED_CLASS = {"navheader", "navfooter", "toc", "footnotes", "titlepage-aux"}
SKIPPED_PAGE = {"index.html", "bookindex.html", "legalnotice.html"}
SKIPPED_TITLE = {"See Also", "Author", "Authors"}
BLOCK = {"p", "li", "dd", "dt", "pre", "tr", "div", "dl", "ul", "ol", "table"}
HEADING = {"h1", "h2", "h3", "h4", "h5", "h6"}
NUMBERING = re.compile(r"^((Part|Chapter|Appendix)\s+)?([A-Z]|[IVX]+|[0-9]+)(\.[0-9]+)*\.\s+")


class Unit:
    """A section or entry being read."""

    def __init__(self, kind, anchor, parent):
        self.kind, self.anchor, self.parent = kind, anchor, parent
        self.title = None
        self.blocks = []

    def path(self):
        unit, titles = self, []
        while unit:
            if unit.title:
                titles.append(unit.title)
            unit = unit.parent
        return titles[::-1]


class Page(HTMLParser):
    """One file: its units in order, and the page above it."""

    def __init__(self, name):
        super().__init__()
        self.name, self.up = name, None
        self.units, self.unit = [], None
        self.stack = []         # (tag, what to undo at its end)
        self.lists = []         # open <dl>s: the entry being read in each
        self.skip = 0
        self.text, self.verbatim = [], False

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        css, undo = attrs.get("class", ""), None
        if tag == "a" and attrs.get("accesskey") == "u":
            self.up = attrs["href"].partition("#")[0]
        if tag == "head" or css in SKIPPED_CLASS:
            self.flush()
            self.skip += 1
            undo = "skip"
        elif not self.skip:
            if tag in BLOCK or tag in HEADING:
                self.flush()
            if tag == "pre":
                self.verbatim = True
            if tag == "div" and SECTION.match(css):
                self.open(css, attrs.get("id"))
                undo = "unit"
            elif tag == "td" and css == "func_table_entry":
                self.open("function", None)
                undo = "unit"
            elif tag == "dl":
                self.lists.append(None)
            elif tag == "dt" and self.lists:
                self.open_entry(attrs.get("id"))
            elif tag == "code" and css == "function" and self.unit.kind == "function":
                undo = "name"
            elif tag == "br":
                self.text.append("\n")
        self.stack.append((tag, undo, len(self.text)))

    def handle_endtag(self, tag):
        opened, undo, start = self.stack.pop()
        if opened != tag:
            raise ValueError(f"{self.name}: <{opened}> closed by </{tag}>")
        if undo == "skip":
            self.skip -= 1
        if self.skip:
            return
        if undo == "name" and not self.unit.title:
            self.unit.title = "".join(self.text[start:]) + "()"
        if tag in HEADING or (tag == "dt" and self.lists and self.lists[-1]):
            self.take_title(tag)
        elif tag in ("td", "th"):
            self.text.append(" | ")
        elif tag in BLOCK:
            self.flush()
        if tag == "pre":
            self.verbatim = False
        if tag == "dl":
            if self.lists.pop():
                self.unit = self.unit.parent
        if undo == "unit":
            self.flush()
            self.unit = self.unit.parent

    def handle_data(self, data):
        if not self.skip:
            self.text.append(data)

    def open(self, kind, anchor):
        self.unit = Unit(kind, anchor, self.unit)
        self.units.append(self.unit)

    def open_entry(self, anchor):
        """<dt id=...>: a row of its own, until the next <dt> after its text."""
        entry = self.lists[-1]
        if entry and entry.blocks:
            self.unit, self.lists[-1] = entry.parent, None
        if anchor and not self.lists[-1]:
            self.open("entry", anchor)
            self.lists[-1] = self.unit

    def taken(self):
        text = "".join(self.text)
        self.text = []
        if self.verbatim:
            return text.strip("\n").rstrip()
        return re.sub(r"(\s*\|)+$", "", re.sub(r"\s+", " ", text).strip())

    def flush(self):
        text = self.taken()
        if text and self.unit:
            if self.unit.kind == "function" and not self.unit.title:
                self.unit.title = text      # an operator: its signature
            self.unit.blocks.append(text)

    def take_title(self, tag):
        text = NUMBERING.sub("", self.taken())
        if not self.unit or not text or text == "Synopsis":
            return
        if not self.unit.title:
            self.unit.title = text
        elif tag == "dt":       # a second name for the same entry
            self.unit.title += ", " + text
        else:
            self.unit.blocks.append(text)


def pieces(blocks):
    """Cut into pieces of like size: between paragraphs, else lines, sentences, words."""
    total = sum(len(block.split()) for block in blocks)
    target = total / -(-total // PIECE_WORDS)
    piece, size = "", 0
    for block in blocks:
        parts = [block]
        if len(block.split()) > target / 2:
            parts = block.splitlines(True) if "\n" in block else re.findall(r".+?[.:;](?:\s+|$)|.+", block)
        parts[-1] += "\n"
        for part in parts:
            words = part.split()
            for i in range(0, len(words), PIECE_WORDS):
                # All of it, or that many words of a table row without an end.
                chunk = part if len(words) <= PIECE_WORDS else " ".join(words[i:i + PIECE_WORDS])
                n = min(len(words) - i, PIECE_WORDS)
                if size and size + n / 2 > target:
                    yield piece.strip("\n")
                    piece, size = "", 0
                piece += chunk
                size += n
    if size:
        yield piece.strip("\n")


def kind_of(unit, part, chapter):
    if unit.kind == "function":
        return "function"
    if unit.kind == "entry":
        if chapter == "Glossary":
            return "term"
        return "parameter" if unit.anchor.startswith("GUC-") else "entry"
    if chapter == "Release Notes":
        return "release note"
    if part == "Reference":
        return "command" if chapter == "SQL Commands" else "program"
    return "section"


def main(folder):
    pages = {}
    for file in sorted(Path(folder).glob("*.html")):
        if file.name not in SKIPPED_PAGE:
            page = Page(file.name)
            page.feed(file.read_text(encoding="utf-8"))
            if page.units:
                pages[file.name] = page

    def above(page):
        """Titles of the pages over this one, the part first."""
        titles = []
        while (page := pages.get(page.up)) is not None:
            titles.insert(0, page.units[0].title)
        return titles

    number = 0
    for page in pages.values():
        titles = above(page)
        for unit in page.units:
            path = titles + unit.path()
            if not unit.blocks or not unit.title or unit.title in SKIPPED_TITLE:
                continue
            part, chapter = path[0], path[min(1, len(path) - 1)]
            title = unit.title if len(unit.title) <= 100 else unit.title[:99] + "…"
            if unit.kind.startswith("refsect"):
                title = f"{page.units[0].title}: {title}"
            cut = list(pieces(unit.blocks))
            for i, body in enumerate(cut, 1):
                number += 1
                meta = {"part": part, "chapter": chapter, "kind": kind_of(unit, part, chapter),
                        "words": len(body.split()),
                        "page": page.name + (f"#{unit.anchor}" if unit.anchor else "")}
                if len(cut) > 1:
                    meta["piece"], meta["pieces"] = i, len(cut)
                print(json.dumps({"id": number, "title": title, "path": " > ".join(path[:-1]),
                                  "body": body, "meta": meta}, ensure_ascii=False))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main(sys.argv[1])
