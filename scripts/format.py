#!/usr/bin/env python3
"""format.py [--check] FILE... -- PostgreSQL style, by clang-format and a rule.

PostgreSQL aligns names and comments in columns that clang-format cannot
express.  So blanks inside a line are the author's, and so are line breaks up
to column 100; indentation, braces and everything else are clang-format's.
Without --check the files are changed.
"""
import difflib
import re
import subprocess
import sys

LIMIT = 100


def squeeze(text):
    """A line without alignment, and without the blanks on which the two differ."""
    text = re.sub(r"\s+", " ", text.strip())
    return re.sub(r"(?<=[)\]]) (?=\()|(?<=\{) | (?=\})", "", text)


def keys(lines):
    """What is compared: the text, and its indentation unless it goes on from above."""
    depth, above, out = 0, "", []
    for line in lines:
        code = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/|\'(\\.|[^\'\\])\'', "", line).strip()
        goes_on = depth > 0 or re.search(r"([,?=|&+*/<>-]| :|\\)$", above)
        line = line.expandtabs(4)
        out.append(("" if goes_on else " " * (len(line) - len(line.lstrip()))) + squeeze(line))
        depth = max(0, depth + code.count("(") - code.count(")"))
        above = code if code and not re.match(r"[/ ]\*", code) else above
    return out


def tabs(line):
    """The indentation in tabs of four columns."""
    text = line.lstrip()
    width = len(line[:len(line) - len(text)].expandtabs(4))
    return "\t" * (width // 4) + " " * (width % 4) + text


def same_but_breaks(mine, theirs):
    """Whether only the line breaks after commas and operators differ."""
    def others(lines):
        return [squeeze(line)[-1:] for line in lines if not re.search(r"[,?:=(&|+*/-]\s*$", line)]
    return squeeze(" ".join(mine)) == squeeze(" ".join(theirs)) and others(mine) == others(theirs)


def formatted(lines, wanted):
    """lines, with those taken from wanted that differ in more than alignment."""
    out = []
    matcher = difflib.SequenceMatcher(None, keys(lines), keys(wanted), autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        macro = a < b and all(re.search(r"^#define|\\$", line) for line in lines[a:b])
        keep = tag == "equal" or macro or same_but_breaks(lines[a:b], wanted[c:d])
        out += lines[a:b] if keep else wanted[c:d]
    return [tabs(line.rstrip()) for line in out]


def main():
    check = sys.argv[1:2] == ["--check"]
    bad = 0
    for path in sys.argv[1 + check:]:
        with open(path) as f:
            lines = f.read().splitlines()
        wanted = subprocess.run([CLANG_FORMAT, path], check=True, capture_output=True, text=True)
        # MACRO(x)[i] at the start of a statement is not an attribute.
        wanted = re.sub(r"\)\n\s*\[", ")[", wanted.stdout)
        new = formatted(lines, wanted.splitlines())
        for i, line in enumerate(new, 1):
            if len(line.expandtabs(4)) > LIMIT:
                print(f"{path}:{i}: longer than {LIMIT} columns")
                bad += 1
        if new == lines:
            continue
        if check:
            bad += 1
            sys.stdout.writelines(difflib.unified_diff(
                [line + "\n" for line in lines], [line + "\n" for line in new], path, "formatted", n=0))
        else:
            with open(path, "w") as f:
                f.writelines(line + "\n" for line in new)
    return bad > 0


CLANG_FORMAT = "clang-format-14"
if __name__ == "__main__":
    sys.exit(main())
